"""What an expert can see and reach: the page's document, behind the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol, TypeAlias

from recorder.schema import Action, Click, KeyChord, TypeText


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
  const { left, top, width, height } = element.getBoundingClientRect();
  const attributes = Object.fromEntries([...element.attributes].map((a) => [a.name, a.value]));
  const text = (element.innerText ?? element.textContent ?? "").replace(/\\s+/g, " ").trim();
  const shown = width > 0 && height > 0 && getComputedStyle(element).visibility !== "hidden";
  return { index, text, value: String(element.value ?? ""), checked: element.checked === true,
           focused: document.activeElement === element, shown,
           left, top, width, height, attributes };
})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """An element of the page and where it is, in px of the task area."""

    index: int
    """Place among the elements that the same selector found, hidden ones counted."""
    text: str
    value: str
    checked: bool
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
    found = [Spot(**one) for one in await page.read(_SPOTS, css)]
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
