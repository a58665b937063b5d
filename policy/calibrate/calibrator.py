"""All that turns what a policy says about itself into when it asks; saved beside its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from policy.calibrate.acceptance import Acceptance, Decisions, fit_acceptance
from policy.calibrate.evidence import SIGNS, Evidence, feature_matrix, side_matrices
from policy.calibrate.novelty import Novelty, Sides, fit_novelty
from policy.calibrate.thresholds import (
    ALWAYS,
    RiskBound,
    Verdicts,
    alarm_threshold,
    flag_threshold,
    risk_threshold,
)
from policy.errors import CheckpointError, DataError
from recorder.errors import ConfigError
from recorder.schema import Thresholds
from recorder.store import write_atomically

Floats = NDArray[np.float64]

CALIBRATOR_FILE = "calibrator.json"
FORMAT, VERSION = "understudy-calibrator", 2
_RESUME_ODDS = 2.0  # odds of acceptance at which controls go back, against those at which it asks
_QUANTILES = 401
_MOST_REFERENCE = 1500  # observations; more would cost more than they tell


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRules:
    """What the thresholds are to keep."""

    alarm_share: float = 0.05
    """Share of normal episodes that may be disturbed, by novelty and by risk together."""
    alpha: float = 0.02
    """Share of episodes that may have a wrong action that is not asked about."""
    delta: float = 0.1
    """Probability with which the promise of alpha may fail."""
    worth: float = 0.8
    """Probability of acceptance below which asking is worth its time, whatever was promised: a
    wrong action takes about five times as long to put right as an answer takes."""
    flagged: float = 0.95
    """Share of the episodes that go wrong on odd pages that are to be asked about in time, as far
    as `alarm_share` allows."""
    irreversible: float = 0.98
    """Probability of acceptance that what cannot be undone needs."""


@dataclass(frozen=True, slots=True)
class JudgedEpisode:
    """An episode kept out of training, with what a person would have said of each step."""

    evidence: Sequence[Evidence]
    """(T,)."""
    right: Sequence[bool]
    """(T,) whether a person would have accepted the action."""
    is_normal: bool
    """Reached its goal, so that asking would have been for nothing."""
    is_typical: bool = True
    """Played on a page as it usually is; the others only teach what being wrong looks like."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibrator:
    """Acceptance, novelty and thresholds of one model."""

    model_hash: str
    """SHA-256 of the weights that it belongs to."""
    acceptance: Acceptance
    novelty: Novelty
    thresholds: Thresholds
    risk: RiskBound
    """What acceptance alone can promise, and from which threshold on."""
    usual: tuple[float, ...]
    """Quantiles of acceptance on typical pages, from the lowest to the highest: for budgets."""

    def p_accept(self, found: Sequence[Evidence]) -> Floats:
        """Return the probability that a person would accept each decision, (N,).

        Raises:
            DataError: a feature is missing or not finite.
        """
        return self.acceptance.probabilities(feature_matrix(self.acceptance.names, found))

    def p_novelty(self, found: Sequence[Evidence]) -> Floats:
        """Return the conformal p-value of each observation, (N,).

        Raises:
            DataError: a side is missing, of another length, or not finite.
        """
        return self.novelty.p_values(side_matrices(found))

    def save(self, path: Path) -> None:
        """Write it as JSON, in one step."""
        body = {
            "format": FORMAT,
            "version": VERSION,
            "model_hash": self.model_hash,
            "acceptance": asdict(self.acceptance),
            "thresholds": asdict(self.thresholds),
            "risk": asdict(self.risk),
            "usual": self.usual,
            "novelty": self.novelty.to_json(),
        }
        write_atomically(path, json.dumps(body, indent=1).encode())

    @classmethod
    def load(cls, path: Path, model_hash: str) -> Calibrator:
        """Read the calibrator of the weights with this hash.

        Raises:
            CheckpointError: it belongs to other weights, or is torn or foreign.
        """
        try:
            found: Any = json.loads(path.read_bytes())
            if (found["format"], found["version"]) != (FORMAT, VERSION):
                raise CheckpointError(f"{path} is no calibrator that this understudy reads")
            if found["model_hash"] != model_hash:
                raise CheckpointError(
                    f"{path} was fitted to weights {found['model_hash'][:12]}, these are "
                    f"{model_hash[:12]}; run understudy calibrate again"
                )
            calibrator = cls(
                model_hash=model_hash,
                acceptance=msgspec.convert(found["acceptance"], Acceptance),
                novelty=Novelty.from_json(found["novelty"]),
                thresholds=msgspec.convert(found["thresholds"], Thresholds),
                risk=msgspec.convert(found["risk"], RiskBound),
                usual=msgspec.convert(found["usual"], tuple[float, ...]),
            )
        except (ValueError, KeyError, TypeError, OSError, ConfigError) as error:
            raise CheckpointError(f"{path} is damaged: {error}") from error
        calibrator.check(path)
        return calibrator

    def check(self, path: Path) -> None:
        """Refuse what would crash or mislead later.

        Raises:
            CheckpointError: parts do not fit each other, or a number is not finite.
        """
        parts = self.acceptance
        fields = (parts.centre, parts.scale, parts.surest, parts.weights)
        numbers = np.array([number for part in fields for number in part], np.float64)
        known = set(parts.names) <= set(SIGNS)
        if not known or any(len(part) != len(parts.names) for part in fields):
            raise CheckpointError(f"{path} is damaged: features and weights do not fit")
        signs = np.array([SIGNS[name] for name in parts.names])
        is_sound = (
            np.isfinite([*numbers, parts.bias, parts.slope, parts.shift]).all()
            and parts.slope >= 0
            and bool(np.all(signs * np.array(parts.weights) >= 0))
            and bool(np.all(np.array(parts.scale) > 0))
        )
        if not is_sound:
            raise CheckpointError(f"{path} is damaged: acceptance is not monotone or not finite")


