"""What an expert can see and reach: the page's document, behind the screen."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, TypeAlias

from recorder.schema import Action, Click, KeyChord, ScrollBy, TypeText, Wait

_HEIGHT = 210
_TABS = 30  # more stops than any page has
_ANIMATION_MS = 300


class Page(Protocol):
    """A task page as experts see it."""

    @property
    def goal(self) -> str:
        """The instruction in words."""
        ...

    async def read(self, function: str, *values: Any) -> Any:
        """Return what a JavaScript function returns that is run in the page's own world."""
        ...


Expert: TypeAlias = Callable[[Page, Random], AsyncIterator[Action]]
"""Yields one action after another; looks again before each, and can be started in any state that an
agent may have left: ticked boxes, filled fields, open menus."""

_SPOTS = """(css) => [...document.querySelectorAll(css)].map((element, index) => {
  const lines = [...element.getClientRects()].sort((a, b) => b.width - a.width); // wrapped links
  const { left, top, width, height } = lines[0] ?? element.getBoundingClientRect();
  const attributes = Object.fromEntries([...element.attributes].map((a) => [a.name, a.value]));
  const text = (element.innerText ?? element.textContent ?? "").replace(/\\s+/g, " ").trim();
  const shown = width > 0 && height > 0 && getComputedStyle(element).visibility !== "hidden";
  return { index, text, value: String(element.value ?? ""),
           checked: element.checked === true || element.selected === true,
           focused: document.activeElement === element, shown,
           left, top, width, height, attributes };
})"""
# a pixel of an element, near its middle, where nothing else is on top of it
_REACH = """(css, index) => {
  const element = document.querySelectorAll(css)[index];
  const { left, top, width, height } = element.getBoundingClientRect();
  const isMine = ([x, y]) => x >= 0 && y >= 0 && x < 160 && y < 210
    && element.contains(document.elementFromPoint(x, y));
  const steps = [0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2, 0.9, 0.1];
  const pixels = steps.flatMap((v) => steps.map((u) => [left + u * width, top + v * height]));
  return pixels.map((pixel) => pixel.map(Math.floor)).find(isMine) ?? null;
}"""

_TAB_INDEX = "(css, index) => document.querySelectorAll(css)[index].tabIndex"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """An element of the page and where it is, in px of the task area."""

    css: str
    """The selector that found it."""
    index: int
    """Place among the elements that the same selector found, hidden ones counted."""
    text: str
    value: str
    checked: bool
    """Ticked or, of an option, selected."""
    focused: bool
    shown: bool
    left: float
    top: float
    width: float
    height: float
    attributes: Mapping[str, str]

    @property
    def center(self) -> tuple[int, int]:
        """The pixel in the middle."""
        return int(self.left + self.width / 2), int(self.top + self.height / 2)


async def spots(page: Page, css: str) -> list[Spot]:
    """Return the elements that a selector finds and that are shown, in document order."""
    found = [Spot(css=css, **one) for one in await page.read(_SPOTS, css)]
    return [spot for spot in found if spot.shown]


async def spot(page: Page, css: str, text: str | None = None) -> Spot | None:
    """Return the first shown element that a selector finds, of this text when one is given."""
    for found in await spots(page, css):
        if text is None or found.text == text:
            return found
    return None


def click(target: Spot) -> Click:
    """Return a click in the middle of an element."""
    x, y = target.center
    return Click(x=x, y=y)


async def hit(page: Page, target: Spot) -> Click | None:
    """Return a click on an element where it is on top, or None where all of it is covered."""
    found = await page.read(_REACH, target.css, target.index)
    return Click(x=found[0], y=found[1]) if found else None


async def press(page: Page, target: Spot, key: str = "Enter") -> AsyncIterator[Action]:
    """Click an element, or press `key` on it where only Tab leads to it."""
    if action := await hit(page, target):
        yield action
        return
    if await page.read(_TAB_INDEX, target.css, target.index) < 0:
        return
    for _ in range(_TABS):
        if any(one.focused and one.index == target.index for one in await spots(page, target.css)):
            yield KeyChord(key=key)
            return
        yield KeyChord(key="Tab")


async def submit(page: Page) -> AsyncIterator[Action]:
    """Press the button that hands in what was done, whatever it says."""
    if button := await spot(page, "#area .secondary-action"):
        async for action in press(page, button):
            yield action


async def scroll_to(page: Page, target: Spot, frame: Spot) -> AsyncIterator[Action]:
    """Scroll a frame until an element in it shows, if it does not."""
    top, bottom = max(frame.top, 0), min(frame.top + frame.height, _HEIGHT)
    if target.top < top or target.top + target.height > bottom:
        x, y = frame.center[0], int((top + bottom) / 2)
        above = target.top - top
        below = target.top + target.height - bottom
        dy = math.floor(above) if above < 0 else math.ceil(below)
        yield ScrollBy(x=x, y=y, dy=dy, unit="pixel")


async def rest(page: Page) -> AsyncIterator[Action]:
    """Wait while the page animates something."""
    while await page.read("() => (window.jQuery?.timers.length ?? 0) > 0"):
        yield Wait(duration_ms=_ANIMATION_MS)


async def fill(page: Page, css: str, text: str, index: int = 0) -> AsyncIterator[Action]:
    """Bring a text field to hold `text`: click it, clear what is there, type."""
    field = (await spots(page, css))[index]
    if field.value == text:
        return
    yield click(field)
    if (await spots(page, css))[index].value:
        yield KeyChord(key="a", modifiers=("ctrl",))
        if not text:
            yield KeyChord(key="Delete")
    if text:
        yield TypeText(text=text)
