"""Experts that decide one action at a time, by nothing but what the page shows now.

Each building block returns the next action toward something, or None where that is so already;
what is to be done one after the other is therefore written with `or`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from random import Random
from typing import TypeAlias

from harness.tasks.experts.dom import Expert, Page, Spot, click, hit, spot, spots
from recorder.schema import Action, Drag, KeyChord, ScrollBy, TypeText

Decision: TypeAlias = Callable[[Page], Awaitable[Action | None]]
"""Returns the next action, or None when nothing is left to do."""

Answers: TypeAlias = Callable[[Page], Awaitable[Mapping[str, str]]]
"""Returns what belongs into which field, by the selector of the field."""

_STUBBORNNESS = 25  # the same action so often in a row leads nowhere
_MARGIN_PX = 5
_EDGES = (159, 209)  # the last pixels of the task area

# Where an element is, and the box that scrolls it, if one does: [x, top, bottom, middle].
_SIGHT = """(css, index) => {
  const element = document.querySelectorAll(css)[index];
  const scrolls = (one) => one.scrollHeight > one.clientHeight + 1
    && /auto|scroll/.test(getComputedStyle(one).overflowY);
  let box = element.parentElement;
  while (box && !scrolls(box)) box = box.parentElement;
  if (!box) return null;
  const { left, top, width, height } = box.getBoundingClientRect();
  const own = element.getBoundingClientRect();
  return [left + width / 2, top, top + height, own.top + own.height / 2];
}"""

# How far a box can still be scrolled up and down, and where it is: [above, below, x, y].
_SCROLLED = """(css) => {
  const box = document.querySelector(css);
  const { left, top, width, height } = box.getBoundingClientRect();
  return [box.scrollTop, box.scrollHeight - box.clientHeight - box.scrollTop,
          left + width / 2, top + height / 2];
}"""

_SELECTED = """(css, index) => {
  const field = document.querySelectorAll(css)[index];
  if (field.value === "") return true;
  if (field.selectionStart === null) return false;
  return field.selectionStart === 0 && field.selectionEnd === field.value.length;
}"""


def deciding(decide: Decision) -> Expert:
    """Return the expert that asks for one action after another until there is none."""

    async def expert(page: Page, rng: Random) -> AsyncIterator[Action]:
        last, times = None, 0
        while action := await decide(page):
            times = times + 1 if action == last else 1
            if times > _STUBBORNNESS:
                return
            last = action
            yield action

    return expert


def form(answers: Answers, submit: str = "#subbtn") -> Expert:
    """Return the expert of a form: it fills each field, then presses the button."""

    async def decide(page: Page) -> Action | None:
        for css, text in (await answers(page)).items():
            if action := await filled(page, css, text):
                return action
        return await pressed(page, submit)

    return deciding(decide)


def quoted(goal: str) -> list[str]:
    """Return what stands in double quotes.

    >>> quoted('Enter "Kanesha" as "user".')
    ['Kanesha', 'user']
    """
    return re.findall(r'"([^"]*)"', goal)


def told(goal: str, pattern: str) -> re.Match[str]:
    """Return what a pattern finds in the goal.

    Raises:
        ValueError: nothing.
    """
    found = re.search(pattern, goal)
    if not found:
        raise ValueError(f"expected a goal like {pattern}, got {goal!r}")
    return found


def ordinal(goal: str) -> int:
    """Return the place that is asked for, from 1.

    >>> ordinal("Focus into the 3rd input textbox.")
    3
    """
    return int(told(goal, r"(\d+)(?:st|nd|rd|th)\b")[1])


async def pressed(page: Page, css: str, text: str | None = None) -> Action | None:
    """Click the first shown element of this text; None if there is none.

    It is scrolled into sight before; to one that the pointer cannot reach leads the Tab key.
    """
    found = await spot(page, css, text)
    if not found:
        return None
    if action := await scrolled_to(page, found) or await hit(page, found):
        return action
    return KeyChord(key="Enter" if found.focused else "Tab")


async def scrolled_to(page: Page, target: Spot) -> Action | None:
    """Scroll until the middle of an element is in sight."""
    sight = await page.read(_SIGHT, target.css, target.index)
    if sight is None:
        return None
    x, top, bottom, middle = sight
    if top + _MARGIN_PX <= middle <= bottom - _MARGIN_PX:
        return None
    center = int((top + bottom) / 2)
    return ScrollBy(x=int(x), y=center, dy=round(middle) - center, unit="pixel")


async def scrolled(page: Page, css: str, *, down: bool) -> Action | None:
    """Scroll a box to its end, or to its beginning."""
    above, below, x, y = await page.read(_SCROLLED, css)
    rest = below if down else above
    if rest < 1:
        return None
    return ScrollBy(x=int(x), y=int(y), dy=rest if down else -rest, unit="pixel")


async def filled(page: Page, css: str, text: str, index: int = 0) -> Action | None:
    """Bring a text field to hold a text: click it, select what is there, type."""
    field = next((found for found in await spots(page, css) if found.index == index), None)
    if not field or field.value == text:
        return None
    if not field.focused:
        return click(field)
    if await page.read(_SELECTED, css, index):
        return TypeText(text=text) if text else KeyChord(key="Delete")
    if field.attributes.get("type") == "number":  # does not tell what is selected
        return KeyChord(key="Backspace", count=len(field.value))
    return KeyChord(key="a", modifiers=("ctrl",))


def drag(start: tuple[int, int], end: tuple[int, int], points: int = 8) -> Drag:
    """Return a drag along a straight line, which ends at the edge of the page at the latest."""
    x, y = start
    to_x, to_y = (min(max(to, 0), most) for to, most in zip(end, _EDGES, strict=True))
    shares = [number / points for number in range(points + 1)]
    return Drag(
        path=tuple((round(x + (to_x - x) * part), round(y + (to_y - y) * part)) for part in shares)
    )
