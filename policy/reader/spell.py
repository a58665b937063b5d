"""From what the line reader says of frames to words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policy.reader.alphabet import BLANK, SPACE, character_of

ELLIPSIS = ("…", "...")
"""What looks the same, and what it is written as."""
_JOINED = 3.0  # nats that it costs to go from one character to another with nothing between


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


def spell(shares: NDArray[np.float32]) -> tuple[Spelled, ...]:
    """Return the words of a line, left to right.

    Args:
        shares: (F, classes) log probabilities of each frame; a character lasts as long as it is
            repeated.
    """
    runs = _runs(_path(shares), shares)
    words: list[list[_Run]] = [[]]
    for run in runs:
        if run.code == SPACE:
            words.append([])
        else:
            words[-1].append(run)
    pitch = _pitch([run for run in runs if run.code != SPACE])
    return tuple(
        Spelled(
            "".join(character_of(run.code) for run in word).replace(*ELLIPSIS),
            word[0].middle - pitch / 2,
            word[-1].middle + pitch / 2,
            min(run.probability for run in word),
        )
        for word in words
        if word
    )


def _path(shares: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the class of each frame, (F,).

    Frames that are not sure may each take one letter for another, so that "O" is read as "0O". So
    what lies between two blanks is judged as a whole.
    """
    codes = shares.argmax(axis=1)
    edges = np.flatnonzero(np.diff(codes != BLANK, prepend=False, append=False))
    for start, end in edges.reshape(-1, 2).tolist():
        classes = sorted({BLANK, *codes[start:end].tolist()})
        if len(classes) > 2:
            codes[start:end] = _likeliest(shares[start:end], classes)
    return codes


def _likeliest(shares: NDArray[np.float32], classes: list[int]) -> list[int]:
    """Return the likeliest way through some frames (Viterbi), `BLANK` being the first class."""
    first, *others = shares[:, classes].tolist()
    best, ways = first, [[code] for code in classes]
    for frame in others:
        top = max(range(len(classes)), key=best.__getitem__)
        joined = best[top] - _JOINED
        # from nothing to a character and back costs nothing
        other = 0 if best[0] > joined else top
        came = max(best[0], joined)
        origins = [top] + [
            place if best[place] >= came else other for place in range(1, len(classes))
        ]
        reached = [best[top]] + [max(score, came) for score in best[1:]]
        ways = [[*ways[origin], code] for origin, code in zip(origins, classes, strict=True)]
        best = [one + two for one, two in zip(reached, frame, strict=True)]
    return ways[max(range(len(classes)), key=best.__getitem__)]


def _runs(codes: NDArray[np.int64], shares: NDArray[np.float32]) -> list[_Run]:
    if not codes.size:
        return []
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(codes))
    return [
        _Run(code, (start + end) / 2, float(np.exp(shares[start:end, code].max())))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if (code := int(codes[start])) != BLANK
    ]


def _pitch(runs: list[_Run]) -> float:
    """Return how far characters of a line are apart, as a rule."""
    away = np.diff([run.middle for run in runs])
    return float(np.median(away)) if away.size else 6.0
