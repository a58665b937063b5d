"""A mouse and a keyboard for one page: what a person's hands could do, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from recorder.browser.hands import MouseButton
from recorder.browser.keyboard import MODIFIERS, code_of

Send = Callable[[str, dict[str, Any]], Awaitable[object]]

_MASK = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}
_BUTTONS = {"left": 1, "right": 2, "middle": 4}
_TEXT = {"Enter": "\r"}
# virtual key codes of Windows, which pages know as `keyCode`
_NAMED = {
    "Backspace": 8,
    "Tab": 9,
    "Enter": 13,
    "ShiftLeft": 16,
    "ControlLeft": 17,
    "AltLeft": 18,
    "Escape": 27,
    "Space": 32,
    "PageUp": 33,
    "PageDown": 34,
    "End": 35,
    "Home": 36,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
    "Insert": 45,
    "Delete": 46,
    "MetaLeft": 91,
    "Semicolon": 186,
    "Equal": 187,
    "Comma": 188,
    "Minus": 189,
    "Period": 190,
    "Slash": 191,
    "Backquote": 192,
    "BracketLeft": 219,
    "Backslash": 220,
    "BracketRight": 221,
    "Quote": 222,
    **{f"F{number}": 111 + number for number in range(1, 13)},
}


class Mouse:
    """A mouse over one page.

    Args:
        send: sends a command to the page.
        keyboard: whose modifiers clicks have.
    """

    def __init__(self, send: Send, keyboard: Keyboard) -> None:
        self._send = send
        self._keyboard = keyboard
        self._x = self._y = 0.0
        self._held: list[MouseButton] = []

    async def move(self, x: float, y: float) -> None:
        """Move to a place, in px."""
        self._x, self._y = x, y
        button = self._held[-1] if self._held else "none"
        await self._event("mouseMoved", button=button)

    async def down(self, *, button: MouseButton = "left", click_count: int = 1) -> None:
        """Press a button; the second press of a double click has a count of 2."""
        self._held.append(button)
        await self._event("mousePressed", button=button, clickCount=click_count)

    async def up(self, *, button: MouseButton = "left", click_count: int = 1) -> None:
        """Release a button."""
        if button in self._held:
            self._held.remove(button)
        await self._event("mouseReleased", button=button, clickCount=click_count)

    async def wheel(self, delta_x: float, delta_y: float) -> None:
        """Turn the wheel, by px."""
        await self._event("mouseWheel", deltaX=delta_x, deltaY=delta_y)

    async def _event(self, kind: str, **more: Any) -> None:
        await self._send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": self._x,
                "y": self._y,
                "buttons": sum(_BUTTONS[button] for button in self._held),
                "modifiers": self._keyboard.modifiers,
                "force": 0.5 if self._held else 0,
                **more,
            },
        )


class Keyboard:
    """A US keyboard for one page.

    Args:
        send: sends a command to the page.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: set[str] = set()

    @property
    def modifiers(self) -> int:
        """Modifiers held, as DevTools' bits."""
        return sum(_MASK.get(key, 0) for key in self._held)

    async def down(self, key: str) -> None:
        """Press a key, by its DOM `key`."""
        is_repeated = key in self._held
        self._held.add(key)
        # a key pressed with Ctrl, Alt or Meta writes nothing
        text = "" if self.modifiers & ~_MASK["Shift"] else _text_of(key)
        await self._event(
            "keyDown" if text else "rawKeyDown",
            key,
            text=text,
            unmodifiedText=text,
            autoRepeat=is_repeated,
        )

    async def up(self, key: str) -> None:
        """Release a key."""
        self._held.discard(key)
        await self._event("keyUp", key)

    async def insert_text(self, text: str) -> None:
        """Write what no key gives, as an input method would."""
        await self._send("Input.insertText", {"text": text})

    async def _event(self, kind: str, key: str, **more: Any) -> None:
        code = code_of(key)
        await self._send(
            "Input.dispatchKeyEvent",
            {
                "type": kind,
                "key": key,
                "code": code,
                "modifiers": self.modifiers,
                "windowsVirtualKeyCode": _virtual_key(code),
                "location": 1 if key in MODIFIERS.values() else 0,
                **more,
            },
        )


def _text_of(key: str) -> str:
    return key if len(key) == 1 else _TEXT.get(key, "")


def _virtual_key(code: str) -> int:
    is_character = code.startswith(("Key", "Digit"))
    return ord(code[-1]) if is_character else _NAMED.get(code, 0)
