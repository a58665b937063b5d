"""From what a page says to the recording's events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from recorder.browser.keyboard import MODIFIERS
from recorder.browser.layout import Transform
from recorder.browser.messages import EarlyInput, Keystroke, Pointer, SeenElement, Typed, Wheel
from recorder.schema import (
    Button,
    Controller,
    Element,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TextInput,
    TimeSource,
)

InputMessage: TypeAlias = Pointer | Wheel | Keystroke | Typed

_MODIFIERS = {key: name for name, key in MODIFIERS.items()}
_BUTTONS: tuple[Button, ...] = ("left", "middle", "right", "back", "forward")


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a message came from."""

    page: str
    frame: str
    """Clean URL of the frame, empty for the main one."""
    transform: Transform
    t_ns: int
    received_ns: int


def to_event(message: InputMessage, place: Place) -> InputEvent | None:
    """Return the event that a page told of; None for a button that mice do not have."""
    common = _common(message, place)
    match message:
        case Pointer():
            return _pointer(message, place, common)
        case Wheel():
            x, y = place.transform.point(message.x, message.y)
            unit = "notch" if message.lines else "pixel"
            return Scroll(**common, x=x, y=y, dx=message.dx, dy=message.dy, unit=unit)
        case Keystroke():
            return Key(
                **common,
                down=message.down,
                code=message.code,
                symbol=message.symbol,
                modifiers=_held_before(message),
                repeat=message.repeat,
                target=to_element(message.target, place.transform),
            )
        case Typed():
            return TextInput(
                **common,
                text=message.text,
                input_type=message.inputType,
                target=to_element(message.target, place.transform),
            )


def early_message(early: EarlyInput) -> Pointer | Wheel | None:
    """Return what the script would have said; None for a key, which may be part of a secret."""
    if early.type == "wheel":
        return Wheel(
            doc="",
            now=early.now,
            ts=early.ts,
            x=early.x,
            y=early.y,
            dx=early.dx,
            dy=early.dy,
            lines=False,
            trusted=True,
        )
    if early.type in ("pointerdown", "pointerup"):
        return Pointer(
            doc="",
            now=early.now,
            ts=early.ts,
            x=early.x,
            y=early.y,
            does="down" if early.type == "pointerdown" else "up",
            button=early.button,
            trusted=True,
        )
    return None


def to_element(seen: SeenElement | None, transform: Transform) -> Element | None:
    """Return an element in the image's coordinates."""
    if seen is None:
        return None
    return Element(
        role=seen.role,
        box=transform.box(seen.box),
        name=seen.name,
        text=seen.text,
        value=seen.value,
        states=seen.states,
        selectors=seen.selectors,
    )


def _held_before(message: Keystroke) -> tuple[str, ...]:
    # a page counts a modifier's own press and release as done
    own = {key for key in (_MODIFIERS.get(message.symbol),) if key}
    held = set(message.modifiers)
    return tuple(sorted(held - own if message.down else held | own))


def _pointer(message: Pointer, place: Place, common: dict[str, Any]) -> InputEvent | None:
    x, y = place.transform.point(message.x, message.y)
    if message.does == "move":
        return PointerMove(**common, x=x, y=y)
    if not 0 <= message.button < len(_BUTTONS):
        return None
    return PointerButton(
        **common,
        button=_BUTTONS[message.button],
        down=message.does == "down",
        x=x,
        y=y,
        target=to_element(message.target, place.transform),
    )


def _common(message: InputMessage, place: Place) -> dict[str, Any]:
    by_page = {"controller": Controller.SCRIPT, "agent": "page", "trusted": False}
    return cast("dict[str, Any]", {} if message.trusted else by_page) | {
        "t_ns": place.t_ns,
        "received_ns": place.received_ns,
        "time_source": TimeSource.PAGE,
        "page": place.page,
        "frame": place.frame,
    }
