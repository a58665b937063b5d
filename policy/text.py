"""Words of goals and elements in one space of byte n-grams, and how well they match.

Words are compared by their n-grams themselves, before any learned projection, so that a word that
was never seen in training still matches itself.
"""

from __future__ import annotations

import re
from collections import Counter
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
_QUOTES = frozenset({'"', "\u201c", "\u201d"})
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
    written = tuple([text[start:end] for start, end in spans])
    return Words(written, tuple([word.casefold() for word in written]), spans, _quotes(written))


def _quotes(written: Sequence[str]) -> tuple[int, ...]:
    marks = [*accumulate([word in _QUOTES for word in written])]
    if not marks or not marks[-1] or marks[-1] % 2:
        return (0,) * len(written)  # a mark too many: nothing can be said of any of them
    return tuple(
        (count + 1) // 2 if count % 2 and count == before else 0
        for before, count in pairwise((0, *marks))
    )


@lru_cache(maxsize=65_536)
def grams(word: str) -> tuple[int, ...]:
    """Return rows of the hash table for a word without case: itself, then its byte n-grams."""
    marked = f"<{word}>".encode()
    pieces = [marked[start : start + _GRAM] for start in range(max(1, len(marked) - _GRAM + 1))]
    rows = [1 + crc32(piece) % (TABLE - 1) for piece in (marked, *pieces)]
    return tuple(dict.fromkeys(rows))


def word_row(word: str) -> int:
    """Return the row of the hash table that is a word's own, without case."""
    return grams(word)[0]


def likeness(one: str, two: str) -> float:
    """Return the cosine of two words' n-grams, from 0 to 1; 0 below a floor.

    >>> likeness("submit", "submit"), likeness("submit", "cancel")
    (1.0, 0.0)
    """
    return _most_alike((one,), (two,))[0]


def gram_row(folded: Sequence[str], length: int) -> list[int]:
    """Return rows of the hash table for several words, cut or filled with 0 to a length.

    Whole words come first, so that a long text loses parts of words before it loses words.
    """
    if not folded:
        return [0] * length
    each = [grams(word) for word in folded]
    rows = [row for row, *_ in each]
    for own in each:
        rows += own[1:]
    return rows[:length] + [0] * (length - len(rows))


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
    said = split(goal)
    found = np.zeros((len(said.folded), len(Match)), np.float32)
    for text in {element.name, element.text}:
        _match_text(found, text, goal)
    found[:, Match.ROLE] = _role_likeness(element.role, goal)
    if element.value:
        value = set(split(element.value).folded)
        found[:, Match.VALUE] = [word in value for word in said.folded]
    return found


@lru_cache(maxsize=4096)
def _role_likeness(role: str, goal: str) -> tuple[float, ...]:
    return tuple(_most_alike(split(goal).folded, split(role).folded))


def _match_text(found: Floats, text: str, goal: str) -> None:
    """Mark where a text alone matches; what is sought is rarely there, so each is looked up."""
    said, shown = split(goal), split(text)
    fuzzy = _most_alike(said.folded, shown.folded)
    for number, alike in enumerate(fuzzy):
        if alike:
            found[number, Match.FUZZY] = max(alike, found[number, Match.FUZZY])
            if said.folded[number] in shown.folded:
                found[number, Match.EXACT] = 1.0
            if said.written[number] in shown.written:
                found[number, Match.CASED] = 1.0
    for start in phrases(said.folded, shown.folded):
        end = start + len(shown.folded)
        found[start:end, Match.PHRASE] = 1.0
        if is_whole_quote(said, start, end):
            found[start:end, Match.QUOTED] = 1.0


@lru_cache(maxsize=512)
def _places_of_grams(folded: tuple[str, ...]) -> dict[int, list[int]]:
    """Return which words have each n-gram; not to be changed."""
    places: dict[int, list[int]] = {}
    for number, word in enumerate(folded):
        for row in grams(word):
            places.setdefault(row, []).append(number)
    return places


def _most_alike(folded: tuple[str, ...], others: Collection[str]) -> list[float]:
    """Return how like each word is to the one of some others that it is most like."""
    best = [0.0] * len(folded)
    places = _places_of_grams(folded)
    for other in others:
        rows = grams(other)
        shared = [number for row in rows if row in places for number in places[row]]
        if not shared:  # as of most words
            continue
        for number, count in Counter(shared).items():
            cosine = count / sqrt(len(grams(folded[number])) * len(rows))
            if cosine >= _ALIKE:
                best[number] = max(best[number], cosine)
    return best


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
    before = start > 0 and not said.quotes[start - 1]
    after = end < len(said.quotes) and not said.quotes[end]
    return before and after and all(said.quotes[start:end])
