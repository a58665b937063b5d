"""Pages with a calendar: a day to choose, or an event to draw."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random

from harness.tasks.experts.dom import Expert, Page, Spot, click, fill, press, rest, spot, spots, submit
from recorder.schema import Action, Drag, KeyChord, ScrollBy

_MONTHS = "January February March April May June July August September October November December"
_TOP_PX = 70  # an event that begins here leaves room for the form below it
_SLACK_PX = 20
_NUDGE_PX = 3  # a drag begins with the first move


async def choose_date(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Choose a day and submit."""
    async for action in pick_date(page, page.goal.split()[1]):
        yield action
    async for action in submit(page):
        yield action


async def pick_date(page: Page, date: str) -> AsyncIterator[Action]:
    """Bring the page's date field to hold `date`, which is written as 12/31/2016."""
    month, day, year = (int(part) for part in date.split("/"))
    field = await spot(page, "#datepicker")
    assert field
    if field.value == date:
        return
    if not await spot(page, "#ui-datepicker-div"):
        # a click opens the calendar only where it brings the focus
        yield KeyChord(key="Home", modifiers=("ctrl",)) if field.focused else click(field)
        async for action in rest(page):
            yield action
    while months := 12 * year + month - await _shown_month(page):
        arrow = await spot(page, f".ui-datepicker-{'next' if months > 0 else 'prev'}")
        assert arrow
        yield click(arrow)
    if target := await spot(page, ".ui-datepicker-calendar a", str(day)):
        async for action in press(page, target):
            yield action
    async for action in rest(page):
        yield action


async def _shown_month(page: Page) -> int:
    year = await spot(page, ".ui-datepicker-year")
    month = await spot(page, ".ui-datepicker-month")
    assert year and month
    return 12 * int(year.text) + _MONTHS.split().index(month.text) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An event, in half hours of the day."""

    name: str
    length: int
    begin: int
    end: int


async def daily_calendar(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Draw an event over free half hours, name it and create it."""
    wanted = _wanted(page.goal)
    if (cancel := await spot(page, "#create-event .cancel")) and not await _is_drawn(page, wanted):
        async for action in press(page, cancel):
            yield action
    if not await spot(page, "#create-event"):
        async for action in _draw(page, wanted):
            yield action
    async for action in fill(page, "#event-name", wanted.name):
        yield action
    if create := await spot(page, "#create-event .create"):
        async for action in press(page, create):
            yield action


def _wanted(goal: str) -> _Wanted:
    pattern = r'Create a (\S+) (hour|min)s? event named "(.*)", between (\S+) and (\w+)'
    found = re.search(pattern, goal)
    assert found
    amount, unit, name, begin, end = found.groups()
    length = round(float(amount) * 2 if unit == "hour" else int(amount) / 30)
    return _Wanted(name=name, length=length, begin=_half_hour(begin), end=_half_hour(end))


def _half_hour(clock: str) -> int:
    return 2 * (int(clock[:-2]) % 12 + (12 if clock.endswith("PM") else 0))


async def _is_drawn(page: Page, wanted: _Wanted) -> bool:
    event = await spot(page, "#newEvent")
    if not event:
        return False
    begin, length = (int(event.attributes[f"data-{name}"]) for name in ("start", "duration"))
    return length == wanted.length and wanted.begin <= begin <= wanted.end - length


async def _draw(page: Page, wanted: _Wanted) -> AsyncIterator[Action]:
    begin = _free(await spots(page, ".half-hour"), await spots(page, ".event"), wanted)
    first = (await spots(page, ".half-hour"))[begin]
    if abs(first.top - _TOP_PX) > _SLACK_PX:
        area = await spot(page, "#area")
        assert area
        x, y = area.center
        yield ScrollBy(x=x, y=y, dy=first.top - _TOP_PX, unit="pixel")
    covered = (await spots(page, ".half-hour"))[begin : begin + wanted.length]
    (x, y), *rest_of_path = [half_hour.center for half_hour in covered]
    yield Drag(path=((x, y), (x, y + _NUDGE_PX), *rest_of_path))


def _free(half_hours: Sequence[Spot], events: Sequence[Spot], wanted: _Wanted) -> int:
    """Return the first half hour at which the event fits between the others."""

    def is_free(number: int) -> bool:
        y = half_hours[number].center[1]
        return not any(event.top <= y <= event.top + event.height for event in events)

    begins = range(wanted.begin, wanted.end - wanted.length + 1)
    return next(
        begin for begin in begins if all(map(is_free, range(begin, begin + wanted.length)))
    )


EXPERTS: dict[str, Expert] = {
    "choose-date": choose_date,
    "choose-date-easy": choose_date,
    "choose-date-medium": choose_date,
    "choose-date-nodelay": choose_date,
    "daily-calendar": daily_calendar,
}
