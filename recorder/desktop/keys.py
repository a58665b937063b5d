"""Names of keys: physical codes as W3C UI Events names them, and symbols as X11 does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

SHIFT, LOCK, CONTROL = 1, 2, 4
_GROUP_SHIFT = 13
_UNICODE = 0x0100_0000

# Linux evdev numbers, which X keycodes follow at a distance of 8 (linux/input-event-codes.h)
_EVDEV_RUNS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ("Escape", *(f"Digit{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)))),
    (12, ("Minus", "Equal", "Backspace", "Tab", *(f"Key{c}" for c in "QWERTYUIOP"))),
    (26, ("BracketLeft", "BracketRight", "Enter", "ControlLeft")),
    (30, (*(f"Key{c}" for c in "ASDFGHJKL"), "Semicolon", "Quote", "Backquote", "ShiftLeft")),
    (43, ("Backslash", *(f"Key{c}" for c in "ZXCVBNM"), "Comma", "Period", "Slash")),
    (54, ("ShiftRight", "NumpadMultiply", "AltLeft", "Space", "CapsLock")),
    (59, (*(f"F{n}" for n in range(1, 11)), "NumLock", "ScrollLock")),
    (71, ("Numpad7", "Numpad8", "Numpad9", "NumpadSubtract", "Numpad4", "Numpad5", "Numpad6")),
    (78, ("NumpadAdd", "Numpad1", "Numpad2", "Numpad3", "Numpad0", "NumpadDecimal")),
    (85, ("Lang5", "IntlBackslash", "F11", "F12", "IntlRo", "Lang3", "Lang4", "Convert")),
    (93, ("KanaMode", "NonConvert")),
    (96, ("NumpadEnter", "ControlRight", "NumpadDivide", "PrintScreen", "AltRight")),
    (102, ("Home", "ArrowUp", "PageUp", "ArrowLeft", "ArrowRight", "End", "ArrowDown")),
    (109, ("PageDown", "Insert", "Delete")),
    (113, ("AudioVolumeMute", "AudioVolumeDown", "AudioVolumeUp", "Power", "NumpadEqual")),
    (119, ("Pause",)),
    (121, ("NumpadComma", "Lang1", "Lang2", "IntlYen", "MetaLeft", "MetaRight", "ContextMenu")),
    (128, ("BrowserStop", "Again", "Props", "Undo", "Select", "Copy", "Open", "Paste", "Find")),
    (137, ("Cut", "Help")),
    (163, ("MediaTrackNext", "MediaPlayPause", "MediaTrackPrevious", "MediaStop")),
    (183, tuple(f"F{n}" for n in range(13, 25))),
)
_EVDEV: Mapping[int, str] = {
    start + offset: name for start, names in _EVDEV_RUNS for offset, name in enumerate(names)
}

_MODIFIER_SYMBOLS = {
    "Alt_L": "alt",
    "Alt_R": "alt",
    "Meta_L": "alt",
    "Meta_R": "alt",
    "Super_L": "meta",
    "Super_R": "meta",
    "Hyper_L": "meta",
}


_TYPELESS = (
    *("Alt", "Arrow", "CapsLock", "Control", "Enter", "Escape", "Meta"),
    *("NumLock", "NumpadEnter", "Page", "Shift", "Tab"),
)


def may_type(code: str) -> bool:
    """Return whether a physical key may put a character into a field, or take one out.

    >>> may_type("KeyA"), may_type("ShiftLeft"), may_type("")
    (True, False, True)
    """
    return not code.startswith(_TYPELESS)


def code_of(keycode: int) -> str:
    """Return the W3C code of an X keycode, empty when it has none.

    >>> code_of(38), code_of(36), code_of(255)
    ('KeyA', 'Enter', '')
    """
    return _EVDEV.get(keycode - 8, "")


@cache
def _symbol_names() -> Mapping[int, str]:
    # python-xlib comes with the desktop extra only; where two names share a number the first
    # one is the X server's own
    names: dict[int, str] = {}
    groups = "latin1 latin2 latin3 latin4 greek cyrillic arabic hebrew thai katakana korean"
    for group in (*groups.split(), "technical", "publishing", "miscellany", "xkb", "xf86"):
        module = import_module(f"Xlib.keysymdef.{group}")
        for name, number in vars(module).items():
            if name.startswith(("XK_", "XF86")) and isinstance(number, int) and number:
                names.setdefault(number, name.removeprefix("XK_"))
    return names


def symbol_name(keysym: int) -> str:
    """Return the X name of a keysym: `a`, `Return`, `U4F60`; empty when there is none."""
    if not keysym:
        return ""
    if name := _symbol_names().get(keysym):
        return name
    return f"U{keysym - _UNICODE:04X}" if keysym >> 24 == 1 else f"0x{keysym:x}"


@cache
def _symbol_numbers() -> Mapping[str, int]:
    return {name: number for number, name in _symbol_names().items()}


def symbol_number(name: str) -> int:
    """Return the keysym of an X name, 0 when there is none."""
    return _symbol_numbers().get(name, 0)


def keysym_of(character: str) -> int:
    r"""Return the keysym that types one character.

    >>> hex(keysym_of("a")), hex(keysym_of("\n")), hex(keysym_of("你"))
    ('0x61', '0xff0d', '0x1004f60')
    """
    if control := {"\n": "Return", "\t": "Tab", "\b": "BackSpace", "\x1b": "Escape"}.get(character):
        return symbol_number(control)
    point = ord(character)
    return point if 0x20 <= point < 0x7F or 0xA0 <= point < 0x100 else _UNICODE | point


class Keymap:
    """What a server's keys mean at the moment it was read."""

    def __init__(self, connection: Any) -> None:
        setup = connection.display.info
        self.first = int(setup.min_keycode)
        count = setup.max_keycode - self.first + 1
        rows = connection.get_keyboard_mapping(self.first, count)
        self.rows: list[list[int]] = [list(row) for row in rows]
        self._bits = self._modifier_bits(connection)

    def modifiers(self, state: int) -> tuple[str, ...]:
        """Return which modifiers a core state mask says are held, sorted."""
        held = {name for bit, name in self._bits.items() if state & bit}
        return tuple(sorted(held))

    def keysym(self, keycode: int, state: int) -> int:
        """Return the symbol of a key under a core state mask: group, level 3, shift and locks."""
        row = self._row(keycode)
        group = (state >> _GROUP_SHIFT) & 3
        base = 2 if group == 1 and len(row) > 3 and (row[2] or row[3]) else 0
        if state & self._level3 and len(row) > base + 4 and row[base + 4]:
            base += 4
        plain = row[base] if len(row) > base else 0
        shifted = (row[base + 1] if len(row) > base + 1 else 0) or plain
        return shifted if self._is_shifted(plain, shifted, state) else plain

    def find(self, keysym: int) -> tuple[int, bool] | None:
        """Return the keycode that gives a symbol in the first group, and whether with shift."""
        for level in (0, 1) if keysym else ():
            for number, row in enumerate(self.rows):
                if len(row) > level and row[level] == keysym:
                    return self.first + number, level == 1
        return None

    def spare_keycodes(self) -> list[int]:
        """Return keycodes that mean nothing, the highest first."""
        return [self.first + n for n, row in enumerate(self.rows) if not any(row)][::-1]

    def _row(self, keycode: int) -> list[int]:
        number = keycode - self.first
        return self.rows[number] if 0 <= number < len(self.rows) else []

    def _is_shifted(self, plain: int, shifted: int, state: int) -> bool:
        shift = bool(state & SHIFT)
        if 0xFF80 <= shifted <= 0xFFBD:  # the keypad's digits and signs
            return shift != bool(state & self._numlock)
        # caps lock acts on letters only: pairs whose names differ in case alone
        names = symbol_name(plain), symbol_name(shifted)
        if state & LOCK and names[0] != names[1] and names[0].lower() == names[1].lower():
            return not shift
        return shift

    def _modifier_bits(self, connection: Any) -> dict[int, str]:
        bits = {SHIFT: "shift", CONTROL: "ctrl"}
        self._level3 = self._numlock = 0
        for number, keycodes in enumerate(connection.get_modifier_mapping()):
            symbols = {symbol_name(s) for code in keycodes if code for s in self._row(code) if s}
            bit = 1 << number
            if "ISO_Level3_Shift" in symbols or "Mode_switch" in symbols:
                self._level3 |= bit
            if "Num_Lock" in symbols:
                self._numlock |= bit
            for symbol in symbols & _MODIFIER_SYMBOLS.keys():
                bits.setdefault(bit, _MODIFIER_SYMBOLS[symbol])
        return bits
