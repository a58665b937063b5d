"""Pages on which something is to be unfolded first: tabs, sections, menus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, Spot, click, press, rest, spot, spots, submit
from recorder.schema import Action, Move, Wait

_PIE_SIGN = "text[id$=spreadertitle]"
_PIE_ITEMS = "text[id*=-title-]"
_PIE_MS = 500
_HOVER_MS = 400  # a menu opens what the pointer rests on after 300


async def link_in_folds(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Open one tab or section after another until the link shows, and click it."""
    wanted = page.goal.split('"')[1]
    opened: set[int] = set()
    async for action in rest(page):
        yield action
    while not (link := await spot(page, ".alink", wanted)):
        closed = [fold for fold in await _closed(page) if fold.index not in opened]
        if not closed:
            return
        opened.add(closed[0].index)
        async for action in _unfold(page, closed[0]):
            yield action
    async for action in press(page, link):
        yield action


async def expand(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Expand the only section and submit."""
    for fold in await _closed(page):
        async for action in _unfold(page, fold):
            yield action
    async for action in submit(page):
        yield action


async def _closed(page: Page) -> list[Spot]:
    folds = await spots(page, "[role=tab]")
    return [fold for fold in folds if fold.attributes["aria-expanded"] != "true"]


async def _unfold(page: Page, fold: Spot) -> AsyncIterator[Action]:
    async for action in press(page, fold):
        yield action
    async for action in rest(page):
        yield action


async def nested_menu(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Rest the pointer on one menu item after another of a path, and click the last."""
    *ancestors, last = page.goal.removeprefix("Select ").split(">")
    menu = "#menu"
    for name in ancestors:
        item = await spot(page, f"{menu} > li > div", name)
        assert item
        menu = f"{menu} > li:nth-child({item.index + 1}) > ul"
        if not await spot(page, menu):
            async for action in _hover(item):
                yield action
    if item := await spot(page, f"{menu} > li > div", last):
        async for action in press(page, item):
            yield action


async def menu_of_icons(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Open the menu and its submenu where needed, and click the item of a label or an icon."""
    if not await spot(page, "#menu") and (button := await spot(page, "#open-menu")):
        async for action in press(page, button):
            yield action
    icon = await page.read("() => document.querySelector('#query .ui-icon')?.classList[1] ?? ''")
    css = f"#menu div:has(> .{icon})" if icon else "#menu div"
    label = None if icon else page.goal.split('"')[-2]
    if not await spot(page, css, label) and (folded := await spot(page, "#menu div", "Playback")):
        async for action in _hover(folded):
            yield action
    if item := await spot(page, css, label):
        async for action in press(page, item):
            yield action


async def _hover(item: Spot) -> AsyncIterator[Action]:
    x, y = item.center
    yield Move(x=x, y=y)
    yield Wait(duration_ms=_HOVER_MS)


async def pie_menu(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Expand a pie menu, wait until it stands still and click an item."""
    if (sign := await spot(page, _PIE_SIGN)) and sign.text == "+":
        yield click(sign)
    before = None
    while (item := await spot(page, _PIE_ITEMS, page.goal.split('"')[1])) != before:
        before = item
        yield Wait(duration_ms=_PIE_MS)
    if item:
        async for action in press(page, item):
            yield action


EXPERTS: dict[str, Expert] = {
    "click-collapsible": expand,
    "click-collapsible-2": link_in_folds,
    "click-collapsible-2-nodelay": link_in_folds,
    "click-collapsible-nodelay": expand,
    "click-menu": nested_menu,
    "click-menu-2": menu_of_icons,
    "click-pie": pie_menu,
    "click-pie-nodelay": pie_menu,
    "click-tab-2": link_in_folds,
    "click-tab-2-easy": link_in_folds,
    "click-tab-2-hard": link_in_folds,
    "click-tab-2-medium": link_in_folds,
}
