"""How good an agent is at knowing when to ask, held against how it fares when nobody comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

import numpy as np

from harness.measure.events import PlannedEpisode
from harness.measure.intervals import Estimate, share
from harness.measure.metrics import is_verified
from harness.measure.state import Episode, Run


class Fork(NamedTuple):
    """One episode, once with a person to ask and once without."""

    planned: PlannedEpisode
    is_alarmed: bool
    """It asked, or a rule did on its behalf."""
    fails_alone: bool
    lead_s: float
    """From its first request to where it goes wrong alone; NaN where one of them is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """How often an agent asks in vain, and fails without asking; tasks are clusters."""

    episodes: int
    """Played both ways."""
    alarmed: int
    failing: int
    """That fail alone."""
    false_share: Estimate | None
    """Of those alarmed, how many succeed alone; None where none was alarmed."""
    missed_share: Estimate | None
    """Of those that fail alone, how many were not alarmed; None where none fails."""
    lead_s: float
    """Median seconds from a needed alarm to the failure that comes without it; NaN without any."""


def alarms(asking: Run, unaided: Run) -> Alarms | None:
    """Return how right an agent's first requests are; None where no episode was played both ways.

    Up to its first request an agent that goes by what it sees and by the episode's seed acts as it
    does where nobody can be asked. So the same episode played unaided is what a fork at that
    request would come to, each time that it was made.

    Args:
        asking: the run in which somebody comes.
        unaided: the same agent on the same plan, where it never asks.
    """
    keys = sorted(asking.ended.keys() & unaided.ended.keys())
    forks = [_fork(asking.ended[key], unaided.ended[key]) for key in keys]
    if not forks:
        return None
    alarmed = [fork for fork in forks if fork.is_alarmed]
    failing = [fork for fork in forks if fork.fails_alone]
    leads = [fork.lead_s for fork in alarmed if fork.fails_alone]
    return Alarms(
        episodes=len(forks),
        alarmed=len(alarmed),
        failing=len(failing),
        false_share=_share(alarmed, [not fork.fails_alone for fork in alarmed]),
        missed_share=_share(failing, [not fork.is_alarmed for fork in failing]),
        lead_s=median(leads) if leads else float("nan"),
    )


def _fork(asking: Episode, unaided: Episode) -> Fork:
    fails = not is_verified(unaided)
    asked_ms = min((each.t_ms for each in asking.requests), default=None)
    lead_s = float("nan")
    if fails and asked_ms is not None:
        assert unaided.end
        wrong_ms = unaided.end.t_ms if unaided.committed_ms is None else unaided.committed_ms
        lead_s = (wrong_ms - unaided.start_ms - (asked_ms - asking.start_ms)) / 1000
    return Fork(asking.planned, asked_ms is not None, fails, lead_s)


def _share(forks: Sequence[Fork], are_so: Sequence[bool]) -> Estimate | None:
    if not forks:
        return None
    tasks = sorted({fork.planned.task for fork in forks})
    places = [tasks.index(fork.planned.task) for fork in forks]
    counts, of = np.zeros(len(tasks)), np.zeros(len(tasks))
    np.add.at(counts, places, are_so)
    np.add.at(of, places, 1)
    return share(counts, of)
