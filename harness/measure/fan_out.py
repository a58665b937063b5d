"""How many agents one person keeps going, and how long these wait for attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from harness.measure.interventions import covered_ms, waits_s
from harness.measure.metrics import is_verified, output_s
from harness.measure.state import Episode


@dataclass(frozen=True, slots=True)
class Waits:
    """How long agents that asked waited until a person turned to them, in seconds."""

    n: int
    median_s: float
    """NaN where nobody asked, like the next."""
    p95_s: float


def productive_s(episode: Episode) -> float:
    """Return the seconds that an agent worked towards its output: not asking, not held.

    0 where it had no output. From a request to the release counts as not working.
    """
    if episode.end is None or not is_verified(episode) or output_s(episode) <= 0:
        return 0.0
    stops = [
        (each.notice_ms if each.request_ms is None else each.request_ms, each.release_ms)
        for each in episode.all_contacts
    ]
    return (episode.end.t_ms - episode.start_ms - covered_ms(stops)) / 1000


def productive_agents(episodes: Iterable[Episode], shift_s: float) -> float:
    """Return P(N), agents that were productive at any moment of a shift, on average.

    Args:
        episodes: of the N agents in that shift.
        shift_s: its length in seconds, above 0.
    """
    return sum(map(productive_s, episodes)) / shift_s


def fan_out_90(productive: Mapping[int, float]) -> int:
    """Return FO_90, the most agents of which each is at least 90 % as productive as one alone.

    Raises:
        KeyError: a shift with one agent is missing.

    >>> fan_out_90({1: 0.9, 2: 1.8, 4: 3.3, 8: 4.0})
    4
    """
    return max(n for n, agents in productive.items() if agents / n >= 0.9 * productive[1])


def waits(episodes: Iterable[Episode]) -> Waits:
    """Return how long help requests that were answered had waited."""
    seconds = [wait for episode in episodes for wait in waits_s(episode.all_contacts)]
    if not seconds:
        return Waits(0, float("nan"), float("nan"))
    median, p95 = np.quantile(seconds, [0.5, 0.95])
    return Waits(len(seconds), float(median), float(p95))


def expected_fan_out(neglect_s: float, interaction_s: float) -> float:
    """Return NT/IT + 1, which knows no waiting; to be printed beside the curve, never alone.

    Source: Olsen and Wood, "Fan-out: measuring human control of multiple robots", 2004.

    >>> expected_fan_out(60, 15)
    5.0
    """
    return neglect_s / interaction_s + 1
