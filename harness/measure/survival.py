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


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Limits of the share without intervention, (K,) each; NaN where there are none."""

    low: Floats
    high: Floats


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


def untouched_band(exposures: Floats, endings: Sequence[Ending], clusters: Sequence[str]) -> Band:
    """Return where the Kaplan-Meier share lies with 95 % confidence, at the exposures of its curve.

    The variance is Greenwood's, summed within clusters first because stretches of one task resemble
    each other; with one stretch in each it is Greenwood's own but for t_{T-1} and T/(T-1). The
    limits are those of log(-log S), which keeps them between 0 and 1; where nothing was touched
    yet, or all were, there are none.
    Sources: Greenwood, 1926; Kalbfleisch and Prentice, The Statistical Analysis of Failure Time
    Data, 1980, ch. 1, for log(-log S); Williams, "Product-limit survival functions with correlated
    survival times", 1995.

    Args:
        exposures: (N,) as in `incidence`.
        endings: of the same stretches.
        clusters: of the same stretches, their tasks.
    """
    at = incidence(exposures, endings).exposure
    share = _untouched(exposures, endings, at)
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    n = len(names)
    influence = np.zeros((n, len(at)))
    np.add.at(influence, member, _influence_on_log(exposures, endings, at))
    blank = np.full(len(at), np.nan)
    is_inside = (share > 0) & (share < 1)
    if n < 2:
        return Band(blank, blank.copy())
    log = np.log(share, where=is_inside, out=blank.copy())
    spread = np.sqrt(np.sum(influence**2, axis=0) * n / (n - 1)) / -log
    factor = np.exp(float(stats.t.ppf(0.975, n - 1)) * spread)
    return Band(np.exp(log * factor), np.exp(log / factor))


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


def _influence_on_log(exposures: Floats, endings: Sequence[Ending], at: Floats) -> Floats:
    """Return what each stretch adds to the logarithm of the Kaplan-Meier share, (N, K).

    The derivative by its weight: -Σ (dN - Y·d/Y.)/(Y. - d) up to each exposure.
    """
    is_touched = np.array([ending is Ending.INTERVENTION for ending in endings], dtype=np.bool_)
    is_there = exposures[:, None] >= at  # (N, K)
    touches = (exposures[:, None] == at) & is_touched[:, None]
    there, touched = is_there.sum(axis=0), touches.sum(axis=0)
    left = np.maximum(there - touched, 1)  # where none is left, the share is 0 and has no limits
    return -np.cumsum((touches - is_there * touched / there) / left, axis=1)
