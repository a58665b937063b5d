"""How sure a figure is: 95 % intervals over clusters, which are tasks, or training seeds.

Episodes of one task resemble each other, so that intervals over episodes would be far too narrow.
Arrays are (T,), one number per cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

FEW = 10
"""Events below which the normal approximation of their number is not to be trusted."""
NONE_SEEN = 3.0
"""Upper 95 % bound of the mean of a Poisson number of which none was seen, -ln 0.05."""
_TAIL = 0.025
_NORMAL = float(stats.norm.ppf(1 - _TAIL))


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and where its true value lies with 95 % confidence; NaN with one cluster only."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A figure of which only a lower bound is known, at 95 % confidence."""

    low: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """A figure of which only an upper bound is known, at 95 % confidence."""

    high: float


Estimate: TypeAlias = Interval | AtLeast | AtMost


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """How often something happened in each cluster, and what one of them counts."""

    counts: Floats
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PerEvent:
    """Output for each weighted event; several kinds of events add up."""

    outputs: Floats
    events: tuple[Events, ...]

    @property
    def weighted(self) -> Floats:
        """Weighted events of each cluster."""
        return np.sum([each.counts * each.weight for each in self.events], axis=0)

    @property
    def is_plentiful(self) -> bool:
        """True where every kind that counts was seen often enough for a normal approximation."""
        return all(each.counts.sum() >= FEW for each in self.events if each.weight)


def ratio(numerators: Floats, denominators: Floats) -> Interval:
    """Return ΣO/ΣI by linearisation of its logarithm.

    R·exp(± t_{T-1}·SE), z_i = O_i/Ō - I_i/Ī, SE = √(Σz²/(T(T-1))). NaN limits with one cluster.
    Source: Cochran, Sampling Techniques, 1977, ch. 6.

    Raises:
        ValueError: either sum is not positive.
    """
    if numerators.sum() <= 0 or denominators.sum() <= 0:
        raise ValueError("a ratio by linearisation wants two positive sums")
    value = float(numerators.sum() / denominators.sum())
    return _around(value, _influence(numerators, denominators))


