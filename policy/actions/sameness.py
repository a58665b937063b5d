"""When two actions are the same to a person."""

from __future__ import annotations

from collections.abc import Sequence

from policy.actions.heads import CODES, Head, unit_px
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
)

NEAR_PX = 6
"""How far apart two points may be and still be the same place."""
# where it matters which point of them is hit
_SURFACES = frozenset({"document", "canvas", "slider", "video", "application", "iframe"})


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
    turns = ((Head.SCROLL_X, one.dx, two.dx), (Head.SCROLL_Y, one.dy, two.dy))
    return one.unit == two.unit and all(
        CODES[head].label(first / unit_px(one.unit))
        == CODES[head].label(second / unit_px(two.unit))
        for head, first, second in turns
    )


def _same_place(one: tuple[int, int], two: tuple[int, int], observation: Observation) -> bool:
    if max(abs(one[0] - two[0]), abs(one[1] - two[1])) <= NEAR_PX:
        return True
    hit = element_at(one, observation.elements)
    return hit is not None and hit == element_at(two, observation.elements)


def element_at(point: tuple[int, int], elements: Sequence[Element]) -> int | None:
    """Return the place of the element that a point hits, None where the very point matters.

    That is the smallest around it, the last of several; a label stands for the field it names.
    """
    x, y = point
    around = [
        (width * height, -number)
        for number, element in enumerate(elements)
        for left, top, width, height in (element.box,)
        if left <= x < left + width and top <= y < top + height
    ]
    if not around:
        return None
    hit = -min(around)[1]
    if elements[hit].role in _SURFACES:
        return None
    return _labelled(hit, elements)


def _labelled(hit: int, elements: Sequence[Element]) -> int:
    if elements[hit].role != "label":
        return hit
    named = [
        number
        for number, element in enumerate(elements)
        if element.role != "label" and element.name and element.name == elements[hit].text
    ]
    # the field is told next to its label
    return min(named, key=lambda number: abs(number - hit), default=hit)
