"""Pages on which one thing, or one after another, is to be found and clicked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, press, spot, spots
from recorder.schema import Action

_MEASURES = {"cost": (".buy-ticket", "data-price"), "duration": (".time-duration", "data-duration")}
_QUOTED = r'"(.*)"'


def _named(css: str, pattern: str) -> Expert:
    async def expert(page: Page, rng: Random) -> AsyncIterator[Action]:
        """Click the element whose text is what `pattern` finds in the goal."""
        if target := await spot(page, css, _wanted(page, pattern)):
            async for action in press(page, target):
                yield action

    return expert


def _marked(css: str, pattern: str = "()") -> Expert:
    async def expert(page: Page, rng: Random) -> AsyncIterator[Action]:
        """Click the element that `css` finds, completed by what `pattern` finds in the goal."""
        if target := await spot(page, css.format(_wanted(page, pattern))):
            async for action in press(page, target):
                yield action

    return expert


def _wanted(page: Page, pattern: str) -> str:
    found = re.search(pattern, page.goal)
    return found[1] if found else ""


async def dialog_button(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click a button of a dialog by its label, or its close button, whose label is an x."""
    label = _wanted(page, _QUOTED)
    is_close = label == "x"
    css = f".ui-dialog-{'titlebar' if is_close else 'buttonset'} button"
    if target := await spot(page, css, None if is_close else label):
        async for action in press(page, target):
            yield action


async def button_sequence(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click button ONE, then button TWO."""
    while (clicked := await page.read("() => buttonsPushed.length")) < 2:
        target = await spot(page, "#area button", ("ONE", "TWO")[clicked])
        assert target
        async for action in press(page, target):
            yield action


async def ascending_numbers(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click 1, which hides the other numbers behind squares, then those in ascending order."""
    if one := await spot(page, "#area text", "1"):
        async for action in press(page, one):
            yield action
    for _ in await spots(page, "#area rect"):  # they stand in the order of their numbers
        if square := await spot(page, "#area rect"):
            async for action in press(page, square):
                yield action


async def buy_ticket(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Buy the ticket that costs or lasts the least or the most."""
    extreme, measure = _wanted(page, r"with the (.*)\.").rsplit(" ", 1)
    css, attribute = _MEASURES[measure]
    amounts = [int(found.attributes[attribute]) for found in await spots(page, css)]
    best = (max if extreme in ("longest", "most expensive") else min)(amounts)
    target = (await spots(page, ".buy-ticket"))[amounts.index(best)]
    async for action in press(page, target):
        yield action


EXPERTS: dict[str, Expert] = {
    "ascending-numbers": ascending_numbers,
    "buy-ticket": buy_ticket,
    "click-button": _named("#area button", _QUOTED),
    "click-button-sequence": button_sequence,
    "click-color": _marked('#area [data-color="{}"]', r"on the (\w+) colored"),
    "click-dialog": _marked(".ui-dialog-titlebar button"),
    "click-dialog-2": dialog_button,
    "click-link": _named(".alink", _QUOTED),
    "click-tab": _named("#area ul a", r"on (Tab #\d)"),
    "click-test": _marked("#area button"),
    "click-test-2": _named("#area button", r"button (\w+)"),
    "click-test-transfer": _named("#area button", r"button (\w+)"),
    "click-widget": _marked('[data-type="{}"]', _QUOTED),
}
