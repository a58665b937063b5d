"""When to ask: thresholds by a budget of help, a budget of alarms, or a bound on the risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALWAYS = 2.0  # above every probability
_GRID = np.append(ALWAYS, np.linspace(1, 0, 401))


@dataclass(frozen=True, slots=True)
class RiskBound:
    """P(an episode has a wrong action that was not asked about) ≤ alpha, but for a share delta."""

    threshold: float
    """Of acceptance; `ALWAYS` where nothing less could be certified."""
    alpha: float
    delta: float
    n: int
    """Episodes that it was fitted on."""


class Verdicts(NamedTuple):
    """What an episode would have asked about, and what went wrong in it."""

    acceptance: Floats
    """(T,) of each of its steps."""
    novelty: Floats
    """(T,) p-values."""
    right: Flags
    """(T,)."""


def alarm_threshold(lowest: Floats, share: float) -> float:
    """Return a threshold that a new episode's lowest value falls below with at most `share`.

    A split conformal quantile over episodes: with n of them, the k-th smallest value, where
    k = ⌊share · (n + 1)⌋; asks never (0) where n is too small for the share. Source: Vovk et al.,
    2005.

    Args:
        lowest: (n,) the lowest value of each normal episode.
        share: of normal episodes that may be disturbed.
    """
    rank = int(share * (len(lowest) + 1) + 1e-9)
    return float(np.sort(lowest)[rank - 1]) if rank >= 1 and len(lowest) else 0.0


def flag_threshold(lowest: Floats, share: float) -> float:
    """Return a threshold that a new episode's lowest value falls below with at least `share`.

    The upper split conformal quantile: just above the k-th smallest value of n, where
    k = ⌈share · (n + 1)⌉; 0 where n is too small for the share. Source: as above.

    Args:
        lowest: (n,) the lowest value of each failing episode, up to its first wrong action.
        share: of failing episodes that are to be asked about in time.
    """
    rank = int(np.ceil(share * (len(lowest) + 1) - 1e-9))
    return float(np.nextafter(np.sort(lowest)[rank - 1], 2)) if 1 <= rank <= len(lowest) else 0.0


def risk_threshold(
    episodes: Sequence[Verdicts], *, alpha: float = 0.1, delta: float = 0.1
) -> RiskBound:
    """Return the lowest threshold at which the risk is certified to be at most alpha.

    The risk is the probability that an episode has a wrong action at or above the threshold, which
    can only fall as the threshold rises. Thresholds are tested from the highest down, each at level
    delta by the exact binomial test (Clopper and Pearson, 1934), until one fails: the fixed
    sequence testing of Angelopoulos et al., "Learn then test", 2021. Over draws of n episodes, the
    promise fails with a probability of at most delta.
    """
    n = len(episodes)
    surest = np.array(
        [float(np.max(each.acceptance[~each.right], initial=-1.0)) for each in episodes]
    )
    # losses only grow on the way down, so that the first failure is where too many are reached
    most = int(np.sum(stats.binom.cdf(np.arange(n), n, alpha) <= delta)) - 1
    losses = np.sum(surest >= _GRID[:, None], axis=1)
    threshold = float(_GRID[losses <= most][-1]) if most >= 0 else ALWAYS
    return RiskBound(threshold, alpha, delta, n)
