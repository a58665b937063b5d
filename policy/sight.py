"""What of a screen a policy is shown: all of it, or less, to see what it goes by."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from random import Random

from recorder.schema import Element


class Sight(StrEnum):
    """How much of a screen is shown."""

    WHOLE = "whole"
    BLIND = "blind"
    """Neither pixels nor elements: what is done then is merely recited."""
    SCRAMBLED = "scrambled"
    """What elements say is in other letters, but for the goal: who reads is lost then."""


def scrambled(elements: Sequence[Element]) -> tuple[Element, ...]:
    """Return elements whose words are in other letters, the same each time."""
    return tuple(
        replace(each, name=_other(each.name), text=_other(each.text), value=_other(each.value))
        for each in elements
    )


@lru_cache(maxsize=4096)
def _other(said: str) -> str:
    return " ".join(map(_other_word, said.split(" ")))


def _other_word(word: str) -> str:
    chance = Random(word)
    return "".join(_other_character(each, chance) for each in word)


def _other_character(character: str, chance: Random) -> str:
    for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits):
        if character in kind:
            return chance.choice(kind.replace(character, ""))
    return character
