"""Pages on which a flight is to be searched for and booked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random

from harness.tasks.experts.calendars import pick_date
from harness.tasks.experts.dom import Expert, Page, click, press, scroll_to, spot, spots
from recorder.schema import Action, KeyChord, TypeText, Wait

_SUGGESTION_MS = 400  # suggestions come 300 after the last key
_PRICE = (".flight-price", "data-price")
_DURATION = (".time-duration", "data-duration")
_SEARCHED = "() => ['flight-from', 'flight-to', 'datepicker'].map((id) => window[id].value)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    is_cheapest: bool
    origin: str
    destination: str
    date: str


async def book_flight(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Search for flights, look through them and book the cheapest or the shortest."""
    wanted = _wanted(page.goal)
    back = await spot(page, "#menu-back")
    if back and not await _is_searched(page, wanted):
        async for action in press(page, back):
            yield action
    if not await spot(page, "#results"):
        async for action in _search(page, wanted):
            yield action
    async for action in _book(page, wanted):
        yield action


def _wanted(goal: str) -> _Wanted:
    found = re.search(r"the (\w+) one-way flight from: (.*) to: (.*) on (.*)\.", goal)
    assert found
    extreme, origin, destination, date = found.groups()
    return _Wanted(
        is_cheapest=extreme == "cheapest", origin=origin, destination=destination, date=date
    )


async def _is_searched(page: Page, wanted: _Wanted) -> bool:
    origin, destination, date = await page.read(_SEARCHED)
    return wanted.origin in origin and wanted.destination in destination and wanted.date == date


async def _search(page: Page, wanted: _Wanted) -> AsyncIterator[Action]:
    async for action in _complete(page, "#flight-from", wanted.origin):
        yield action
    async for action in _complete(page, "#flight-to", wanted.destination):
        yield action
    async for action in pick_date(page, wanted.date):
        yield action
    if search := await spot(page, "#search"):
        async for action in press(page, search):
            yield action


async def _complete(page: Page, css: str, place: str) -> AsyncIterator[Action]:
    """Bring a field to hold an airport that is known by its city or code."""
    field = await spot(page, css)
    assert field
    if place in field.value and field.value.endswith(")"):
        return
    yield click(field)
    if field.value:
        yield KeyChord(key="a", modifiers=("ctrl",))
    yield TypeText(text=place)
    while not (rank := await _rank(page, place)):
        yield Wait(duration_ms=_SUGGESTION_MS)
    yield KeyChord(key="ArrowDown", count=rank)
    yield KeyChord(key="Enter")


async def _rank(page: Page, place: str) -> int:
    names = [found.text for found in await spots(page, ".ui-autocomplete li")]
    return next((rank for rank, name in enumerate(names, 1) if place in name), 0)


async def _book(page: Page, wanted: _Wanted) -> AsyncIterator[Action]:
    css, attribute = _PRICE if wanted.is_cheapest else _DURATION
    amounts = [int(found.attributes[attribute]) for found in await spots(page, css)]
    best = amounts.index(min(amounts))
    for number in (*range(len(amounts)), best):
        async for action in _bring(page, number):
            yield action
    async for action in press(page, (await spots(page, ".flight-price"))[best]):
        yield action


async def _bring(page: Page, number: int) -> AsyncIterator[Action]:
    area = await spot(page, "#area")
    assert area
    async for action in scroll_to(page, (await spots(page, ".flight-price"))[number], area):
        yield action


EXPERTS: dict[str, Expert] = {"book-flight": book_flight, "book-flight-nodelay": book_flight}
