"""What a network says about an action: a few heads, each a choice among a few classes."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

ABSENT = -1
"""Label of a head that a kind does not use, or whose value is none of its classes."""

Value: TypeAlias = int | float | str


class Kind(IntEnum):
    """What is done; the first choice of a network, which says what other heads mean."""

    WAIT = 0
    MOVE = 1
    CLICK = 2
    DOUBLE_CLICK = 3
    RIGHT_CLICK = 4
    DRAG = 5
    SCROLL = 6
    KEY = 7
    COPY = 8  # type a span of a text that is in view
    SPELL = 9  # type one character
    DONE = 10
    ASK = 11


class Head(IntEnum):
    """One choice; its value is its place in `Event.labels`."""

    KIND = 0
    GAP = 1
    DURATION = 2
    KEY = 3
    ALT = 4
    CTRL = 5
    META = 6
    SHIFT = 7
    COUNT = 8
    SCROLL_X = 9
    SCROLL_Y = 10
    UNIT = 11
    CASING = 12
    MORE = 13


MODIFIERS: Mapping[str, Head] = MappingProxyType(
    {"alt": Head.ALT, "ctrl": Head.CTRL, "meta": Head.META, "shift": Head.SHIFT}
)
# names of W3C UI Events `key`; printable characters stand for themselves
KEYS: tuple[str, ...] = (
    *("Enter", "Tab", "Escape", "Backspace", "Delete", "Insert", "Home", "End"),
    *("PageUp", "PageDown", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    *(f"F{number}" for number in range(1, 13)),
    *map(chr, range(32, 127)),
)
PLAIN_KEYS: Mapping[str, str] = MappingProxyType({"\n": "Enter", "\t": "Tab"})
"""Characters that have a key of another name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A class for each of some values, and none for any other."""

    values: tuple[Value, ...]

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self.values)

    def label(self, value: Value) -> int:
        """Return the class of a value, `ABSENT` when it has none."""
        return self.values.index(value) if value in self.values else ABSENT

    def value(self, label: int) -> Value:
        """Return the value of a class."""
        return self.values[label]

    def rest_bits(self, value: Value, label: int) -> float:
        """Return the cost of a value once its label is known, in bits."""
        return literal_bits(value) if label == ABSENT else 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A class for each stretch of a line of numbers; a class alone means its centre."""

    centres: tuple[int, ...]
    edges: tuple[float, ...]
    """Where one stretch ends and the next begins, one fewer than centres."""

    @property
    def size(self) -> int:
        """Number of classes."""
        return len(self.centres)

    def label(self, value: Value) -> int:
        """Return the class of a number."""
        assert not isinstance(value, str), value
        return bisect(self.edges, value)

    def value(self, label: int) -> Value:
        """Return the centre of a class."""
        return self.centres[label]

    def rest_bits(self, value: Value, label: int) -> float:
        """Return the cost of a number once its label is known, in bits.

        One bit says whether it is the centre. Else a whole number is one of those in its stretch;
        in the first and the last stretch, which have no end, it is written out.
        """
        if value == self.centres[label]:
            return 1.0
        if 0 < label < len(self.edges) and isinstance(value, int):
            return 1.0 + math.log2(max(1.0, self.edges[label] - self.edges[label - 1]))
        return 1.0 + literal_bits(value)


def literal_bits(value: Value) -> float:
    """Return the cost of writing a value out, in bits.

    Whole numbers take Elias's gamma code of their zigzag, other numbers 64 bits, and texts their
    UTF-8 bytes with a zero at the end.

    >>> literal_bits(0), literal_bits(-4), literal_bits("é")
    (1.0, 7.0, 24.0)
    """
    if isinstance(value, str):
        return 8.0 * (len(value.encode("utf-8", "surrogatepass")) + 1)
    if isinstance(value, float) and not value.is_integer():
        return 64.0
    number = int(value)
    zigzag = 2 * number if number >= 0 else -2 * number - 1
    return 2.0 * ((zigzag + 1).bit_length() - 1) + 1.0


def unit_px(unit: str) -> int:
    """Return how much a turn by 1 is in a unit."""
    return _STEP_PX if unit == "pixel" else 1


def _spaced(first: float, last: float, count: int) -> Scale:
    ratio = (last / first) ** (1 / (count - 1))
    return _scale([round(first * ratio**step) for step in range(count)])


def _scale(centres: list[int]) -> Scale:
    # between two positive numbers their geometric mean, else the middle
    edges = [
        math.copysign(math.sqrt(low * high), low) if low * high > 0 else (low + high) / 2
        for low, high in pairwise(centres)
    ]
    return Scale(tuple(centres), tuple(edges))


_STEP_PX = 15  # what is left of a list is scrolled to by 405, 135, 45 and 15 px
_TURNS = _scale([-27, -9, -3, -1, 0, 1, 3, 9, 27])
_FLAG = Choice((0, 1))

CODES: Mapping[Head, Choice | Scale] = MappingProxyType(
    {
        Head.KIND: Choice(tuple(Kind)),
        Head.GAP: _spaced(5, 20_000, 16),
        Head.DURATION: _spaced(5, 20_000, 16),
        Head.KEY: Choice(KEYS),
        **dict.fromkeys(MODIFIERS.values(), _FLAG),
        Head.COUNT: _scale([*range(1, 11), 13, 17, 23, 31, 45, 65]),
        Head.SCROLL_X: _TURNS,
        Head.SCROLL_Y: _TURNS,
        Head.UNIT: Choice(("notch", "pixel")),
        Head.CASING: Choice((0, 1, 2, 3)),
        Head.MORE: _FLAG,
    }
)
SIZES: Mapping[Head, int] = MappingProxyType({head: code.size for head, code in CODES.items()})
"""Classes of each head."""

_HELD = tuple(MODIFIERS.values())
USES: Mapping[Kind, tuple[Head, ...]] = MappingProxyType(
    {
        kind: (Head.KIND, Head.GAP, *heads)
        for kind, heads in {
            Kind.WAIT: (Head.DURATION,),
            Kind.MOVE: (),
            Kind.CLICK: _HELD,
            Kind.DOUBLE_CLICK: _HELD,
            Kind.RIGHT_CLICK: _HELD,
            Kind.DRAG: _HELD,
            Kind.SCROLL: (Head.SCROLL_X, Head.SCROLL_Y, Head.UNIT),
            Kind.KEY: (Head.KEY, *_HELD, Head.COUNT),
            Kind.COPY: (Head.CASING, Head.MORE),
            Kind.SPELL: (Head.KEY, Head.MORE),
            Kind.DONE: (),
            Kind.ASK: (),
        }.items()
    }
)
"""The heads that have a meaning for each kind; all others are `ABSENT`."""
POINTS: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.MOVE: 1,
        Kind.CLICK: 1,
        Kind.DOUBLE_CLICK: 1,
        Kind.RIGHT_CLICK: 1,
        Kind.DRAG: 2,
        Kind.SCROLL: 1,
    }
)
"""Places on the screen that a network says for each kind; none where a kind is not listed."""
