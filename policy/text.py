"""Words of goals and elements in one space of byte n-grams, and how well they match.

Words are compared by their n-grams themselves, before any learned projection, so that a word that
was never seen in training still matches itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate, pairwise
from math import sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from policy.actions import words

TABLE = 4096
"""Rows of the hash table; row 0 stands for nothing."""
WORD_GRAMS = 12
"""Most n-grams kept of one word."""
_GRAM = 3
_ALIKE = 0.3  # words less alike than this are not alike at all


class Match(IntEnum):
    """In what way an element and a word of the goal belong together."""

    EXACT = 0  # the word is in the element's text or name, in any case
    CASED = 1  # the same, letter by letter
    FUZZY = 2  # cosine of the n-grams of the most alike word
    PHRASE = 3  # all of the element's text stands in the goal, and the word is part of it
    QUOTED = 4  # and that is all there is between two quotation marks
    ROLE = 5  # the word is like the element's role
    VALUE = 6  # the word is in the field already
    RANK = 7  # the word is a number, and the element is that many-th of its role


Floats = NDArray[np.float32]
Grams = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Words:
    """A text cut into words and single punctuation marks."""

    written: tuple[str, ...]
    folded: tuple[str, ...]
    """Without case."""
    spans: tuple[tuple[int, int], ...]
    """(start, end) of each, in characters."""
    quotes: tuple[int, ...]
    """In the how-manieth quotation each stands, from 1; 0 for none."""

    @property
    def quoted(self) -> tuple[bool, ...]:
        """Which stand between quotation marks."""
        return tuple(quote > 0 for quote in self.quotes)


@lru_cache(maxsize=16_384)
def split(text: str) -> Words:
    """Return the words of a text.

    >>> split('Click "ONE".').folded
    ('click', '"', 'one', '"', '.')
    """
    spans = tuple(words(text))
    written = tuple(text[start:end] for start, end in spans)
    marks = tuple(accumulate(word in {'"', "\u201c", "\u201d"} for word in written))
    if marks and marks[-1] % 2:  # a mark too many: nothing can be said of any of them
        marks = (0,) * len(written)
    quotes = tuple(
        (count + 1) // 2 if count % 2 and count == before else 0
        for before, count in pairwise((0, *marks))
    )
    return Words(written, tuple(word.casefold() for word in written), spans, quotes)


@lru_cache(maxsize=65_536)
def grams(word: str) -> tuple[int, ...]:
    """Return rows of the hash table for a word without case: itself, then its byte n-grams."""
    marked = f"<{word}>".encode()
    pieces = (marked[start : start + _GRAM] for start in range(max(1, len(marked) - _GRAM + 1)))
    rows = [1 + crc32(piece) % (TABLE - 1) for piece in (marked, *pieces)]
    return tuple(dict.fromkeys(rows))


@lru_cache(maxsize=262_144)
def likeness(one: str, two: str) -> float:
    """Return the cosine of two words' n-grams, from 0 to 1; 0 below a floor.

    >>> likeness("submit", "submit"), likeness("submit", "cancel")
    (1.0, 0.0)
    """
    if one == two:
        return 1.0
    first, second = set(grams(one)), set(grams(two))
    cosine = len(first & second) / sqrt(len(first) * len(second))
    return cosine if cosine >= _ALIKE else 0.0


def gram_row(folded: Sequence[str], length: int) -> Grams:
    """Return rows of the hash table for several words, (length,), cut or filled with 0.

    Whole words come first, so that a long text loses parts of words before it loses words.
    """
    rows = [grams(word)[0] for word in folded]
    rows += [row for word in folded for row in grams(word)[1:]]
    filled = np.zeros(length, np.uint16)
    filled[: min(length, len(rows))] = rows[:length]
    return filled


@dataclass(frozen=True, slots=True)
class Readable:
    """What can be read of an element."""

    role: str
    name: str
    text: str
    value: str


@lru_cache(maxsize=16_384)
def match(element: Readable, goal: str) -> Floats:
    """Return how an element and each word of the goal belong together, (words, `Match`)."""
    found = _match_text(element.name, goal)
    if element.text != element.name:
        found = np.maximum(found, _match_text(element.text, goal))
    else:
        found = found.copy()
    found[:, Match.ROLE] = _role_likeness(element.role, goal)
    if element.value:
        value = set(split(element.value).folded)
        found[:, Match.VALUE] = [word in value for word in split(goal).folded]
    return found


@lru_cache(maxsize=4096)
def _role_likeness(role: str, goal: str) -> tuple[float, ...]:
    words_of_role = split(role).folded
    return tuple(_most_alike(word, words_of_role) for word in split(goal).folded)


def _most_alike(word: str, others: Collection[str]) -> float:
    if word in others:
        return 1.0
    return max((likeness(word, each) for each in others), default=0.0)


@lru_cache(maxsize=16_384)
def _match_text(text: str, goal: str) -> Floats:
    """Return the same for a text alone; not to be changed."""
    said, shown = split(goal), split(text)
    found = np.zeros((len(said.folded), len(Match)), np.float32)
    if not shown.folded:
        return found
    folded, written = frozenset(shown.folded), frozenset(shown.written)
    found[:, Match.EXACT] = [word in folded for word in said.folded]
    found[:, Match.CASED] = [word in written for word in said.written]
    found[:, Match.FUZZY] = [_most_alike(word, folded) for word in said.folded]
    for start in phrases(said.folded, shown.folded):
        end = start + len(shown.folded)
        found[start:end, Match.PHRASE] = 1.0
        if is_whole_quote(said, start, end):
            found[start:end, Match.QUOTED] = 1.0
    return found


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_NUMBER = re.compile(r"(\d{1,3})(?:st|nd|rd|th)?")


def rank_said(word: str) -> int | None:
    """Return the number that a word without case says, None if it says none.

    >>> rank_said("2nd"), rank_said("third"), rank_said("2x")
    (2, 3, None)
    """
    if word in _ORDINALS:
        return _ORDINALS.index(word) + 1
    found = _NUMBER.fullmatch(word)
    return int(found[1]) if found else None


def phrases(folded: Sequence[str], part: Sequence[str]) -> list[int]:
    """Return where one sequence of words stands in another.

    >>> phrases(("a", "b", "a", "b"), ("a", "b"))
    [0, 2]
    """
    length = len(part)
    if not length:
        return []
    wanted = tuple(part)
    return [
        start
        for start in range(len(folded) - length + 1)
        if tuple(folded[start : start + length]) == wanted
    ]


def is_whole_quote(said: Words, start: int, end: int) -> bool:
    """Return whether words from `start` to `end` are all that stands between two marks."""
    before = start > 0 and not said.quoted[start - 1]
    after = end < len(said.quoted) and not said.quoted[end]
    return before and after and all(said.quoted[start:end])
