"""Pages with a calendar: a day to choose, or an event to draw."""

from __future__ import annotations

import math
import re
from calendar import month_name
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from random import Random

from harness.tasks.experts.dom import (
    Expert,
    Page,
    Spot,
    click,
    fill,
    press,
    rest,
    spot,
    spots,
    submit,
)
from recorder.schema import Action, Drag, KeyChord, ScrollBy

_TOP_PX = 70  # an event that begins here leaves room for the form below it
_SLACK_PX = 20
_NUDGE_PX = 3  # a drag begins with the first move
# where the page draws an event
_FIRST_PX = 4
_HALF_HOUR_PX = 20.42
_EVENT_RIGHT_PX = 130


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
    async for action in rest(page):
        yield action
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
    assert year
    assert month
    return 12 * int(year.text) + list(month_name).index(month.text)


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
    drawing = await spot(page, "#newEvent")
    if drawing and not await spot(page, "#create-event"):
        yield click(drawing)  # it follows the pointer until a button is let go over it
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
    day = await _look(page)
    begin = _begin(day, wanted)
    if abs(day.top_of(begin) - _TOP_PX) > _SLACK_PX:
        x, y = day.area.center
        yield ScrollBy(x=x, y=y, dy=math.floor(day.top_of(begin)) - _TOP_PX, unit="pixel")
        day = await _look(page)
    (x, y), *others = [found.center for found in day.half_hours[begin : begin + wanted.length]]
    # an event may be drawn beside what it was drawn on, where labels are wide; it waits for the
    # button to be let go over it, and is reached on a way that crosses no other half hour
    side = int(day.area.left + _EVENT_RIGHT_PX)
    last_y = others[-1][1] if others else y + _NUDGE_PX
    end_y = int(day.top_of(begin)) + _NUDGE_PX
    yield Drag(path=((x, y), (x, y + _NUDGE_PX), *others, (side, last_y), (side, end_y)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """What the calendar shows."""

    area: Spot
    scrolled: float
    half_hours: Sequence[Spot]
    events: Sequence[Spot]

    def top_of(self, half_hour: float) -> float:
        """Return where an event that begins at a half hour is drawn."""
        return self.area.top - self.scrolled + _FIRST_PX + _HALF_HOUR_PX * half_hour

    def can_grasp(self, half_hour: int) -> bool:
        """Say whether no event lies on a half hour's middle."""
        y = self.half_hours[half_hour].center[1]
        return not any(event.top <= y <= event.top + event.height for event in self.events)

    def is_free(self, half_hour: int) -> bool:
        """Say whether no event is drawn at a half hour."""
        y = self.top_of(half_hour + 0.5)
        return not any(event.top <= y <= event.top + event.height for event in self.events)


async def _look(page: Page) -> _Day:
    area = await spot(page, "#area")
    assert area
    return _Day(
        area=area,
        scrolled=await page.read("() => area.scrollTop"),
        half_hours=await spots(page, ".half-hour"),
        events=await spots(page, ".event"),
    )


def _begin(day: _Day, wanted: _Wanted) -> int:
    """Return the first half hour to draw the event on; best where it covers no other."""

    def covered(begin: int) -> range:
        return range(begin, begin + wanted.length)

    begins = range(wanted.begin, wanted.end - wanted.length + 1)
    graspable = [begin for begin in begins if all(map(day.can_grasp, covered(begin)))]
    free = (begin for begin in graspable if all(map(day.is_free, covered(begin))))
    return next(free, graspable[0])


EXPERTS: dict[str, Expert] = {
    "choose-date": choose_date,
    "choose-date-easy": choose_date,
    "choose-date-medium": choose_date,
    "choose-date-nodelay": choose_date,
    "daily-calendar": daily_calendar,
}
