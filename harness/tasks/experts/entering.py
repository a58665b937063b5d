"""Experts for pages that say what to enter: texts, passwords, dates, times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from random import Random

from harness.tasks.experts.deciding import deciding, filled, form, ordinal, pressed, quoted, told
from harness.tasks.experts.dom import Expert, Page, click, spot
from recorder.schema import Action, Click, TypeText

_ATTEMPTS = 3
_FIRST_PART_PX = 12  # from the left edge of a date or time field to its first part

# The words beside each field, in the order of the fields.
_LABELS = """() => [...document.querySelectorAll("#area input")].map(
  (field) => field.closest("p, .row, tr, .field, .ui-entry").textContent.toLowerCase())"""


async def _text(page: Page) -> Mapping[str, str]:
    return {"#tt": quoted(page.goal)[0]}


async def _cased(page: Page) -> Mapping[str, str]:
    text = quoted(page.goal)[0]
    return {"#tt": text.upper() if "upper case" in page.goal else text.lower()}


async def _twice(page: Page) -> Mapping[str, str]:
    password = quoted(page.goal)[0]
    return {"#password": password, "#verify": password}


async def _login(page: Page) -> Mapping[str, str]:
    user, password = quoted(page.goal)
    return {"#username": user, "#password": password}


async def _login_popup(page: Page) -> Action | None:
    """Fill in the form; a pop-up that comes between is to be cancelled."""
    if action := await pressed(page, "#popup-cancel"):
        return action
    for css, text in (await _login(page)).items():
        if action := await filled(page, css, text):
            return action
    return await pressed(page, "#subbtn")


async def _movie(page: Page) -> Action | None:
    """Fill each field by the words beside it, from top to bottom."""
    found = told(page.goal, r"for (.+) movies directed by (.+) from year (\d+)")
    for index, label in enumerate(await page.read(_LABELS)):
        text = found[1 if "genre" in label else 2 if "director" in label else 3]
        if action := await filled(page, "#area input", text, index):
            return action
    return await pressed(page, "#area button, #area .final, #area .ui-submit")


async def _focus(page: Page) -> Action | None:
    """Click the only text field."""
    return await pressed(page, "#tt")


async def _focus_nth(page: Page) -> Action | None:
    """Click the text field that is asked for."""
    return await pressed(page, f"#tt{ordinal(page.goal)}")


async def _in_parts(page: Page, value: str, keys: str) -> AsyncIterator[Action]:
    """Fill a field whose parts are typed one after the other, beginning at the first."""
    for attempt in range(_ATTEMPTS):
        field = await spot(page, "#tt")
        if not field or field.value == value:
            break
        if attempt or field.value or not field.focused:
            yield Click(x=int(field.left) + _FIRST_PART_PX, y=field.center[1])
        yield TypeText(text=keys)
    if button := await spot(page, "#subbtn"):
        yield click(button)


def enter_date(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Type month, day and year as the goal writes them; the field passes over the slashes."""
    found = told(page.goal, r"(\d+)/(\d+)/(\d+)")
    month, day, year = found.groups()
    return _in_parts(page, f"{year}-{month}-{day}", found[0])


def enter_time(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Type hour, minute, and the half of the day."""
    found = told(page.goal, r"(\d+):(\d+) ([AP])M")
    hour, minute, half = int(found[1]), found[2], found[3]
    hour_of_day = hour % 12 + (12 if half == "P" else 0)
    return _in_parts(page, f"{hour_of_day:02}:{minute}", f"{hour:02}{minute}{half}")


EXPERTS: dict[str, Expert] = {
    "enter-date": enter_date,
    "enter-password": form(_twice),
    "enter-text": form(_text),
    "enter-text-2": form(_cased),
    "enter-text-dynamic": form(_text),
    "enter-time": enter_time,
    "focus-text": deciding(_focus),
    "focus-text-2": deciding(_focus_nth),
    "login-user": form(_login),
    "login-user-popup": deciding(_login_popup),
    "multi-layouts": deciding(_movie),
    "multi-orderings": deciding(_movie),
}
