"""How unlike the known screens an observation is, as a p-value."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from policy.errors import DataError

Floats = NDArray[np.float64]
Sides = Mapping[str, Floats]

_GRAIN = 1e-4  # of a side's length; well above what rounding in a network makes of one screen
_LEAST_GRAIN = 1e-6  # for a side that is zero throughout
_BLOCK = 256  # observations whose distances are in memory at once
_MOST_SIDES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of the known observations."""

    reference: Floats
    """(R, D)."""
    usual: Floats
    """Sorted distances that known observations keep to those of other episodes; R at most."""
    grain: float
    """Distances are told in multiples of it, so that rounding alone is no distance."""

    def strangeness(self, values: Floats, neighbour: int) -> Floats:
        """Return how rare the distance to the k-th nearest known observation is, (N,), in nats.

        Beyond all usual distances it goes on growing, by the logarithm of the distance.
        """
        found = np.empty(len(values))
        for start in range(0, len(values), _BLOCK):
            block = cdist(values[start : start + _BLOCK], self.reference)
            found[start : start + _BLOCK] = np.partition(block, neighbour - 1)[:, neighbour - 1]
        found = _rounded(found, self.grain)
        at_least = len(self.usual) - np.searchsorted(self.usual, found, side="left")
        farthest = max(float(np.max(self.usual, initial=0.0)), self.grain)
        beyond = np.where(at_least == 0, np.log1p(found / farthest), 0.0)
        return np.log((len(self.usual) + 1) / (at_least + 1)) + beyond


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """Split conformal p-values of the distance to known observations from the strangest side.

    The score of an observation is the largest of its strangenesses over all sides: ranks, so that
    a side that hardly ever varies does not outshout the others. Known observations and what is
    usual among them come from the reference alone, so that the score is the same function of each
    held-out observation and of a new one. Under exchangeability of these a p-value is therefore at
    most u with a probability of at most u, however many sides there are. Source: Vovk, Gammerman
    and Shafer, "Algorithmic learning in a random world", 2005; Bates et al., "Testing for outliers
    with conformal p-values", 2023.
    """

    sides: Mapping[str, Side]
    """At least one, all of the same R observations."""
    scores: Floats
    """(M,) sorted scores of held-out observations."""
    neighbour: int
    """k."""

    def p_values(self, found: Sides) -> Floats:
        """Return the p-value of each observation, (N,), from its sides (N, D_side).

        Sides that are not in the reference are not looked at.

        Raises:
            DataError: a side is missing, or not of the reference's length.
        """
        scores = _scores(self.sides, found, self.neighbour)
        at_least = len(self.scores) - np.searchsorted(self.scores, scores, side="left")
        return (1 + at_least) / (len(self.scores) + 1)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads; the reference with the digits of float32."""
        return {
            "neighbour": self.neighbour,
            "scores": self.scores.tolist(),
            "sides": {
                name: {
                    "shape": side.reference.shape,
                    "usual": side.usual.tolist(),
                    "grain": side.grain,
                    "reference": base64.b64encode(side.reference.astype("<f4").tobytes()).decode(),
                }
                for name, side in self.sides.items()
            },
        }

    @classmethod
    def from_json(cls, found: Any) -> Novelty:
        """Read what `to_json` returned; whatever else it is given, it raises.

        Raises:
            ValueError: parts are missing, do not fit each other, or are not finite.
        """
        saved = msgspec.convert(found, _Saved)
        sides = {name: side.read() for name, side in saved.sides.items()}
        scores = np.array(saved.scores, np.float64)
        known = {len(side.reference) for side in sides.values()}
        is_sound = (
            len(known) == 1
            and _are_names(sides)
            and 1 <= saved.neighbour <= min(known)
            and len(scores) > 0
            and _are_ranked(scores)
        )
        if not is_sound:
            raise ValueError("novelty's sides and scores do not fit")
        return cls(sides, scores, saved.neighbour)


@dataclass(frozen=True, slots=True)
class _SavedSide:
    shape: tuple[int, int]
    usual: list[float]
    grain: float
    reference: str

    def read(self) -> Side:
        raw = np.frombuffer(base64.b64decode(self.reference, validate=True), "<f4")
        if min(self.shape) < 1 or not np.isfinite(raw).all():
            raise ValueError(f"a side of shape {self.shape} is empty or not finite")
        usual = np.array(self.usual, np.float64)
        if not _LEAST_GRAIN <= self.grain < np.inf or not _are_ranked(usual):
            raise ValueError(f"a side has a grain of {self.grain}, or distances out of order")
        return Side(raw.reshape(self.shape).astype(np.float64), usual, self.grain)


@dataclass(frozen=True, slots=True)
class _Saved:
    neighbour: int
    scores: list[float]
    sides: dict[str, _SavedSide]


def fit_novelty(
    reference: Sides, episode: NDArray[np.int64], held_out: Sides, neighbour: int = 5
) -> Novelty:
    """Score held-out observations against known ones; the two must not share an episode.

    Args:
        reference: (R, D_side) for each side.
        episode: (R,) which episode each known observation is of.
        held_out: (M, D_side) for each side.
        neighbour: k; fewer where the reference is smaller.

    Raises:
        DataError: there is no side, one of them is empty, or names or lengths differ.
    """
    counts = [{len(values) for values in sides.values()} for sides in (reference, held_out)]
    if counts[0] != {len(episode)} or len(counts[1]) != 1 or 0 in counts[0] | counts[1]:
        raise DataError(
            f"known observations of {sorted(reference)}: {sorted(counts[0])}, held-out ones: "
            f"{sorted(counts[1])}; allowed: at least one side, and one observation of each"
        )
    if not _are_names(reference):
        raise DataError(f"sides {sorted(reference)}; allowed: {_MOST_SIDES} identifiers at most")
    neighbour = min(neighbour, len(episode))
    sides = {name: _fitted(values, episode, neighbour) for name, values in reference.items()}
    return Novelty(sides, np.sort(_scores(sides, held_out, neighbour)), neighbour)


def _fitted(reference: Floats, episode: NDArray[np.int64], neighbour: int) -> Side:
    # On a side that never varies whatever comes next is strange: a grain is far below any true
    # difference, and above that of rounding.
    length = float(np.sqrt(np.mean(np.sum(reference**2, axis=1))))
    grain = max(_GRAIN * length, _LEAST_GRAIN)
    others = _distances_to_other_episodes(reference, episode, neighbour)
    return Side(reference, np.sort(_rounded(others, grain)), grain)


def _rounded(distances: Floats, grain: float) -> Floats:
    return np.rint(distances / grain) * grain


def _are_ranked(values: Floats) -> bool:
    return bool(np.isfinite(values).all()) and bool(np.all(np.diff(values) >= 0))


def _distances_to_other_episodes(
    reference: Floats, episode: NDArray[np.int64], neighbour: int
) -> Floats:
    """Return the distance of each observation to the k-th nearest of other episodes.

    To the farthest of them where there are fewer; observations that have none are left out.
    """
    found = np.empty((len(reference), neighbour))
    for start in range(0, len(reference), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = cdist(reference[rows], reference)
        block[episode[rows, None] == episode] = np.inf
        found[rows] = np.partition(block, neighbour - 1)[:, :neighbour]
    found[np.isinf(found)] = -1.0
    farthest = found.max(axis=1)
    return farthest[farthest >= 0]


def _are_names(sides: Collection[str]) -> bool:
    return len(sides) <= _MOST_SIDES and all(name.isidentifier() for name in sides)


def _scores(sides: Mapping[str, Side], found: Sides, neighbour: int) -> Floats:
    wanted = {name: side.reference.shape[1] for name, side in sides.items()}
    given = {name: values.shape[1] for name, values in found.items() if name in wanted}
    if given != wanted:
        raise DataError(f"sides of lengths {given}; allowed: {wanted}")
    return np.max(
        [side.strangeness(found[name], neighbour) for name, side in sides.items()], axis=0
    )
