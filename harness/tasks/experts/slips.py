"""Slips: what people do by mistake although they know better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from harness.tasks.experts.dom import Page
from recorder.schema import Action, Click, TypeText

_MISS_PX = (2, 6)  # beyond the edge
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = """(x, y) => {
  const box = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { left, top, width, height };
  };
  const hit = document.elementFromPoint(x, y);
  if (!hit) return [];
  const alike = [...document.querySelectorAll(hit.localName)];
  return [hit, ...alike.filter((other) => other !== hit && !other.contains(hit))].map(box);
}"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an element is, in px."""

    left: float
    top: float
    width: float
    height: float

    @property
    def center(self) -> tuple[int, int]:
        """The pixel in the middle."""
        return int(self.left + self.width / 2), int(self.top + self.height / 2)


class Slips:
    """Turns some actions into slips.

    Args:
        rate: share of clicks and texts that go wrong.
        rng: the same gives the same slips.
        area: width and height of the page.
    """

    def __init__(self, rate: float, rng: Random, area: tuple[int, int]) -> None:
        self._rate = rate
        self._rng = rng
        self._area = area

    async def instead(self, page: Page, action: Action) -> Action | None:
        """Return what is done in place of an action, None when nothing goes wrong."""
        if not isinstance(action, Click | TypeText) or self._rng.random() >= self._rate:
            return None
        if isinstance(action, TypeText):
            return replace(action, text=typo(action.text, self._rng))
        found = [Target(**box) for box in await page.read(_NEIGHBOURS, action.x, action.y)]
        x, y = self._elsewhere(action, found)
        width, height = self._area
        return replace(action, x=min(max(0, x), width - 1), y=min(max(0, y), height - 1))

    def _elsewhere(self, action: Click, found: Sequence[Target]) -> tuple[int, int]:
        width, height = self._area
        others = sorted(
            (
                target.center
                for target in found[1:]
                if target.width and 0 <= target.center[0] < width and 0 <= target.center[1] < height
            ),
            key=lambda place: (place[0] - action.x) ** 2 + (place[1] - action.y) ** 2,
        )
        if others and self._rng.random() < 0.5:
            return self._rng.choice(others[:2])
        hit = found[0] if found else Target(action.x, action.y, 1, 1)
        beyond = self._rng.randint(*_MISS_PX)
        return self._rng.choice(
            [
                (int(hit.left) - beyond, action.y),
                (int(hit.left + hit.width) + beyond, action.y),
                (action.x, int(hit.top) - beyond),
                (action.x, int(hit.top + hit.height) + beyond),
            ]
        )


def typo(text: str, rng: Random) -> str:
    """Return a text with one character next to the right key, doubled, left out or swapped.

    >>> typo("hello", Random(1)) != "hello"
    True
    """
    place = rng.randrange(len(text))
    before, character, after = text[:place], text[place], text[place + 1 :]
    wrong = _beside(character, rng)
    kinds = [wrong, character * 2, "" if len(text) > 1 else wrong]
    if after and after[0] != character:
        return rng.choice([before + kind + after for kind in kinds] + [_swapped(text, place)])
    return before + rng.choice(kinds) + after


def _swapped(text: str, place: int) -> str:
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _beside(character: str, rng: Random) -> str:
    for row in _ROWS:
        place = row.find(character.lower())
        if place >= 0:
            beside = rng.choice(
                [row[near] for near in (place - 1, place + 1) if 0 <= near < len(row)]
            )
            return beside.upper() if character.isupper() else beside
    return character * 2
