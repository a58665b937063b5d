"""Experts for pages about numbers: to be found, guessed, waited for, marked, drawn."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.deciding import deciding, filled, pressed, quoted, told
from harness.tasks.experts.dom import Expert, Page, click, spot, spots
from recorder.schema import Action, Wait

_GREATEST = 9
_TICK_MS = 100
_STEP_DOLLARS = 1.5  # by which a price changes at most in a tick


async def find_greatest(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Turn each card, then turn the greatest again."""
    numbers: list[int] = []
    for index in range(len(await spots(page, ".card"))):
        yield click((await spots(page, ".card"))[index])
        numbers.append(int((await spots(page, ".card"))[index].text))
    best = (await spots(page, ".card"))[numbers.index(max(numbers))]
    if "hidden" in best.attributes["class"]:
        yield click(best)
    if button := await spot(page, "#submit"):
        yield click(button)


async def guess_number(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Halve what is still possible with each guess."""
    low, high = 0, _GREATEST
    while low <= high:
        low, high = await _possible(page, low, high)
        guess = (low + high) // 2
        while action := await filled(page, "#tt", str(guess)):
            yield action
        if button := await spot(page, "#subbtn"):
            yield click(button)


async def _possible(page: Page, low: int, high: int) -> tuple[int, int]:
    feedback = await spot(page, "#feedback div")
    found = re.search(r"(lower|higher) than (\d+)", feedback.text if feedback else "")
    if not found:
        return low, high
    guess = int(found[2])
    return (low, min(high, guess - 1)) if found[1] == "lower" else (max(low, guess + 1), high)


async def _generated(page: Page) -> Action | None:
    """Have numbers made until one will do."""
    shown = (await spots(page, "#display-number"))[0].text
    is_right = shown.isdigit() and _suits(int(shown), page.goal)
    return await pressed(page, "#submit" if is_right else "#generate")


def _suits(number: int, goal: str) -> bool:
    if found := re.search(r"(less|greater) than (\d+)", goal):
        return number < int(found[2]) if found[1] == "less" else number > int(found[2])
    return number % 2 == ("odd" in goal)


async def _parity(page: Page) -> Action | None:
    """Mark each number as odd or even."""
    for row, number in enumerate(await spots(page, ".display-number"), start=1):
        button = f"#numbers .row:nth-child({row}) .{'odd' if int(number.text) % 2 else 'even'}"
        if not await spot(page, f"{button}.selected"):
            return await pressed(page, button)
    return await pressed(page, "#submit")


async def _drawn_number(page: Page) -> Action | None:
    """Tick the boxes as in the picture, which the page keeps as a pattern too."""
    rows = await page.read("(digit) => PATTERNS[digit]", int(quoted(page.goal)[0]))
    pattern = [bool(one) for row in rows for one in row]
    for box, is_dark in zip(await spots(page, "#checkboxes input"), pattern, strict=True):
        if box.checked != is_dark:
            return click(box)
    return await pressed(page, "#subbtn")


async def _stock(page: Page) -> Action | None:
    """Wait for the price; while it is far off there is no need to look at each tick."""
    price = await spot(page, "#stock-price")
    if not price:
        return Wait(duration_ms=_TICK_MS)
    highest = told(page.goal, r"less than \$([\d.]+)\.")[1]
    above = float(price.text.lstrip("$")) - float(highest)
    if above <= 0:
        return await pressed(page, "#buy")
    return Wait(duration_ms=_TICK_MS * max(1, math.ceil(above / _STEP_DOLLARS)))


EXPERTS: dict[str, Expert] = {
    "find-greatest": find_greatest,
    "generate-number": deciding(_generated),
    "guess-number": guess_number,
    "number-checkboxes": deciding(_drawn_number),
    "odd-or-even": deciding(_parity),
    "stock-market": deciding(_stock),
}
