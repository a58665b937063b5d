"""From what the line reader says of frames to words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policy.reader.alphabet import BLANK, SPACE, character_of


@dataclass(frozen=True, slots=True)
class Spelled:
    """A word, with its place in frames."""

    text: str
    first: float
    """Where it begins, in parts of frames."""
    end: float
    confidence: float
    """Probability of its least sure character."""


@dataclass(frozen=True, slots=True)
class _Run:
    code: int
    middle: float
    probability: float


def spell(codes: NDArray[np.int64], probabilities: NDArray[np.float32]) -> tuple[Spelled, ...]:
    """Return the words of a line, left to right.

    Args:
        codes: (F,) the likeliest class of each frame; a character is as long as it is repeated.
        probabilities: (F,) of it.
    """
    runs = _runs(codes, probabilities)
    words: list[list[_Run]] = [[]]
    for run in runs:
        if run.code == SPACE:
            words.append([])
        else:
            words[-1].append(run)
    pitch = _pitch([run for run in runs if run.code != SPACE])
    return tuple(
        Spelled(
            "".join(character_of(run.code) for run in word),
            word[0].middle - pitch / 2,
            word[-1].middle + pitch / 2,
            min(run.probability for run in word),
        )
        for word in words
        if word
    )


def _runs(codes: NDArray[np.int64], probabilities: NDArray[np.float32]) -> list[_Run]:
    if not codes.size:
        return []
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(codes))
    return [
        _Run(int(codes[start]), (start + end) / 2, float(probabilities[start:end].max()))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if codes[start] != BLANK
    ]


def _pitch(runs: list[_Run]) -> float:
    """Return how far characters of a line are apart, as a rule."""
    away = np.diff([run.middle for run in runs])
    return float(np.median(away)) if away.size else 6.0
