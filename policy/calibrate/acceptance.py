"""The probability that a person would accept a whole action, monotone in each of its features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from policy.calibrate.evidence import SIGNS
from policy.errors import DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_FOLDS = 5
_LEAST_SLOPE = 0.05  # below it, what ranks decisions would be thrown away
_SLOPE_PRECISION = 10.0  # of the prior on it; a few wrong decisions must not outweigh the ranking
_RIDGE = 1e-2  # of the mean loss; keeps weights finite where the classes part cleanly


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A logistic model with fixed signs, and a Platt scaling of what it says."""

    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    surest: tuple[float, ...]
    """The value of each standardised feature, times its sign, beyond which nothing gets surer."""
    weights: tuple[float, ...]
    bias: float
    slope: float
    """Of the Platt scaling; not negative."""
    shift: float

    def probabilities(self, features: Floats) -> Floats:
        """Return the probability of acceptance of each decision, (N,), from features (N, F)."""
        return expit(self.slope * self.scores(features) + self.shift)

    def scores(self, features: Floats) -> Floats:
        """Return what the logistic model says before scaling, (N,), from features (N, F)."""
        signs = _signs(self.names)
        ranked = signs * (features - np.array(self.centre)) / np.array(self.scale)
        # never surer than of anything that was seen when this was fitted
        ranked = np.minimum(ranked, np.array(self.surest))
        return ranked @ np.abs(np.array(self.weights)) + self.bias


class Fit(NamedTuple):
    """A fitted model, and what models fitted without an episode say about that episode."""

    acceptance: Acceptance
    held_out: Floats
    """(N,) probabilities for the decisions it was fitted on, out of fold."""


class Decisions(NamedTuple):
    """Held-out decisions to fit on."""

    features: Floats
    """(N, F)."""
    right: Flags
    """(N,) whether a person would have accepted."""
    episode: NDArray[np.int64]
    """(N,) which episode each is of."""
    typical: Flags
    """(N,) made on pages as they usually are; the others only teach what being wrong looks like."""


def fit_acceptance(names: Sequence[str], decisions: Decisions) -> Fit:
    """Fit on held-out decisions; folds are of whole episodes.

    The logistic model is fitted to all decisions, with each weight bounded to its feature's sign;
    the Platt scaling to typical ones, and to what models fitted without an episode say about it.
    Source: Platt, "Probabilistic outputs for support vector machines", 1999, with its smoothed
    targets, which keep a fit finite where every decision was right. A normal prior on the slope
    keeps the ranking where there is little to scale by.

    Args:
        names: F features, of `SIGNS`.
        decisions: what they were, and what came of them.

    Raises:
        DataError: a feature has no known sign, or fewer than two episodes are typical.
    """
    features, right, episode, typical = decisions
    strange = sorted(set(names) - set(SIGNS))
    if strange:
        raise DataError(f"no sign is known of features {strange}; allowed: {sorted(SIGNS)}")
    usual = len(np.unique(episode[typical]))
    if usual < 2:
        raise DataError(f"{usual} typical episodes to fit acceptance on; allowed: at least 2")
    known = np.unique(episode)
    fold = np.searchsorted(known, episode) % min(_FOLDS, len(known))
    raw = np.empty(len(right))
    scaled = np.empty(len(right))
    for number in np.unique(fold):
        inside = fold != number
        part = _logistic(names, features[inside], right[inside])
        raw[~inside] = part.scores(features[~inside])
    for number in np.unique(fold):
        inside = (fold != number) & typical
        slope, shift = _platt(raw[inside], right[inside])
        scaled[~inside] = expit(slope * raw[~inside] + shift)
    whole = _logistic(names, features, right)
    slope, shift = _platt(raw[typical], right[typical])
    return Fit(replace(whole, slope=slope, shift=shift), scaled)


def _logistic(names: Sequence[str], features: Floats, right: Flags) -> Acceptance:
    signs = _signs(names)
    centre = features.mean(axis=0)
    scale = np.maximum(features.std(axis=0), 1e-6)
    ranked = signs * (features - centre) / scale
    targets = _targets(right)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        score = ranked @ parameters[:-1] + parameters[-1]
        value = -np.mean(targets * log_expit(score) + (1 - targets) * log_expit(-score))
        error = (expit(score) - targets) / len(targets)
        slope = np.append(ranked.T @ error + 2 * _RIDGE * parameters[:-1], error.sum())
        return float(value + _RIDGE * np.sum(parameters[:-1] ** 2)), slope

    bounds = [(0.0, None)] * len(names) + [(None, None)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return Acceptance(
        names=tuple(names),
        centre=tuple(map(float, centre)),
        scale=tuple(map(float, scale)),
        surest=tuple(map(float, ranked.max(axis=0))),
        weights=tuple(map(float, signs * found.x[:-1])),
        bias=float(found.x[-1]),
        slope=1.0,
        shift=0.0,
    )


def _platt(score: Floats, right: Flags) -> tuple[float, float]:
    targets = _targets(right)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logit = parameters[0] * score + parameters[1]
        value = -np.mean(targets * log_expit(logit) + (1 - targets) * log_expit(-logit))
        error = (expit(logit) - targets) / len(targets)
        prior = _SLOPE_PRECISION * (parameters[0] - 1) / len(targets)
        value += prior * (parameters[0] - 1)
        return float(value), np.array([error @ score + 2 * prior, error.sum()])

    bounds = [(_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), float(found.x[1])


def _targets(right: Flags) -> Floats:
    good, bad = int(right.sum()), int((~right).sum())
    return np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))


def _signs(names: Sequence[str]) -> Floats:
    return np.array([SIGNS[name] for name in names], np.float64)
