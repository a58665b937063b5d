"""Pages of drawn figures to be recognised."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, Spot, press, spot, spots
from recorder.schema import Action

_LARGE_PX = 15  # small figures are 10 px wide, large ones 20
_MARKS = {"circle": "r", "triangle": "points"}  # attributes that tell them from rectangles
_RADIUS_PX = 35  # of the circle through the corners of a polygon
_STROKE_PX = 3

# what a polygon on the canvas encloses, its outline included: each row from first to last dark dot
_ENCLOSED = """() => {
  const { width, height } = document.getElementById("c");
  const dots = document.getElementById("c").getContext("2d").getImageData(0, 0, width, height).data;
  let enclosed = 0;
  for (let y = 0; y < height; y++) {
    const row = [...Array(width).keys()].filter((x) => dots[4 * (y * width + x) + 3] > 127);
    if (row.length) enclosed += row.at(-1) - row[0] + 1;
  }
  return enclosed;
}"""


async def click_shape(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click a figure that answers the description."""
    described = _words(page.goal, r"Click on a (.*)")
    for figure in await spots(page, "#area_svg > *"):
        if described <= _description(figure):
            async for action in press(page, figure):
                yield action
            return


async def count_shape(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click the number of figures that answer the description."""
    described = _words(page.goal, r"How many (.*)s are there")
    figures = await spots(page, "#area_svg > *")
    count = sum(described <= _description(figure) for figure in figures)
    if answer := await spot(page, "#count-buttons button", str(count)):
        async for action in press(page, answer):
            yield action


async def count_sides(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click the number of sides that a regular polygon has."""
    enclosed = await page.read(_ENCLOSED)
    sides = min(range(3, 8), key=lambda count: abs(_area(count) - enclosed))
    if answer := await spot(page, f'#form [data-sides="{sides}"]'):
        async for action in press(page, answer):
            yield action


def _words(goal: str, pattern: str) -> set[str]:
    found = re.search(pattern, goal)
    return set(found[1].split()) if found else set()


def _description(figure: Spot) -> set[str]:
    attributes = figure.attributes
    if "font-size" in attributes:
        is_large = attributes["font-size"] == "20px"
        kind = "digit" if figure.text.isdigit() else "letter"
        name = figure.text
    else:
        is_large = figure.width > _LARGE_PX
        kind = "shape"
        name = next((shape for shape, mark in _MARKS.items() if mark in attributes), "rectangle")
    return {"large" if is_large else "small", attributes["fill"], kind, name, "item"}


def _area(sides: int) -> float:
    perimeter = 2 * sides * _RADIUS_PX * math.sin(math.pi / sides)
    inner = sides / 2 * _RADIUS_PX**2 * math.sin(2 * math.pi / sides)
    return inner + perimeter * _STROKE_PX / 2


EXPERTS: dict[str, Expert] = {
    "click-shape": click_shape,
    "count-shape": count_shape,
    "count-sides": count_sides,
}
