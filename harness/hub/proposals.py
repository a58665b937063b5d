"""Actions as they cross the hub: as text that can be carried out, and as words for a person."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TypeAlias, assert_never

import msgspec

from harness.hub.errors import ProtocolError, RefusedError
from harness.hub.untrusted import Shown, shown
from recorder.codec import action_from_dict, action_to_dict
from recorder.errors import DamagedError
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
    element_at,
    points_of,
)

Deed: TypeAlias = str
"""An action as JSON, ASCII only."""
Point: TypeAlias = tuple[int, int]


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an agent would do."""

    deed: Deed
    words: Shown
    """The same for a person."""
    points: tuple[Point, ...] = ()
    """Where on the screen it lands, px."""
    p: float
    """Probability that a person would accept it."""


class PickPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """The same, but there."""

    x: int
    y: int


class EditText(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Type this instead."""

    text: str


class ChooseAlternative(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Do the other thing that it thought of."""

    index: int
    """Counted from 0."""


class DoInstead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Do something else altogether."""

    deed: Deed


Correction: TypeAlias = PickPoint | EditText | ChooseAlternative | DoInstead


def deed_of(action: Action) -> Deed:
    """Return an action as text that can be carried out.

    >>> deed_of(Click(x=3, y=4))
    '{"kind":"click","x":3,"y":4}'
    """
    return json.dumps(action_to_dict(action), separators=(",", ":"))


def action_of(deed: Deed) -> Action:
    """Return the action of such a text.

    Raises:
        ProtocolError: it is none.
    """
    try:
        return action_from_dict(json.loads(deed))
    except (ValueError, RecursionError, DamagedError) as error:
        raise ProtocolError(f"not an action: {shown(deed, 60)}") from error


def proposal(action: Action, p: float, elements: tuple[Element, ...] = ()) -> Proposal:
    """Return an action as it is proposed to a person who sees these elements."""
    return Proposal(
        deed=deed_of(action),
        words=words_of(action, elements),
        points=points_of(action),
        p=0.0 if math.isnan(p) else p,
    )


def words_of(action: Action, elements: tuple[Element, ...] = ()) -> Shown:
    r"""Return an action in words, with what it points at.

    >>> save = Element(role="button", box=(0, 0, 40, 20), text="Save")
    >>> words_of(Click(x=5, y=5), (save,)).text
    'click button "Save" (5, 5)'
    >>> words_of(TypeText(text="a\n")).text
    'type "a␊"'
    """
    match action:
        case Wait():
            words = f"wait {action.duration_ms} ms"
        case Move():
            words = f"move to {_place(action.x, action.y, elements)}"
        case Click():
            times = "double-click" if action.count == 2 else "click"
            button = "" if action.button == "left" else f"{action.button} "
            held = _held(action.modifiers)
            words = f"{held}{button}{times} {_place(action.x, action.y, elements)}"
        case Drag():
            ends = (_place(*point, elements) for point in (action.path[0], action.path[-1]))
            words = f"{_held(action.modifiers)}drag {' to '.join(ends)}"
        case ScrollBy():
            where = _place(action.x, action.y, elements)
            words = f"scroll {action.dx:g}, {action.dy:g} {action.unit} at {where}"
        case KeyChord():
            times = f" {action.count} times" if action.count > 1 else ""
            words = f"press {_held(action.modifiers)}{action.key}{times}"
        case TypeText():
            words = f'type "{action.text}"'
        case Done():
            words = "say that the task is done"
        case Ask():
            words = f'ask "{action.question}"' if action.question else "ask"
        case _:
            assert_never(action)
    return shown(words)


def target_of(action: Action, elements: tuple[Element, ...]) -> Element | None:
    """Return what an action lands on: what it points at, or what has the focus."""
    if points := points_of(action):
        hit = element_at(points[-1], elements)
        return None if hit is None else elements[hit]
    if not isinstance(action, KeyChord | TypeText):
        return None
    return next((each for each in elements if "focused" in each.states), None)


def corrected(
    proposed: Proposal, alternatives: tuple[Proposal, ...], correction: Correction
) -> Action:
    """Return what is to be done after a correction.

    Raises:
        RefusedError: the correction does not fit what was proposed.
        ProtocolError: it is no action.
    """
    match correction:
        case PickPoint(x, y):
            return _moved(action_of(proposed.deed), x, y)
        case EditText(text):
            return TypeText(text=text)
        case ChooseAlternative(index):
            if not 0 <= index < len(alternatives):
                raise RefusedError(f"no alternative {index}; there are {len(alternatives)}")
            return action_of(alternatives[index].deed)
        case DoInstead(deed):
            return action_of(deed)
        case _:
            assert_never(correction)


def _moved(action: Action, x: int, y: int) -> Action:
    match action:
        case Move() | Click() | ScrollBy():
            return replace(action, x=x, y=y)
        case Drag():
            return replace(action, path=(*action.path[:-1], (x, y)))
        case _:
            # a key has no place of its own; who picks a point for it wants a click there
            return Click(x=x, y=y)


def _place(x: int, y: int, elements: tuple[Element, ...]) -> str:
    hit = element_at((x, y), elements)
    if hit is None:
        return f"({x}, {y})"
    element = elements[hit]
    called = element.text or element.name
    return f'{element.role} "{called}" ({x}, {y})' if called else f"{element.role} ({x}, {y})"


def _held(modifiers: tuple[str, ...]) -> str:
    return "".join(f"{each}+" for each in modifiers)
