"""How good a confidence is: calibration, ranking, and intervals that say how sure we are of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 15


class Interval(NamedTuple):
    """Where the true value lies with 95 % confidence."""

    low: float
    high: float


class Bin(NamedTuple):
    """Decisions of like confidence."""

    confidence: float
    """Mean."""
    right: float
    """Share."""
    n: int


def reliability(confidence: Floats, right: Flags, bins: int = BINS) -> list[Bin]:
    """Return bins of equal mass, least confident first; equal confidences share one.

    Args:
        confidence: (N,) probabilities of being right.
        right: (N,).
        bins: how many.
    """
    order = np.argsort(confidence, kind="stable")
    ranked = confidence[order]
    size = max(1, -(-len(order) // bins))
    # a cut within a tie moves to its start, or the order of equals would decide what is shown
    cuts = np.unique(np.searchsorted(ranked, ranked[size::size]))
    parts = [part for part in np.split(order, cuts) if len(part)]
    return [
        Bin(float(confidence[part].mean()), float(right[part].mean()), len(part)) for part in parts
    ]


def calibration_error(confidence: Floats, right: Flags, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal mass.

    Source: Nguyen and O'Connor, "Posterior calibration and exploratory analysis for natural
    language processing models", 2015; NaN of no decisions.
    """
    found = reliability(confidence, right, bins)
    total = sum(each.n for each in found)
    if not total:
        return float("nan")
    return sum(each.n * abs(each.confidence - each.right) for each in found) / total


def brier(confidence: Floats, right: Flags) -> float:
    """Return the mean squared error of the probabilities; source: Brier, 1950."""
    return float(np.mean((confidence - right) ** 2)) if len(right) else float("nan")


class RiskCoverage(NamedTuple):
    """Share of wrong decisions when only the most confident are kept."""

    coverage: Floats
    """(N,) k/N for k = 1 … N."""
    risk: Floats
    """(N,) share of those kept that are wrong."""


def risk_coverage(confidence: Floats, right: Flags) -> RiskCoverage:
    """Return the risk at each coverage; those of equal confidence count as drawn at random."""
    kept = np.arange(1, len(right) + 1)
    return RiskCoverage(kept / max(1, len(right)), np.cumsum(_errors(confidence, right)) / kept)


def aurc(confidence: Floats, right: Flags) -> float:
    """Return the area under the risk-coverage curve; 0 is best.

    Source: Geifman, Uziel and El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
    classifiers", 2019.
    """
    return float(np.mean(risk_coverage(confidence, right).risk)) if len(right) else float("nan")


def augrc(confidence: Floats, right: Flags) -> float:
    """Return the area under the generalised risk-coverage curve: kept *and* wrong, of all.

    Source: Traub et al., "Overcoming common flaws in the evaluation of selective classification
    systems", 2024.
    """
    curve = risk_coverage(confidence, right)
    return float(np.mean(curve.risk * curve.coverage)) if len(right) else float("nan")


def coverage_at(confidence: Floats, right: Flags, precision: float = 0.99) -> float:
    """Return the largest share of decisions above one threshold of which `precision` are right."""
    if not len(right):
        return float("nan")
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    is_cut = np.append(ranked[1:] != ranked[:-1], [True])  # no threshold parts equals
    share = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    good = np.flatnonzero(is_cut & (share >= precision))
    return float(good[-1] + 1) / len(right) if len(good) else 0.0


def failure_auroc(confidence: Floats, right: Flags) -> float:
    """Return the probability that a wrong decision is less confident than a right one.

    Ties count half; NaN where all are right or all are wrong.
    """
    if right.all() or not right.any():
        return float("nan")
    found = stats.mannwhitneyu(confidence[right], confidence[~right])
    return float(found.statistic) / (int(right.sum()) * int((~right).sum()))


def wilson(successes: int, n: int) -> Interval:
    """Return the 95 % interval of a share; source: Wilson, 1927.

    >>> wilson(97, 100).low > 0.91
    True
    """
    if not n:
        return Interval(0.0, 1.0)
    found = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    return Interval(float(found.low), float(found.high))


def over_episodes(
    statistic: Callable[[Floats, Flags], float],
    episodes: Sequence[tuple[Floats, Flags]],
    *,
    seed: int = 0,
    draws: int = 500,
) -> Interval:
    """Return the 95 % percentile interval of a statistic, drawing whole episodes anew.

    Decisions of one episode depend on each other, so that drawing decisions would be too sure.
    Source: Efron, 1979; Field and Welsh, "Bootstrapping clustered data", 2007.

    Args:
        statistic: of confidence and right, (N,) each.
        episodes: confidence and right of each.
        seed: of the draws.
        draws: how many.
    """
    if len(episodes) < 2:
        return Interval(float("nan"), float("nan"))

    def of_drawn(drawn: NDArray[np.int64]) -> float:
        return statistic(
            np.concatenate([episodes[i][0] for i in drawn]),
            np.concatenate([episodes[i][1] for i in drawn]),
        )

    found = stats.bootstrap(
        (np.arange(len(episodes)),),
        of_drawn,
        n_resamples=draws,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return Interval(float(found.confidence_interval.low), float(found.confidence_interval.high))


def _errors(confidence: Floats, right: Flags) -> Floats:
    # most confident first; within a tie, each stands for the mean of the tie
    values, place = np.unique(-confidence, return_inverse=True)
    wrong = np.bincount(place, weights=(~right).astype(float), minlength=len(values))
    mean = wrong / np.maximum(1, np.bincount(place, minlength=len(values)))
    return mean[np.sort(place)]
