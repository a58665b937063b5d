"""Text from pages, titles, addresses and policies, made fit to be shown to a person.

Whatever is on an agent's screen may have been written by somebody who wants to reach the person
behind it. A `Shown` holds nothing that a terminal interprets, nothing that cannot be seen, and
nothing that turns the order of what is seen; it cannot be made otherwise, not even by decoding.
What is markup to a widget is plain text here: widgets must not be asked to read it.
"""

from __future__ import annotations

import unicodedata
from typing import ClassVar

import msgspec

_MOST = 300
_READ_AT_MOST = 8
"""Characters read for each one kept: what hides a megabyte behind it is cut unread."""
_MARKS_A_LETTER = 2
_UNSEEN = "\N{REPLACEMENT CHARACTER}"
_CUT = "…"
_PICTURES = 0x2400  # a picture of each control character stands at its number from here
_DELETE_PICTURE = "\N{SYMBOL FOR DELETE}"
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me", "Mc"})
# letters and marks by name that are drawn as nothing
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text that may be shown as it stands, in one line.

    Raises:
        ValueError: it holds what must not be shown; use `shown`.
    """

    text: str = ""

    MOST: ClassVar[int] = 4000
    """Characters of the longest; `shown` cuts earlier unless told otherwise."""

    def __post_init__(self) -> None:
        # ASCII first: it is what most text is, and the check is then one look
        if self.text.isascii() and self.text.isprintable() and len(self.text) <= self.MOST:
            return
        if len(self.text) > self.MOST or _cleaned(self.text, self.MOST) != self.text:
            raise ValueError("text that was not made fit to be shown")

    def __str__(self) -> str:
        return self.text


NOTHING = Shown()


def shown(text: str, most: int = _MOST) -> Shown:
    r"""Return untrusted text as it may be shown.

    Control characters become pictures of themselves, other unseen ones a mark, several in a row
    one mark; spaces of any width become plain ones; a letter keeps two marks at most.

    Args:
        text: from anywhere; lone surrogates are allowed.
        most: characters to keep.

    >>> shown("Inbox\x1b]52;c;aGk=\x07 \u202egnp.exe\n").text
    'Inbox␛]52;c;aGk=␇ �gnp.exe␊'
    """
    return Shown(_cleaned(text, min(most, Shown.MOST)))


def is_fit(text: str, most: int = _MOST) -> bool:
    r"""Say whether text may be shown as it stands.

    >>> is_fit("miniwob-click-test/7//"), is_fit("a\x1b[2J")
    (True, False)
    """
    return len(text) <= most and _cleaned(text, most) == text


def _cleaned(text: str, most: int) -> str:
    if text.isascii() and text.isprintable() and len(text) <= most:
        return text
    kept: list[str] = []
    marks = 0
    read = text[: most * _READ_AT_MOST]
    for sign in read:
        seen = _seen(sign)
        if not seen or (seen == _UNSEEN and kept[-1:] == [_UNSEEN]):
            continue
        is_mark = unicodedata.category(seen) in _MARKS
        marks = marks + 1 if is_mark else 0
        if marks > _MARKS_A_LETTER or (is_mark and not kept):
            continue
        kept.append(seen)
        if len(kept) > most:
            break
    if len(kept) > most or len(read) < len(text):
        kept[most - 1 :] = _CUT
    return "".join(kept)


def _seen(sign: str) -> str:
    """Return what stands for a character; nothing for what only changes how another looks."""
    if " " <= sign <= "~":
        return sign
    code = ord(sign)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return _DELETE_PICTURE
    if sign in _BLANKS:
        return ""
    category = unicodedata.category(sign)
    if category == "Zs":
        return " "
    return _UNSEEN if category in _HIDDEN else sign