def paired_ratio(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> Interval:
    """Return R_A/R_B of two ratios on the same clusters in the same order: z_i = z_i^A - z_i^B.

    Raises:
        ValueError: one of the sums is not positive.
    """
    ratio_a, ratio_b = ratio(*a), ratio(*b)
    return _around(ratio_a.value / ratio_b.value, _influence(*a) - _influence(*b))


def signed_ratio(numerators: Floats, denominators: Floats) -> Interval:
    """Return ΣO/ΣI where single numerators, or their sum, may be negative.

    R ± t_{T-1}·√(T/(T-1)·Σ(O_i - R·I_i)²)/ΣI. Source: Cochran, 1977, ch. 6.

    Raises:
        ValueError: the denominators do not add up to a positive number.
    """
    whole, n = float(denominators.sum()), len(denominators)
    if whole <= 0:
        raise ValueError("a ratio wants a positive sum of denominators")
    value = float(numerators.sum()) / whole
    left = numerators - value * denominators
    error = _t(n) * float(np.sqrt(left @ left * n / (n - 1))) / whole if n > 1 else float("nan")
    return Interval(value, value - error, value + error)


def event_rate(events: Sequence[Events], exposures: Floats) -> Estimate:
    """Return weighted events per unit of exposure.

    Linearised where every kind was seen at least `FEW` times. A rarer kind has an over-dispersed
    Gamma interval, and kinds are added by the square-and-add rule with the correlation that they
    show, since a kind that was not seen may still happen. Where nothing at all was seen, an upper
    bound.
    Sources: Garwood, 1936; Zou and Donner, "Construction of confidence limits about effect
    measures", 2008.

    Raises:
        ValueError: there was no exposure.
    """
    total = float(exposures.sum())
    if total <= 0:
        raise ValueError("a rate wants a positive exposure")
    kept = [each for each in events if each.weight]
    if not any(each.counts.sum() for each in kept):
        return AtMost(NONE_SEEN * max(each.weight for each in kept) / total)
    sample = PerEvent(exposures, tuple(kept))
    if sample.is_plentiful:
        return ratio(sample.weighted, exposures)
    return _added(kept, exposures)


def share(counts: Floats, of: Floats) -> Estimate:
    """Return what share of so many per cluster are counted, from 0 to 1.

    Whichever is rarer, those counted or the others, are events: of rare events the interval is the
    safer one, and where there was none a bound is all that is known.

    Raises:
        ValueError: there is nothing to take a share of.
    """
    if 2 * counts.sum() < of.sum():
        return _within(event_rate([Events(counts)], of))
    match _within(event_rate([Events(of - counts)], of)):
        case AtMost(high):
            return AtLeast(1 - high)
        case AtLeast(low):
            return AtMost(1 - low)
        case Interval(value, low, high):
            return Interval(1 - value, 1 - high, 1 - low)


def _within(rate: Estimate) -> Estimate:
    """Return a rate as a share: none is above 1 or below 0."""
    match rate:
        case AtMost(high):
            return AtMost(min(1.0, high))
        case AtLeast(low):
            return AtLeast(min(1.0, low))
        case Interval(value, low, high):
            return Interval(value, max(0.0, low), min(1.0, high))


def per_event(sample: PerEvent) -> Estimate:
    """Return output per weighted event; a lower bound where there was no event.

    Raises:
        ValueError: there was no output.
    """
    return inverse(event_rate(sample.events, sample.outputs))


def paired_per_event(a: PerEvent, b: PerEvent) -> Estimate:
    """Return how many times the output per event of B that of A is, on the same clusters.

    Linearised where events are plentiful; otherwise from the two intervals, as if they were
    independent, which is wider than need be.
    Source: Zou and Donner, 2008, for the logarithm of a ratio.

    Raises:
        ValueError: one of them has no output.
    """
    if a.is_plentiful and b.is_plentiful:
        return paired_ratio((a.outputs, a.weighted), (b.outputs, b.weighted))
    of_a, of_b = per_event(a), per_event(b)
    match of_a, of_b:
        case Interval(), Interval():
            below = np.hypot(np.log(of_a.value / of_a.low), np.log(of_b.high / of_b.value))
            above = np.hypot(np.log(of_a.high / of_a.value), np.log(of_b.value / of_b.low))
            value = of_a.value / of_b.value
            return Interval(value, float(value * np.exp(-below)), float(value * np.exp(above)))
        case AtLeast(), Interval():
            return AtLeast(of_a.low / of_b.high)
        case Interval(), AtLeast():
            return AtMost(of_a.high / of_b.low)
        case _:
            return AtLeast(0.0)  # neither had an event: they cannot be told apart


def inverse(estimate: Estimate) -> Estimate:
    """Return 1/x.

    >>> inverse(AtMost(0.5))
    AtLeast(low=2.0)
    """
    match estimate:
        case Interval(value, low, high):
            return Interval(1 / value, 1 / high, 1 / low)
        case AtMost(high):
            return AtLeast(1 / high)
        case AtLeast(low):
            return AtMost(1 / low)


def level(estimate: Estimate) -> float:
    """Return a figure's value, or its bound where only that is known.

    >>> level(AtLeast(3.0))
    3.0
    """
    match estimate:
        case Interval(value, _, _):
            return value
        case AtLeast(low):
            return low
        case AtMost(high):
            return high


def total(values: Floats) -> Interval:
    """Return the sum over clusters, Σx ± t_{T-1}·√(T/(T-1)·Σ(x-x̄)²)."""
    n = len(values)
    spread = _t(n) * np.sqrt(n) * np.std(values, ddof=1) if n > 1 else np.nan
    value = float(values.sum())
    return Interval(value, float(value - spread), float(value + spread))


def few(counts: Floats, exposures: Floats) -> Interval:
    """Return events per unit of exposure where they are few, zero included.

    λ from χ²_{.025; 2k}/2E to χ²_{.975; 2k+2}/2E, each limit moved away on a logarithmic scale by
    √φ, and by as much as t_{T-1} is wider than a normal limit because φ is an estimate. φ is the
    variance between clusters over that of a Poisson number, at least 1: the sum of squares of
    k_i - λE_i over that of λE_i, so that a cluster without exposure does no harm.
    Source: Garwood, 1936; McCullagh and Nelder, Generalized Linear Models, 1989, ch. 6.2.
    """
    k, exposure, n = float(counts.sum()), float(exposures.sum()), len(counts)
    lower, upper = _poisson_limits(k)
    if not k:
        return Interval(0.0, 0.0, upper / exposure)
    left = counts - exposures * k / exposure
    spread = np.sqrt(max(1.0, float(left @ left) / k * n / (n - 1))) if n > 1 else np.nan
    wider = spread * _t(n) / _NORMAL
    low, high = k * (lower / k) ** wider, k * (upper / k) ** wider
    return Interval(k / exposure, float(low / exposure), float(high / exposure))


def poisson(count: float, exposure: float) -> Interval:
    """Return independent events per unit of exposure, within one cluster. Source: Garwood, 1936.

    Raises:
        ValueError: there was no exposure.
    """
    if exposure <= 0:
        raise ValueError("a rate wants a positive exposure")
    lower, upper = _poisson_limits(float(count))
    return Interval(count / exposure, lower / exposure, upper / exposure)


def _kind_rate(counts: Floats, exposures: Floats) -> Interval:
    return ratio(counts, exposures) if counts.sum() >= FEW else few(counts, exposures)


def _added(events: Sequence[Events], exposures: Floats) -> Interval:
    rates = [_kind_rate(each.counts, exposures) for each in events]
    weights = np.array([each.weight for each in events])
    value, low, high = (weights[:, None] * [(r.value, r.low, r.high) for r in rates]).T
    together = _agreement(events, exposures)
    below, above = value - low, high - value
    whole = float(value.sum())
    lowest = whole - float(np.sqrt(below @ together @ below))
    highest = whole + float(np.sqrt(above @ together @ above))
    # below the sum of all lower limits there is only rounding
    return Interval(whole, max(lowest, float(low.sum())), highest)


def _agreement(events: Sequence[Events], exposures: Floats) -> Floats:
    """Return how far kinds come together, (K, K): correlations over clusters, none below 0."""
    left = np.array(
        [each.counts - exposures * each.counts.sum() / exposures.sum() for each in events]
    )
    size = np.sqrt(np.sum(left**2, axis=1))
    size[size == 0] = np.inf  # what does not vary comes together with nothing
    found = np.clip((left / size[:, None]) @ (left / size[:, None]).T, 0, 1)
    np.fill_diagonal(found, 1)
    return found


def _influence(numerators: Floats, denominators: Floats) -> Floats:
    return numerators / numerators.mean() - denominators / denominators.mean()


def _around(value: float, influence: Floats) -> Interval:
    n = len(influence)
    error = float(np.sqrt(influence @ influence / (n * (n - 1)))) if n > 1 else float("nan")
    factor = float(np.exp(_t(n) * error))
    return Interval(value, value / factor, value * factor)


@cache
def _poisson_limits(k: float) -> tuple[float, float]:
    lower = float(stats.chi2.ppf(_TAIL, 2 * k)) / 2 if k else 0.0
    return lower, float(stats.chi2.ppf(1 - _TAIL, 2 * k + 2)) / 2


@cache
def _t(n: int) -> float:
    return float(stats.t.ppf(1 - _TAIL, n - 1)) if n > 1 else float("nan")
