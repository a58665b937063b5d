"""When two actions are the same to a person."""

from __future__ import annotations

import math

from recorder.schema.actions import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
)
from recorder.schema.screen import Observation, element_at

NEAR_PX = 6
"""How far apart two points may be and still be the same place."""
_UNITS = {"notch": 1, "pixel": 120}  # how many of a unit make a notch
_LEAST_NOTCHES, _LARGEST_POWER = 0.5, 3


def accepts(one: Action, two: Action, observation: Observation) -> bool:
    """Return whether a person who meant one action would be content with the other.

    Same kind; points in the same element's box or within `NEAR_PX`; the same text, key, button,
    count and modifiers; a turn of the wheel of about the same size. Waits are all alike.
    """
    match one:
        case Wait() | Done() | Ask():
            return type(one) is type(two)
        case Move() if isinstance(two, Move):
            return _same_place((one.x, one.y), (two.x, two.y), observation)
        case Click() if isinstance(two, Click):
            same = (one.button, one.count) == (two.button, two.count) and _same_held(one, two)
            return same and _same_place((one.x, one.y), (two.x, two.y), observation)
        case Drag() if isinstance(two, Drag):
            same = one.button == two.button and _same_held(one, two)
            return same and _same_path(one, two, observation)
        case ScrollBy() if isinstance(two, ScrollBy):
            same = _same_turn(one, two)
            return same and _same_place((one.x, one.y), (two.x, two.y), observation)
        case KeyChord() if isinstance(two, KeyChord):
            return (one.key, one.count) == (two.key, two.count) and _same_held(one, two)
        case TypeText() if isinstance(two, TypeText):
            return one.text == two.text
        case _:
            return False


def _same_held(one: Click | Drag | KeyChord, two: Click | Drag | KeyChord) -> bool:
    return set(one.modifiers) == set(two.modifiers)


def _same_path(one: Drag, two: Drag, observation: Observation) -> bool:
    if not one.path or not two.path:
        return one.path == two.path
    return all(_same_place(one.path[end], two.path[end], observation) for end in (0, -1))


def _same_turn(one: ScrollBy, two: ScrollBy) -> bool:
    turns = ((one.dx, two.dx), (one.dy, two.dy))
    return one.unit == two.unit and all(
        _turn_size(first / _UNITS[one.unit]) == _turn_size(second / _UNITS[one.unit])
        for first, second in turns
    )


def _turn_size(notches: float) -> int:
    """Return how large a turn looks to a person: 0 for none, else a power of three, signed."""
    size = abs(notches)
    if size <= _LEAST_NOTCHES:
        return 0
    power = min(_LARGEST_POWER, max(0, round(math.log(size, 3))))
    return int(math.copysign(1 + power, notches))


def _same_place(one: tuple[int, int], two: tuple[int, int], observation: Observation) -> bool:
    if max(abs(one[0] - two[0]), abs(one[1] - two[1])) <= NEAR_PX:
        return True
    hit = element_at(one, observation.elements)
    return hit is not None and hit == element_at(two, observation.elements)
