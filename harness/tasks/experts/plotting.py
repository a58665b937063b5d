"""Experts for pages that are drawn: points, figures, lines and a hidden hot spot."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.tasks.experts.deciding import deciding, pressed, told
from harness.tasks.experts.dom import Expert, Page, click, spot, spots
from recorder.schema import Action, Click, Drag, Move

_Places: TypeAlias = NDArray[np.int64]

_WIDTH = 160
_RADIUS_PX = 20
_HOT_TRIES = 40
_GUESSES = 60
_HOT_AREA = (5, 55, 155, 170)  # left, top, right, bottom
_HEATS = ("hot", "warm", "cold", "ice-cold")
_HEAT_PX = (5, 10, 40)  # how near each of them ends


async def _coordinate(page: Page) -> Action | None:
    """Click the point of the grid."""
    found = told(page.goal, r"\(-?\d,-?\d\)")
    return await pressed(page, f'circle[id="{found[0]}"]')


async def _figure(page: Page) -> Action | None:
    """Say what the figure is."""
    figure = (await spots(page, "#area_svg *"))[0]
    tag, text = await page.read(
        "(index) => { const one = document.querySelectorAll('#area_svg *')[index];"
        " return [one.tagName, one.textContent]; }",
        figure.index,
    )
    kinds = {"rect": "rectangle", "circle": "circle", "polygon": "triangle"}
    kind = kinds.get(tag, "digit" if text.isdigit() else "letter")
    return await pressed(page, f"button[data-type={kind}]")


async def draw_circle(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Draw a circle around the point."""
    if center := await spot(page, "#circ"):
        x, y = center.left + center.width / 2, center.top + center.height / 2
        angles = [2 * math.pi * number / 36 - math.pi / 2 for number in range(37)]
        yield Drag(
            path=tuple(
                (round(x + _RADIUS_PX * math.cos(angle)), round(y + _RADIUS_PX * math.sin(angle)))
                for angle in angles
            )
        )
    if button := await spot(page, "#controls button"):
        yield click(button)


async def draw_line(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Draw a line through the point.

    The page measures how far the line passes from a place up and left of the point's middle.
    """
    if center := await spot(page, "#circ"):
        x, y = center.center
        is_level = "horizontal" in page.goal
        onward = -1 if is_level and x > _WIDTH / 2 else 1
        steps = [onward * step for step in (-22, -3, 4, 36)]
        yield Drag(path=tuple((x + step, y) if is_level else (x, y + step) for step in steps))
    if button := await spot(page, "#controls button"):
        yield click(button)


async def hot_cold(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Feel for the hot spot, each time where the answer will say most."""
    left, top, right, bottom = _HOT_AREA
    columns, rows = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    places = np.stack([columns.ravel(), rows.ravel()], axis=1)
    for _ in range(_HOT_TRIES):
        place = max(
            (places[rng.randrange(len(places))] for _ in range(_GUESSES)),
            key=lambda one: _telling(places, one),
        )
        x, y = int(place[0]), int(place[1])
        yield Move(x=x, y=y)
        signal = await spot(page, "#signal")
        if not signal:
            continue
        heat = _HEATS.index(signal.attributes["class"])
        if heat == 0:
            yield Click(x=x, y=y)
            return
        places = places[_heats(places, place) == heat]


def _heats(places: _Places, place: _Places) -> _Places:
    """Return how hot each place is for the hot spot in `place`, or the other way round."""
    return np.digitize(np.hypot(*(places - place).T), _HEAT_PX)


def _telling(places: _Places, place: _Places) -> float:
    """Return how many bits the answer at a place is worth."""
    counts = np.unique(_heats(places, place), return_counts=True)[1]
    shares = counts / len(places)
    return float(-(shares * np.log2(shares)).sum())


EXPERTS: dict[str, Expert] = {
    "draw-circle": draw_circle,
    "draw-line": draw_line,
    "grid-coordinate": deciding(_coordinate),
    "hot-cold": hot_cold,
    "identify-shape": deciding(_figure),
}
