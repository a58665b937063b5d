"""Plans as the guard in the page takes them: moves, each with its target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import msgspec

from harness.env.hands import Keyboard, Mouse
from harness.errors import ConfigError
from harness.modes.fast_forward.forecast import Scene, box_under
from harness.modes.fast_forward.planning import Planned
from recorder.browser.actor import BrowserActor
from recorder.browser.keyboard import MODIFIERS, shifted
from recorder.ledger import Ledger
from recorder.schema import (
    Action,
    Ask,
    Click,
    Controller,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
    contains,
    element_at,
    points_of,
)

Point: TypeAlias = tuple[int, int]
Input: TypeAlias = tuple[str, dict[str, object]]
"""A DevTools command and its values."""

_BUTTONS = {"left": 0, "middle": 1, "right": 2}  # as pages number them


class _Move(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    target: int | None
    """Which of the plan's places; None where whatever has the focus is meant."""


class PressMove(_Move, frozen=True, tag="press"):
    """A click."""

    button: int
    count: int
    checked: bool | None
    """What the box under it is to be afterwards; None where there is none."""


class DragMove(_Move, frozen=True, tag="drag"):
    """A press, a movement and a release."""

    button: int


class WheelMove(_Move, frozen=True, tag="wheel"):
    """A turn of the wheel."""


class TypeMove(_Move, frozen=True, tag="type"):
    """A text."""

    text: str
    holds: str
    """What the field holds before."""
    kept: str
    """What stays of that."""
    whole: bool
    """It comes at once, not key by key."""


class ChordMove(_Move, frozen=True, tag="chord"):
    """A key, with others held."""

    key: str
    modifiers: tuple[str, ...]
    count: int


GuardedMove: TypeAlias = PressMove | DragMove | WheelMove | TypeMove | ChordMove


def places_of(steps: Sequence[Planned]) -> list[Point]:
    """Return where each step's target is, in px: the place it points at, or its field's middle."""
    return [place for each in steps if (place := _place(each)) is not None]


def meant_at(steps: Sequence[Planned]) -> list[Element | None]:
    """Return what each of these places is meant to be; None where that cannot be said."""
    return [_meant(each) for each in steps if _place(each) is not None]


def moves_of(steps: Sequence[Planned], *, whole: bool = False) -> list[GuardedMove]:
    """Return the moves of a plan; their targets are numbered as in `places_of`.

    Args:
        steps: of the plan.
        whole: texts come at once, not key by key.
    """
    moves: list[GuardedMove] = []
    number = 0
    for step in steps:
        has_place = _place(step) is not None
        moves.append(_move(step, number if has_place else None, whole=whole))
        number += has_place
    return moves


def _place(step: Planned) -> Point | None:
    points = points_of(step.action)
    if points:
        return points[0]
    return _middle(step.scene)


def _meant(step: Planned) -> Element | None:
    points, elements = points_of(step.action), step.scene.observation.elements
    if not points:
        return step.scene.field
    hit = element_at(points[0], elements)
    # of a label, the field that it stands for is elsewhere
    return elements[hit] if hit is not None and contains(elements[hit].box, points[0]) else None


def _middle(scene: Scene) -> Point | None:
    field = scene.field
    if field is None:
        return None
    left, top, width, height = field.box
    return left + width // 2, top + height // 2


def _move(step: Planned, target: int | None, *, whole: bool) -> GuardedMove:
    action, scene = step.action, step.scene
    match action:
        case Click():
            ticked = box_under((action.x, action.y), scene.observation.elements)
            checked = None if ticked is None else _will_be_checked(scene, ticked)
            button = _BUTTONS[action.button]
            return PressMove(target=target, button=button, count=action.count, checked=checked)
        case Drag():
            return DragMove(target=target, button=_BUTTONS[action.button])
        case ScrollBy():
            return WheelMove(target=target)
        case TypeText():
            assert scene.field is not None
            assert scene.kept is not None
            field = scene.field
            return TypeMove(
                target=target, text=action.text, holds=field.value, kept=scene.kept, whole=whole
            )
        case KeyChord():
            key = shifted(action.key) if "shift" in action.modifiers else action.key
            held = tuple(MODIFIERS[name] for name in action.modifiers)
            return ChordMove(target=target, key=key, modifiers=held, count=action.count)
        case Move() | Wait() | Done() | Ask():
            raise ConfigError(f"nothing of {action!r} can be guarded; see on_a_page")
        case _:
            assert_never(action)


def _will_be_checked(scene: Scene, target: int) -> bool:
    box = scene.observation.elements[target]
    return box.role == "radio" or "checked" not in box.states


class _Noted:
    """Hands that write down what they would do."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.keyboard = Keyboard(self._send)
        self.mouse = Mouse(self._send, self.keyboard)

    async def _send(self, method: str, values: dict[str, object]) -> None:
        self.inputs.append((method, values))


async def inputs_of(
    actions: Sequence[Action], *, whole: bool = False, moves: bool = True
) -> list[Input]:
    """Return the DevTools commands that do some actions.

    Args:
        actions: what is to be done.
        whole: texts come at once, not key by key.
        moves: the pointer moves to where it is to press.
    """
    hands = _Noted()
    actor = BrowserActor(hands, Ledger(), Controller.POLICY, "fast-forward")
    for action in actions:
        if whole and isinstance(action, TypeText):
            await hands.keyboard.insert_text(action.text)
        else:
            await actor.perform(action)
    return [each for each in hands.inputs if moves or not _is_mere_move(each)]


def _is_mere_move(one: Input) -> bool:
    _, values = one
    return values.get("type") == "mouseMoved" and not values["buttons"]
