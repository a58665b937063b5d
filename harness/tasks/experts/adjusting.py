"""Experts for pages with sliders, spinners, lists to choose from and suggestions."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from random import Random

from harness.tasks.experts.deciding import (
    deciding,
    drag,
    filled,
    form,
    ordinal,
    pressed,
    quoted,
    told,
)
from harness.tasks.experts.dom import Expert, Page, Spot, click, hit, spot, spots
from recorder.schema import Action, Click, KeyChord, Wait

_NEAR_PX = 5  # nearer values are set with the keys
_SUGGESTING_MS = 400

# A slider's value, where its handle is and, per unit of its value, where that would go.
_SLIDER = """(css) => {
  const slider = $(css);
  const setting = (name) => slider.slider("option", name);
  const isUpright = setting("orientation") === "vertical";
  const units = setting("max") - setting("min");
  const handle = slider.find(".ui-slider-handle")[0];
  const { left, top, width, height } = handle.getBoundingClientRect();
  return { value: setting("value"), focused: document.activeElement === handle,
           x: left + width / 2, y: top + height / 2,
           dx: isUpright ? 0 : slider.width() / units,
           dy: isUpright ? -slider.height() / units : 0 };
}"""


async def _slid(page: Page, css: str, value: int) -> Action | None:
    """Set a slider: drag its handle near the value, then go the rest with the arrow keys."""
    slider = await page.read(_SLIDER, css)
    x, y, dx, dy = (slider[name] for name in ("x", "y", "dx", "dy"))
    units = value - slider["value"]
    if not units:
        return None
    if abs(units * (dx + dy)) > _NEAR_PX:
        return drag((int(x), int(y)), (int(x + units * dx), int(y + units * dy)))
    if not slider["focused"]:
        return Click(x=int(x), y=int(y))
    return KeyChord(key="ArrowRight" if units > 0 else "ArrowLeft", count=abs(units))


async def _slider(page: Page) -> Action | None:
    """Set the slider."""
    return await _slid(page, "#slider", _selected(page.goal)) or await pressed(page, "#subbtn")


async def _sliders(page: Page) -> Action | None:
    """Set one slider after the other."""
    values = json.loads(page.goal[page.goal.index("[") : page.goal.index("]") + 1])
    for number, value in enumerate(values, start=1):
        if action := await _slid(page, f"#slider-{number}", value):
            return action
    return await pressed(page, "#subbtn")


async def _slider_and_box(page: Page) -> Action | None:
    """Set the slider, tick the one box that is asked for."""
    if action := await _slid(page, "#slider", _selected(page.goal)):
        return action
    for box in await spots(page, "#area input[type=checkbox]"):
        if box.checked != (box.index == ordinal(page.goal) - 1):
            return click(box)
    return await pressed(page, "#subbtn")


async def _spinner(page: Page) -> Action | None:
    """Click the spinner's arrows until its value is right."""
    value = int((await spots(page, "#spinner"))[0].value)
    wanted = _selected(page.goal)
    if value == wanted:
        return await pressed(page, "#subbtn")
    return await pressed(page, ".ui-spinner-up" if value < wanted else ".ui-spinner-down")


def _selected(goal: str) -> int:
    found = told(goal, r"Select (-?\d+)")
    return int(found[1])


async def _radio_and_text(page: Page) -> Action | None:
    """Choose the radio button, fill the one text field that is asked for."""
    radio, field = (int(place) for place in re.findall(r"(\d)(?:st|nd|rd)", page.goal))
    for button in await spots(page, "#area input[type=radio]"):
        if button.index == radio - 1 and not button.checked:
            return click(button)
    for number in (1, 2, 3):
        text = quoted(page.goal)[0] if number == field else ""
        if action := await filled(page, f"#input-{number}", text):
            return action
    return await pressed(page, "#subbtn")


async def _dropdown_and_button(page: Page) -> Action | None:
    """Choose from the list, then click the button."""
    found = told(page.goal, r"Choose (.+) from the dropdown")
    if await spot(page, ".selectric .label", found[1]):
        return await pressed(page, "#buttons button", quoted(page.goal)[0])
    return await pressed(page, ".selectric-items li", found[1]) or await pressed(page, ".selectric")


async def use_autocomplete(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Type how the item starts, take the suggestion that ends as asked for, and submit."""
    start, end = (*quoted(page.goal), "")[:2]

    def suits(text: str) -> bool:
        return text != start and text.startswith(start) and text.endswith(end)

    field = await spot(page, "#tags")
    if not field or not suits(field.value):
        while action := await filled(page, "#tags", start):
            yield action
        yield Wait(duration_ms=_SUGGESTING_MS)
        items = await spots(page, ".ui-menu-item")
        async for action in _taken(page, [item for item in items if suits(item.text)]):
            yield action
    if button := await spot(page, "#subbtn"):
        yield click(button)


async def _taken(page: Page, suggested: Sequence[Spot]) -> AsyncIterator[Action]:
    for item in suggested:
        if action := await hit(page, item):
            yield action
            return
    if suggested:  # all of them lie below the page
        yield KeyChord(key="ArrowDown", count=suggested[0].index + 1)
        yield KeyChord(key="Enter")


async def _named_color(page: Page) -> Mapping[str, str]:
    found = told(page.goal, r"Select (.+) with")
    color = await page.read("(name) => ui_utils.colorNameToHex(name)", found[1])
    return {"#col": color.lstrip("#").upper()}


async def _shown_color(page: Page) -> Mapping[str, str]:
    color = (await spots(page, ".cc"))[0].attributes["style"]
    return {"#col": color.rpartition("#")[2].upper()}


EXPERTS: dict[str, Expert] = {
    "form-sequence": deciding(_slider_and_box),
    "form-sequence-2": deciding(_radio_and_text),
    "form-sequence-3": deciding(_dropdown_and_button),
    "use-autocomplete": use_autocomplete,
    "use-autocomplete-nodelay": use_autocomplete,
    "use-colorwheel": form(_named_color),
    "use-colorwheel-2": form(_shown_color),
    "use-slider": deciding(_slider),
    "use-slider-2": deciding(_sliders),
    "use-spinner": deciding(_spinner),
}
