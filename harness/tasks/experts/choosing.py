"""Pages on which boxes, options or patches are chosen and then submitted."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import TypeAlias

from harness.tasks.experts.dom import (
    Expert,
    Page,
    Spot,
    click,
    hit,
    press,
    scroll_to,
    spot,
    spots,
    submit,
)
from recorder.schema import Action, Click, KeyChord, TypeText

_Search: TypeAlias = Callable[[], Awaitable[Spot | None]]

_MOST = 30  # more boxes or patches than any page has


async def checkboxes(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Tick the boxes that the goal names, clear the others and submit."""
    async for action in _tick(page, _named(page)):
        yield action


async def similar_checkboxes(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Tick the boxes whose words mean the same as those that the goal names, and submit."""
    groups: list[list[str]] = await page.read("() => SYNONYMS")
    named = set(_named(page))
    similar = [word for group in groups if named & set(group) for word in group]
    async for action in _tick(page, similar):
        yield action


async def _tick(page: Page, names: Sequence[str]) -> AsyncIterator[Action]:
    async def wrong() -> Spot | None:
        labels = await spots(page, "#area label")
        boxes = await spots(page, "#area label input")
        pairs = zip(labels, boxes, strict=True)
        return next((box for label, box in pairs if box.checked != (label.text in names)), None)

    async for action in _corrected(page, wrong):
        yield action
    async for action in submit(page):
        yield action


async def _corrected(page: Page, wrong: _Search) -> AsyncIterator[Action]:
    for _ in range(_MOST):
        if not (target := await wrong()):
            return
        async for action in press(page, target, key=" "):
            yield action


async def option(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Choose the radio button that the goal names, and submit."""
    label = await spot(page, "#area label", _named(page)[0])
    assert label
    radio = (await spots(page, "#area label input"))[label.index]
    if not radio.checked:
        async for action in press(page, radio, key=" "):
            yield action
    async for action in submit(page):
        yield action


async def shades(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Select all patches of a colour, and submit."""
    found = re.search(r"shades of (\w+)", page.goal)
    color = found[1] if found else ""

    async def wrong() -> Spot | None:
        for patch in await spots(page, "#area span"):
            is_selected = patch.attributes.get("class") == "selected"
            if is_selected != (patch.attributes["data-color"] == color):
                return patch
        return None

    async for action in _corrected(page, wrong):
        yield action
    async for action in submit(page):
        yield action


async def drop_down(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Open a list, type the option that the goal names, and submit."""
    name = _named(page)[0]
    if await _ahead(page, name):
        box = await spot(page, "#options")
        assert box
        if not box.focused:
            yield click(box)
        yield TypeText(text=name)
        yield KeyChord(key="Enter")
    if ahead := await _ahead(page, name):  # another option begins with the same letters
        yield KeyChord(key="ArrowDown" if ahead > 0 else "ArrowUp", count=abs(ahead))
    async for action in submit(page):
        yield action


async def _ahead(page: Page, name: str) -> int:
    """Return how many options lie between the chosen one and another."""
    names: list[str] = await page.read("() => [...options.options].map((o) => o.text)")
    chosen: int = await page.read("() => options.selectedIndex")
    return names.index(name) - chosen


async def scroll_list(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Select one or more options of a list that shows only some, and submit."""
    names = _named(page)
    while name := await _next_option(page, names):
        box = await spot(page, "#options")
        target = await spot(page, "#options option", name)
        assert box
        assert target
        async for action in scroll_to(page, target, box):
            yield action
        chosen = {found.text for found in await spots(page, "#options option") if found.checked}
        # a click alone clears what else is selected
        modifiers = ("ctrl",) if chosen and chosen <= set(names) else ()
        place = await hit(page, target)
        if not place:
            return
        yield Click(x=place.x, y=place.y, modifiers=modifiers)
    async for action in submit(page):
        yield action


async def _next_option(page: Page, names: Sequence[str]) -> str | None:
    chosen = [found.text for found in await spots(page, "#options option") if found.checked]
    if set(chosen) - set(names):
        return names[0]
    return next((name for name in names if name not in chosen), None)


def _named(page: Page) -> list[str]:
    pattern = r"Select (?:words similar to )?(.*?)(?: from the (?:scroll )?list)? and click Submit"
    found = re.search(pattern, page.goal)
    return found[1].split(", ") if found else []


EXPERTS: dict[str, Expert] = {
    "choose-list": drop_down,
    "click-checkboxes": checkboxes,
    "click-checkboxes-large": checkboxes,
    "click-checkboxes-soft": similar_checkboxes,
    "click-checkboxes-transfer": checkboxes,
    "click-option": option,
    "click-scroll-list": scroll_list,
    "click-shades": shades,
}
