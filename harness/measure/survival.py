"""How long an agent goes on alone: until an intervention, a silent failure, or success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import stats

from harness.measure.intervals import Floats
from harness.measure.interventions import interventions
from harness.measure.metrics import is_silent_failure, is_verified
from harness.measure.state import Episode


class Ending(StrEnum):
    """What ended a stretch of work without a person."""

    INTERVENTION = "intervention"
    SILENT = "silent failure"
    SUCCESS = "success"
    CENSORED = "censored"
    """The limit came, or the agent gave up aloud and nobody came."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What an agent did from the start of an episode before the first of these came."""

    agent_actions: int
    baseline_s: float
    """The share of the baseline seconds that those actions are of all actions in the episode."""
    ending: Ending


@dataclass(frozen=True, slots=True, eq=False)
class Incidence:
    """Curves over the exposures at which something ended, which are ascending, (K,)."""

    exposure: Floats
    untouched: Floats
    """Kaplan-Meier share without intervention, anything else censored."""
    cumulative: dict[Ending, Floats]
    """Aalen-Johansen share that ended so by then; with the share still going on they add to 1."""


def stretch(episode: Episode) -> Stretch:
    """Return how far an agent came alone in an episode that ended."""
    touched = interventions(episode.all_contacts)
    is_silent = is_silent_failure(episode)
    if touched and not (is_silent and episode.committed_actions < touched[0].first_action):
        actions, ending = touched[0].first_action, Ending.INTERVENTION
    elif is_silent:
        actions, ending = episode.committed_actions, Ending.SILENT
    else:
        actions = episode.agent_actions
        ending = Ending.SUCCESS if is_verified(episode) else Ending.CENSORED
    share = actions / episode.n_steps if episode.n_steps else 0.0
    return Stretch(actions, share * episode.planned.human.seconds, ending)


def incidence(exposures: Floats, endings: Sequence[Ending]) -> Incidence:
    """Return how stretches end, as a function of exposure.

    Sources: Kaplan and Meier, 1958; Aalen and Johansen, 1978.

    Args:
        exposures: (N,) in agent actions or baseline seconds, as the curve is wanted.
        endings: of the same stretches.
    """
    ended = np.array([ending is not Ending.CENSORED for ending in endings], dtype=np.bool_)
    exposure = np.unique(exposures[ended])
    at_risk = np.array([np.sum(exposures >= at) for at in exposure], dtype=np.float64)
    ends = {
        ending: _counts(exposures, endings, ending, exposure)
        for ending in Ending
        if ending is not Ending.CENSORED
    }
    going_on = np.cumprod(1 - sum(ends.values(), np.zeros_like(at_risk)) / at_risk)
    before = np.concatenate(([1.0], going_on))[:-1]
    return Incidence(
        exposure,
        _untouched(exposures, endings, exposure),
        {ending: np.cumsum(before * count / at_risk) for ending, count in ends.items()},
    )


def median_exposure(curve: Incidence) -> float:
    """Return the exposure by which half would have been touched; NaN where fewer ever were."""
    reached = np.flatnonzero(curve.untouched <= 0.5)
    return float(curve.exposure[reached[0]]) if len(reached) else float("nan")


def _untouched(exposures: Floats, endings: Sequence[Ending], at: Floats) -> Floats:
    is_touched = np.array([ending is Ending.INTERVENTION for ending in endings], dtype=np.bool_)
    if not is_touched.any():
        return np.ones_like(at)
    sample = stats.CensoredData(exposures[is_touched], right=exposures[~is_touched])
    return np.asarray(stats.ecdf(sample).sf.evaluate(at), dtype=np.float64)


def _counts(exposures: Floats, endings: Sequence[Ending], kind: Ending, at: Floats) -> Floats:
    these = exposures[np.array([ending is kind for ending in endings], dtype=np.bool_)]
    return np.array([np.sum(these == each) for each in at], dtype=np.float64)
