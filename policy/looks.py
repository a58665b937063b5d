"""Sides from which an observation can be looked at without any training, as short vectors.

A network seldom tells a page that it never saw from the ones that it knows. These say plainly what
differs: how the instruction is put, what stands on the screen, and how it is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Sequence
from functools import lru_cache
from math import ceil, log1p, sqrt
from statistics import median
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from policy.text import rank_said, split, word_row
from recorder.schema import Element

Vector = NDArray[np.float32]

TEMPLATE = 64
"""Length of `hash_template`."""
ELEMENTS = 25
"""Length of `count_roles`."""
PICTURE = 78
"""Length of `measure_picture`."""

_ROLES = 24
_ROWS, _COLUMNS = 7, 5
_MOST_PIXELS = 40_000
_LEVEL = 86  # parts a channel into three
_COLOURS = 27
_STEPS = (1, 4, 8, 16, 32, 64, 128)  # part differences of neighbours; doubling, as edges vary


def nothing() -> Vector:
    """Return what a side is that a policy does not see."""
    return np.zeros(0, np.float32)


# The instruction ----------------------------------------------------------------------------------


def hash_template(template: Collection[str]) -> Vector:
    """Return how an instruction is put, (TEMPLATE,), from its words without what they are about.

    Each word counts once, so that one more or less is as far in a long instruction as in a short
    one. Source of the signed hash: Weinberger et al., "Feature hashing for large scale multitask
    learning", 2009.
    """
    found = np.zeros(TEMPLATE, np.float32)
    for word in template:
        place, sign = _signed_place(word)
        found[place] += sign
    return found


def count_unknown(template: Collection[str], known: Container[int]) -> Vector:
    """Return how many words of an instruction's template are in none that was learned from, (1,).

    Args:
        template: of the instruction.
        known: `word_row` of all words of instructions that were learned from.
    """
    count = sum(word_row(word) not in known for word in template)
    return np.array([count], np.float32)


def template_of(goal: str, elements: Sequence[Element]) -> set[str]:
    """Return the words of an instruction without what changes from page to page.

    That is quoted words, numbers, and words on the screen.
    """
    said = split(goal)
    words = {word for word in said.folded if word[0].isalnum()}
    quoted = {word for word, within in zip(said.folded, said.quoted, strict=True) if within}
    left = {word for word in words - quoted if not _is_number(word)}
    for text in {text for each in elements for text in (each.name, each.text, each.value) if text}:
        shown = words.intersection(split(text).folded)
        # many pages show the instruction itself, and all of its words with it
        if 2 * len(shown) <= len(words):
            left -= shown
    return left


def _is_number(word: str) -> bool:
    return rank_said(word) is not None or any(character.isdigit() for character in word)


@lru_cache(maxsize=4096)
def _signed_place(word: str) -> tuple[int, int]:
    hashed = crc32(word.encode(errors="surrogatepass"))
    return hashed % TEMPLATE, 1 - 2 * (hashed >> 31)


# The elements -------------------------------------------------------------------------------------


def count_roles(elements: Sequence[Element]) -> Vector:
    """Return what stands on a screen, (ELEMENTS,): logarithms of counts and of a height."""
    counts = [0] * _ROLES
    for role, count in Counter(each.role for each in elements).items():
        counts[_role_place(role)] += count
    heights = [each.box[3] for each in elements]
    usual = log1p(max(median(heights), 0)) if heights else 0.0
    return np.array([*map(log1p, counts), usual], np.float32)


@lru_cache(maxsize=1024)
def _role_place(role: str) -> int:
    return crc32(role.encode(errors="surrogatepass")) % _ROLES


# The screen ---------------------------------------------------------------------------------------


def measure_screen(pixels: NDArray[np.uint8]) -> Vector:
    """Return how large a screen of pixels (H, W, 3) is, (2,): logarithms of height and width."""
    return np.log(np.maximum(pixels.shape[:2], 1)).astype(np.float32)


# The picture --------------------------------------------------------------------------------------


def measure_picture(pixels: NDArray[np.uint8]) -> Vector:
    """Return how a screen is drawn, (PICTURE,): where it is light, its colours, its edges.

    Mean grey of each cell of a grid of 7 rows and 5 columns; shares of 27 colours; shares of how
    much neighbours beside and above each other differ, which tell fonts and themes apart. No part
    is longer than 1. Of shares it is the root, so that what is rare counts too (Hellinger, 1909).

    Args:
        pixels: (H, W, 3) RGB; of a large screen only every n-th row and column is looked at.
    """
    height, width = pixels.shape[:2]
    stride = max(1, ceil(sqrt(height * width / _MOST_PIXELS)))
    red, green, blue = np.ascontiguousarray(pixels[::stride, ::stride].transpose(2, 0, 1))
    # green is most of what looks light; neighbours are true ones at any stride
    light = green if stride == 1 else pixels[..., 1]
    return np.concatenate(
        [
            _grid((red >> 2) + (green >> 1) + (blue >> 2)),
            _colours(red[::2], green[::2], blue[::2]),  # as good, and half the work
            _edges(light[::stride, :-1:stride], light[::stride, 1::stride]),
            _edges(light[:-1:stride, ::stride], light[1::stride, ::stride]),
        ]
    )


def _grid(grey: NDArray[np.uint8]) -> Vector:
    rows, columns = _means(grey.shape[0], _ROWS), _means(grey.shape[1], _COLUMNS)
    cells = rows @ grey.astype(np.float32) @ columns.T
    return (cells.ravel() / (255 * sqrt(_ROWS * _COLUMNS))).astype(np.float32)


@lru_cache(maxsize=32)
def _means(length: int, parts: int) -> Vector:
    """Return what takes the mean of each part, (parts, length); short ones share pixels."""
    taken = np.zeros((parts, length), np.float32)
    for part, row in enumerate(taken):
        start = part * length // parts
        end = max((part + 1) * length // parts, start + 1)
        row[start:end] = 1 / (end - start)
    return taken


def _colours(red: NDArray[np.uint8], green: NDArray[np.uint8], blue: NDArray[np.uint8]) -> Vector:
    first, second, third = (channel // _LEVEL for channel in (red, green, blue))
    place = (first * 3 + second) * 3 + third
    return _roots(np.bincount(place.ravel(), minlength=_COLOURS))


def _edges(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Vector:
    differs = np.maximum(first, second) - np.minimum(first, second)
    at_least = [differs.size, *(int(np.count_nonzero(differs >= step)) for step in _STEPS), 0]
    return _roots(-np.diff(np.array(at_least, np.int64)))


def _roots(counts: NDArray[np.int64]) -> Vector:
    return np.sqrt(counts / max(1, counts.sum())).astype(np.float32)
