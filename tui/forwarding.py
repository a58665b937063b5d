"""From the keys and the mouse of a terminal to actions at an agent's controls."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harness.hub.proposals import Point
from recorder.schema import Action, Button, Click, Drag, KeyChord, ScrollBy, TypeText

_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "enter": "Enter",
        "tab": "Tab",
        "backspace": "Backspace",
        "delete": "Delete",
        "escape": "Escape",
        "insert": "Insert",
        "home": "Home",
        "end": "End",
        "pageup": "PageUp",
        "pagedown": "PageDown",
        "up": "ArrowUp",
        "down": "ArrowDown",
        "left": "ArrowLeft",
        "right": "ArrowRight",
        "space": " ",
    }
    | {f"f{number}": f"F{number}" for number in range(1, 13)}
)
_MODIFIERS: Mapping[str, str] = MappingProxyType(
    {"ctrl": "ctrl", "alt": "alt", "shift": "shift", "meta": "meta", "super": "meta"}
)
_BUTTONS: Mapping[str, Button] = MappingProxyType(
    {"left": "left", "middle": "middle", "right": "right"}
)


def action_of_key(key: str, character: str | None) -> Action | None:
    """Return what a key of the terminal does at a page; None if it has no such key.

    >>> action_of_key("ctrl+a", None)
    KeyChord(key='a', modifiers=('ctrl',), count=1)
    >>> action_of_key("a", "a"), action_of_key("shift+tab", None)
    (TypeText(text='a'), KeyChord(key='Tab', modifiers=('shift',), count=1))
    """
    if character is not None and character.isprintable():
        return TypeText(text=character)
    *held, name = key.split("+") if len(key) > 1 else [key]
    known = _KEYS.get(name, name if len(name) == 1 else "")
    if not known or any(each not in _MODIFIERS for each in held):
        return None
    return KeyChord(key=known, modifiers=tuple(_MODIFIERS[each] for each in held))


def joined(before: Action, after: Action) -> Action | None:
    """Return two actions as one where they are parts of the same; None otherwise."""
    match before, after:
        case TypeText(), TypeText():
            return TypeText(text=before.text + after.text)
        case Click(count=1), Click(count=2) if (before.x, before.y) == (after.x, after.y):
            return after
        case _:
            return None


def action_of_stroke(start: Point, end: Point, button: str, count: int) -> Action:
    """Return a click, or a drag where the mouse moved between; points in px of the page."""
    pressed = _BUTTONS[button]
    if start != end:
        return Drag(path=(start, end), button=pressed)
    return Click(x=end[0], y=end[1], button=pressed, count=min(count, 2))


def action_of_wheel(at: Point, dx: int, dy: int) -> Action:
    """Return so many notches of the wheel at a point of the page."""
    return ScrollBy(x=at[0], y=at[1], dx=dx, dy=dy)
