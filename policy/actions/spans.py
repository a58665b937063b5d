r"""Text to copy: where what is typed can be read in the goal or on the screen.

A text is copied from a span of one of the `texts` of an observation, as it stands or in another
case. Spans that begin and end where words do are preferred, since those can be pointed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from recorder.schema import Observation

_WORD = re.compile(r"\w+|[^\w\s]")
_QUOTES = frozenset({'""', "''", "``", "\u201c\u201d", "\u2018\u2019", "\u00ab\u00bb"})
_FIELDS = ("name", "text", "value")
_SHORTEST_CUT = 2  # characters of a span that cuts words; one costs less to spell
GOAL = 0
"""The goal's place among the texts of an observation."""

CASINGS: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.capitalize)
"""What may be done to a span that is copied; its place here is its class."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` of one of the texts of an observation."""

    source: int
    start: int
    end: int


class Copy(NamedTuple):
    """A span, and the class of what is done to its case."""

    span: Span
    casing: int


def texts(observation: Observation) -> list[str]:
    """Return what can be copied: the goal, then each element's name, text and value in turn."""
    found = [observation.goal]
    for element in observation.elements:
        found += (element.name, element.text, element.value)
    return found


def source_of(element: int, field: Literal["name", "text", "value"]) -> int:
    """Return the place of an element's field among the texts of its observation."""
    return 1 + len(_FIELDS) * element + _FIELDS.index(field)


def words(text: str) -> list[tuple[int, int]]:
    """Return start and end of each word and each mark of punctuation.

    >>> words('Say "no".')
    [(0, 3), (4, 5), (5, 7), (7, 8), (8, 9)]
    """
    return [found.span() for found in _WORD.finditer(text)]


def is_aligned(span: Span, text: str) -> bool:
    """Return whether a span of a text begins and ends where words do."""
    starts, ends = _bounds(text)
    return span.start in starts and span.end in ends


@lru_cache(maxsize=512)  # every copy of a short text asks again for the same sources
def _bounds(text: str) -> tuple[frozenset[int], frozenset[int]]:
    bounds = words(text)
    return frozenset(start for start, _ in bounds), frozenset(end for _, end in bounds)


def find_copy(text: str, sources: Sequence[str]) -> Copy | None:
    """Return the best span to copy a whole text from, None when there is none.

    Whole words come before parts of words, the text as it stands before another case, the goal
    before the screen, quoted words before others, and then the first place.
    """
    ranked: list[tuple[bool, int, bool, bool, Span]] = []
    for copy in _copies(text, sources):
        source = sources[copy.span.source]
        cuts = not is_aligned(copy.span, source)
        if cuts and (copy.casing or len(text) < _SHORTEST_CUT):
            continue
        on_screen = copy.span.source != GOAL
        ranked.append((cuts, copy.casing, on_screen, not _is_quoted(copy.span, source), copy.span))
    if not ranked:
        return None
    best = min(ranked)
    return Copy(best[-1], best[1])


def same_text(span: Span, sources: Sequence[str]) -> list[Span]:
    """Return every span of whole words that reads the same; each is as right as the one given."""
    text = sources[span.source][span.start : span.end]
    found = [copy.span for copy in _copies(text, sources) if copy.casing == 0]
    return [each for each in found if each == span or is_aligned(each, sources[each.source])]


def cut(text: str, sources: Sequence[str]) -> list[Copy | str]:
    """Return a text as pieces: one copy where that does, else words of the goal and characters."""
    if text and (whole := find_copy(text, sources)):
        return [whole]
    bounds = words(text)
    pieces: list[Copy | str] = []
    place = 0
    while place < len(text):
        starts_word = any(start == place for start, _ in bounds)
        ends = [end for _, end in bounds if starts_word and end >= place + _SHORTEST_CUT]
        copied = _longest(text, place, ends, sources[GOAL])
        pieces.append(copied or text[place])
        place += copied.span.end - copied.span.start if copied else 1
    return pieces


def _longest(text: str, place: int, ends: Sequence[int], goal: str) -> Copy | None:
    for end in reversed(ends):
        copy = find_copy(text[place:end], [goal]) if text[place:end] in goal else None
        if copy and not copy.casing and is_aligned(copy.span, goal):
            return copy
    return None


def _copies(text: str, sources: Sequence[str]) -> Iterator[Copy]:
    """Yield each place where a text can be read, with the first casing that makes it."""
    wanted = text.lower()
    for number, source in enumerate(sources):
        lowered = source.lower()
        # some letters change length with their case; then only the text as it stands is looked for
        is_exact = len(lowered) != len(source) or len(wanted) != len(text)
        for start in _places(*((text, source) if is_exact else (wanted, lowered))):
            span = Span(number, start, start + len(text))
            read = source[span.start : span.end]
            made = [casing for casing, change in enumerate(CASINGS) if change(read) == text]
            if made:
                yield Copy(span, made[0])


def _places(text: str, source: str) -> Iterator[int]:
    start = source.find(text) if text else -1
    while start >= 0:
        yield start
        start = source.find(text, start + 1)


def _is_quoted(span: Span, text: str) -> bool:
    return text[: span.start][-1:] + text[span.end :][:1] in _QUOTES
