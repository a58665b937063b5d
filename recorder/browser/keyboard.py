"""The keys of a US keyboard, as W3C UI Events names them."""

from __future__ import annotations

MODIFIERS = {"alt": "Alt", "ctrl": "Control", "meta": "Meta", "shift": "Shift"}
"""DOM `key` of each modifier."""

_PUNCTUATION = {
    "`~": "Backquote",
    "-_": "Minus",
    "=+": "Equal",
    "[{": "BracketLeft",
    "]}": "BracketRight",
    "\\|": "Backslash",
    ";:": "Semicolon",
    "'\"": "Quote",
    ",<": "Comma",
    ".>": "Period",
    "/?": "Slash",
}
_SHIFTED_DIGITS = ")!@#$%^&*("
_CODES = {
    **{character: code for pair, code in _PUNCTUATION.items() for character in pair},
    **{character: f"Digit{digit}" for digit, character in enumerate(_SHIFTED_DIGITS)},
    **{str(digit): f"Digit{digit}" for digit in range(10)},
    " ": "Space",
    "\n": "Enter",
    "\r": "Enter",
    **{name: f"{name}Left" for name in MODIFIERS.values()},
}
_SHIFTED = {
    **{pair[0]: pair[1] for pair in _PUNCTUATION},
    **{str(digit): character for digit, character in enumerate(_SHIFTED_DIGITS)},
}


def code_of(key: str) -> str:
    """Return the physical key that gives a DOM `key`, empty when none does.

    >>> code_of("q"), code_of("?"), code_of("Enter"), code_of("Shift"), code_of("é")
    ('KeyQ', 'Slash', 'Enter', 'ShiftLeft', '')
    """
    if len(key) == 1 and key.isascii() and key.isalpha():
        return f"Key{key.upper()}"
    if key in _CODES:
        return _CODES[key]
    return key if len(key) > 1 and key.isascii() else ""


def shifted(key: str) -> str:
    """Return the DOM `key` of the same physical key while Shift is held.

    >>> shifted("q"), shifted("/"), shifted("Q"), shifted("Enter")
    ('Q', '?', 'Q', 'Enter')
    """
    return key.upper() if len(key) == 1 and key.isalpha() else _SHIFTED.get(key, key)
