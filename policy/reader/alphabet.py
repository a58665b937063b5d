"""The characters that a reader knows."""

from __future__ import annotations

CHARACTERS = (
    "".join(chr(code) for code in range(0x21, 0x7F))
    + "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ"
    + "ŒœŠšŽžŁłŚśŹźŻżČčŘřŽžĞğŞşİı"
    + "€£¥§©®°±×÷«»¿¡·•…–—‘’“”‹›→←↑↓✓✕★▲▼"  # noqa: RUF001 - these very ones
)
"""Without space; where one is written twice, the first place counts."""
CODES = {character: number for number, character in reversed([*enumerate(CHARACTERS, start=2)])}
"""The class of each."""
BLANK, SPACE = 0, 1
CLASSES = len(CHARACTERS) + 2


def codes_of(text: str) -> list[int]:
    """Return the class of each character, `BLANK` for those that a reader does not know."""
    return [CODES.get(character, BLANK) for character in text]


def character_of(code: int) -> str:
    """Return the character of a class other than `BLANK`."""
    return " " if code == SPACE else CHARACTERS[code - 2]
