"""How many agents one person keeps going, and how long these wait for attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import ConfigError
from harness.measure.bootstrap import cluster_weights, percentile_interval
from harness.measure.intervals import Floats, Interval
from harness.measure.interventions import covered_ms, waits_s
from harness.measure.metrics import is_verified, on_duty_s, output_s, tallies
from harness.measure.state import Episode, Run

PRODUCTIVE_SHARE = 0.9
"""Of what one agent alone achieves; below it, agents wait for each other's help."""


@dataclass(frozen=True, slots=True)
class Waits:
    """How long agents that asked waited until a person turned to them, in seconds."""

    n: int
    median_s: float
    """NaN where nobody asked, like the next."""
    p95_s: float


@dataclass(frozen=True, slots=True)
class FanOut:
    """How productivity grows with the number of agents, and where it stops doing so."""

    productive: Mapping[int, Interval]
    """P(N) by N."""
    fo_90: Interval


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
    enough = PRODUCTIVE_SHARE * productive[1]
    return max(n for n, agents in productive.items() if agents / n >= enough)


def fan_out(shifts: Mapping[int, Run]) -> FanOut:
    """Return P(N) and FO_90 with their intervals, from one run for each number of agents.

    Tasks are the clusters, and the same ones are drawn for all N. Of a shift's length each task has
    its share by elapsed time.

    Raises:
        ConfigError: nobody was on duty in a shift, or none has one agent.
    """
    idle = [n for n, run in shifts.items() if not on_duty_s(run)]
    if idle or 1 not in shifts:
        raise ConfigError(
            f"a fan-out wants somebody on duty, and a shift with one agent; found N = "
            f"{sorted(shifts)}, without duty: {sorted(idle)}"
        )
    tasks = sorted({each.planned.task for run in shifts.values() for each in run.ended.values()})
    numbers = sorted(shifts)
    sums = {n: _by_task(shifts[n], tasks) for n in numbers}
    weights = cluster_weights(len(tasks))
    with np.errstate(divide="ignore", invalid="ignore"):  # a draw may hold no task of a shift
        drawn = {n: (weights @ worked) / (weights @ length) for n, (worked, length) in sums.items()}
    found = {n: float(worked.sum() / length.sum()) for n, (worked, length) in sums.items()}
    return FanOut(
        productive={n: percentile_interval(found[n], drawn[n]) for n in numbers},
        fo_90=percentile_interval(fan_out_90(found), _drawn_fan_out(drawn)),
    )


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


def _by_task(run: Run, tasks: Sequence[str]) -> tuple[Floats, Floats]:
    """Return productive seconds and seconds of the shift by task, both (T,)."""
    worked = dict.fromkeys(tasks, 0.0)
    for episode in run.ended.values():
        worked[episode.planned.task] += productive_s(episode)
    shares = {task: each.on_duty_s for task, each in tallies(run).items()}
    return (
        np.array([worked[task] for task in tasks]),
        np.array([shares.get(task, 0.0) for task in tasks]),
    )


def _drawn_fan_out(drawn: Mapping[int, Floats]) -> Floats:
    numbers = np.array(sorted(drawn), dtype=np.float64)
    each = np.array([drawn[int(n)] / n for n in numbers])  # (K, draws)
    keeps_up = each >= PRODUCTIVE_SHARE * drawn[1]
    most = np.max(np.where(keeps_up, numbers[:, None], 0.0), axis=0)
    return np.where(most > 0, most, np.nan)