def fit_calibrator(
    episodes: Sequence[JudgedEpisode], model_hash: str, rules: CalibrationRules | None = None
) -> Calibrator:
    """Fit to episodes that neither training nor any choice has seen.

    Acceptance is fitted on all of them, thresholds on what was said of each typical episode by a
    fit without it. Every other typical episode is reference for novelty, the rest its held-out
    observations.

    Raises:
        DataError: fewer than four episodes, or their evidence does not fit together.
    """
    rules = rules or CalibrationRules()
    # typical ones first, so that they can be told by their number
    kept = sorted((each for each in episodes if len(each.evidence)), key=_is_odd)
    usual = sum(each.is_typical for each in kept)
    if usual < 4:
        raise DataError(f"{usual} typical episodes with steps to calibrate on; allowed: 4 or more")
    found = [evidence for each in kept for evidence in each.evidence]
    lengths = [len(each.evidence) for each in kept]
    number = np.repeat(np.arange(len(kept)), lengths)
    right = np.array([flag for each in kept for flag in each.right], np.bool_)
    names = tuple(name for name in SIGNS if name in found[0].features)
    matrix = feature_matrix(names, found)
    fit = fit_acceptance(names, Decisions(matrix, right, number, number < usual))
    sides = side_matrices(found)
    novelty = _fitted_novelty(sides, number, usual)
    cuts = np.cumsum(lengths)[:-1]
    parts = (np.split(each, cuts) for each in (fit.held_out, novelty.p_values(sides), right))
    verdicts = [Verdicts(*each) for each in zip(*parts, strict=True)]
    risk = risk_threshold(verdicts[:usual], alpha=rules.alpha, delta=rules.delta)
    calm = [
        each if episode.is_normal else None
        for each, episode in zip(verdicts[:usual], kept, strict=False)
    ]
    odd = [float(each.acceptance.min()) for each in verdicts[usual:] if not each.right.all()]
    needed = max(risk.threshold, rules.worth, flag_threshold(np.array(odd), rules.flagged))
    return Calibrator(
        model_hash=model_hash,
        acceptance=fit.acceptance,
        novelty=novelty,
        thresholds=_thresholds(calm, needed, novelty, rules),
        risk=risk,
        usual=_quantiles(fit.held_out[number < usual]),
    )


def _quantiles(acceptance: Floats) -> tuple[float, ...]:
    found = np.quantile(acceptance, np.linspace(0, 1, _QUANTILES), method="inverted_cdf")
    return tuple(map(float, found))


def _is_odd(episode: JudgedEpisode) -> bool:
    return not episode.is_typical


def _fitted_novelty(sides: Sides, episode: NDArray[np.int64], usual: int) -> Novelty:
    """Fit to the first `usual` episodes, which are the typical ones."""
    known = np.flatnonzero((episode < usual) & (episode % 2 == 0))
    known = known[:: -(-len(known) // _MOST_REFERENCE)]
    held_out = np.flatnonzero((episode < usual) & (episode % 2 == 1))
    return fit_novelty(
        {name: values[known] for name, values in sides.items()},
        episode[known],
        {name: values[held_out] for name, values in sides.items()},
    )


def _thresholds(
    calm: Sequence[Verdicts | None], needed: float, novelty: Novelty, rules: CalibrationRules
) -> Thresholds:
    """Return thresholds from the verdicts on normal episodes; None stands for one that failed.

    It asks below `needed`, but for what would disturb too many of them.
    """
    half = rules.alarm_share / 2
    lowest = np.array([each.acceptance.min() for each in calm if each])
    # those of even number are the reference for novelty themselves: too near to it to count
    newest = np.array([each.novelty.min() for each in calm[1::2] if each])
    # where there are too few episodes to keep their share by, safety before peace
    ask = min(alarm_threshold(lowest, half) or ALWAYS, needed)
    farthest = 1.5 / (len(novelty.scores) + 1)  # just above the smallest p-value there is
    return Thresholds(
        ask_below=ask,
        resume_above=max(ask, _raised(min(ask, 1.0), _RESUME_ODDS)),
        novel_below=alarm_threshold(newest, half) or farthest,
        irreversible_below=max(ask, rules.irreversible),
    )


def _raised(probability: float, odds: float) -> float:
    return odds * probability / (1 - probability + odds * probability)
