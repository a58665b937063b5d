"""Words for synthetic pages: English from Python's own manual, made-up ones, numbers and marks."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pydoc_data.topics import topics  # pyright: ignore[reportMissingTypeStubs]
from random import Random

_ONSETS = ("", *"bcdfghjklmnpqrstvwxyz", "br", "ch", "cl", "dr", "fl", "gr", "pl", "qu", "sh", "st")
_VOWELS = (*"aeiou", "ae", "ai", "ea", "io", "ou", "y")
_CODAS = ("", "", *"lmnrst", "ck", "ff", "ll", "nd", "ng", "nt", "ss", "st", "x")
_ACCENTED = "ÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜßàáâäåæçèéêëíîïñóôöøùúûüœŠšŽžŁłŚśŻżČčŘřĞğŞşİı"
_MARKS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~€£§©®°±×÷«»·•…–—‘’“”→←↑↓✓✕★▲▼"  # noqa: RUF001 - these very ones
_ALIKE = "Il1|iO0oS5B8Z2rnmcluvwVWtfj.,:;'`"
_ENDS = (*("." * 6), *("," * 6), "!", "?", ":", ";", "…", "..", "...")


def word(rng: Random) -> str:
    """Return one word without spaces."""
    return rng.choices(_KINDS, _WEIGHTS)[0](rng)


def phrase(rng: Random, fewest: int = 1, most: int = 4) -> str:
    """Return a few words, as on a button or in a list."""
    said = " ".join(word(rng) for _ in range(rng.randint(fewest, most)))
    return said[:1].upper() + said[1:] if rng.random() < 0.5 else said


def sentence(rng: Random, words: int) -> str:
    """Return words with quotation marks, commas and full stops among them."""
    said: list[str] = []
    for _ in range(words):
        next_word = word(rng)
        chance = rng.random()
        if chance < 0.10:
            next_word = f'"{next_word}"'
        elif chance < 0.13:
            next_word = f"“{next_word}”"
        elif chance < 0.15:
            next_word = f"({next_word})"
        if rng.random() < 0.14:
            next_word += rng.choice(_ENDS)
        said.append(next_word)
    text = " ".join(said)
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=1)
def _english() -> tuple[str, ...]:
    found = {
        written for text in topics.values() for written in re.findall(r"[A-Za-z]{1,12}", str(text))
    }
    return tuple(sorted(found))


def _an_english(rng: Random) -> str:
    return _cased(rng, rng.choice(_english()))


def _made_up(rng: Random) -> str:
    syllables = rng.choices((1, 2, 3, 4), (3, 5, 3, 1))[0]
    parts = [rng.choice(kind) for _ in range(syllables) for kind in (_ONSETS, _VOWELS, _CODAS)]
    return _cased(rng, "".join(parts))


def _cased(rng: Random, text: str) -> str:
    chance = rng.random()
    if chance < 0.25:
        return text[:1].upper() + text[1:]
    if chance < 0.36:
        return text.upper()
    return text


def _random_letters(rng: Random) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    return "".join(rng.choice(letters) for _ in range(rng.randint(1, 8)))


def _alike(rng: Random) -> str:
    return "".join(rng.choice(_ALIKE) for _ in range(rng.randint(1, 6)))


def _with_marks(rng: Random) -> str:
    return "".join(
        rng.choice(_MARKS) if rng.random() < 0.5 else _made_up(rng)[:3]
        for _ in range(rng.randint(1, 3))
    )


def _accented(rng: Random) -> str:
    letters = [*_made_up(rng)]
    for _ in range(rng.randint(1, 2)):
        letters.insert(rng.randint(0, len(letters)), rng.choice(_ACCENTED))
    return "".join(letters)


def _number(rng: Random) -> str:
    whole = rng.randint(0, 10 ** rng.randint(1, 5))
    return rng.choice(
        (
            f"{whole}",
            f"{whole}",
            f"{whole % 100}.{rng.randint(0, 99):02}",
            f"{rng.randint(1, 12):02}/{rng.randint(1, 31):02}/{rng.randint(1950, 2040)}",
            f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}",
            f"${whole % 1000}",
            f"{whole % 101}%",
            f"#{whole}",
        )
    )


def _address(rng: Random) -> str:
    name = rng.choice(("", "@", "www.", "http://")) + _made_up(rng).lower()
    return name + rng.choice(("@", ".", "_", "-", "/")) + _made_up(rng).lower() + ".com"


_KINDS: tuple[Callable[[Random], str], ...] = (
    *(_an_english, _made_up, _random_letters, _alike, _with_marks, _accented, _number, _address),
)
_WEIGHTS = (44, 22, 10, 3, 3, 4, 11, 3)
