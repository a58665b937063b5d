"""Pacing: an expert's actions drawn out over time as people do them.

Each operator of the keystroke-level model takes a lognormal time about that of the model. Pointing
takes what Fitts' law says of distance D and width W, in the Shannon form MT = a + b log2(D / W + 1)
with the values for a mouse of Soukoreff and MacKenzie (International Journal of Human-Computer
Studies 61, 2004); the pointer follows a path of minimum jerk (Flash and Hogan, Journal of
Neuroscience 5, 1985), slightly bent. All is scaled to the times of people.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from random import Random
from typing import Any

from harness.tasks.keystrokes import SECONDS, operators
from recorder.schema import Action, Click, Drag, Move, ScrollBy, TypeText, Wait

_FITTS_A_S, _FITTS_B_S = 0.1, 0.2  # b: 5 bits a second
_SAMPLE_MS = 16
_BEND = 0.06  # how far a path leaves the straight line, as a share of its length
_KEY_SD, _THOUGHT_SD, _HAND_SD = 0.4, 0.35, 0.15  # of the logarithm
WIDTH_PX = 20.0
"""Width of a target that nobody measured."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people are on one page, and how much that varies from one time to the next."""

    factor: float = 1.0
    """Times of the model are multiplied by it."""
    sd_log: float = 0.3
    """Of the logarithm of an episode's time: what the operators do not explain."""


def pace_of(page: str) -> Pace:
    """Return the pace of a page: its own where people were timed, else what holds over all."""
    return _paces().get(page.removesuffix(".html"), _paces()[""])


@cache
def _paces() -> dict[str, Pace]:
    found: dict[str, Any] = json.loads(
        (files("harness.tasks") / "data" / "paces.json").read_text("utf-8")
    )
    own = {page: Pace(**values) for page, values in found["pages"].items()}
    return {"": Pace(**found["everywhere"]), **own}


class Hand:
    """Draws out the actions of one episode, one after another.

    Args:
        pace: of the page.
        rng: the same gives the same times.
        area: width and height of what the pointer moves on.
    """

    def __init__(self, pace: Pace, rng: Random, area: tuple[int, int]) -> None:
        self._rng = rng
        self._area = area
        self._tempo = pace.factor * rng.lognormvariate(0.0, pace.sd_log)
        self._at = (0, 0)
        self._before: Action | None = None

    def draw_out(self, action: Action, width_px: float = WIDTH_PX) -> list[Action]:
        """Return an action as waits, movements and keys whose waits add up to its time.

        Args:
            action: what is to be done.
            width_px: of what it points at.
        """
        steps = operators(self._before, action)
        if not steps:  # a wait of the expert is for the page, not for the person
            return [action]
        start_ms = sum(self._ms(each) for each in steps if each in "MH")
        self._before = action
        parts: list[Action] = [Wait(duration_ms=start_ms)]
        match action:
            case Move() | Click() | ScrollBy():
                parts += self._approach((action.x, action.y), width_px, is_far="P" in steps)
                parts += [action, Wait(duration_ms=self._sum(steps, "BK"))]
            case Drag():
                parts += self._approach(action.path[0], width_px)
                stroke_ms = sum(self._pointing_ms(*_ends(action), width_px) for _ in steps[3:-1])
                parts += [Wait(duration_ms=stroke_ms), action]
                parts += [Wait(duration_ms=self._sum(steps, "B"))]
                self._at = action.path[-1]
            case TypeText():
                for character in action.text:
                    parts += [Wait(duration_ms=self._ms("K")), TypeText(text=character)]
            case _:
                parts += [Wait(duration_ms=self._sum(steps, "K")), action]
        return parts

    def _approach(
        self, place: tuple[int, int], width_px: float, *, is_far: bool = True
    ) -> list[Action]:
        if not is_far or place == self._at:
            return []
        total_ms = self._pointing_ms(self._at, place, width_px)
        samples = max(1, total_ms // _SAMPLE_MS)
        path = movement(self._at, place, samples, self._rng.uniform(-_BEND, _BEND))
        width, height = self._area
        path = [(min(max(0, x), width - 1), min(max(0, y), height - 1)) for x, y in path]
        self._at = place
        times = [total_ms * number // samples for number in range(samples + 1)]
        parts: list[Action] = []
        for (x, y), (start_ms, end_ms) in zip(path, pairwise(times), strict=True):
            parts += [Wait(duration_ms=end_ms - start_ms), Move(x=x, y=y)]
        return parts

    def _pointing_ms(self, start: tuple[int, int], end: tuple[int, int], width_px: float) -> int:
        seconds = fitts_s(math.dist(start, end), width_px)
        return self._scaled_ms(seconds, _HAND_SD)

    def _ms(self, operator: str) -> int:
        sd = {"M": _THOUGHT_SD, "K": _KEY_SD}.get(operator, _HAND_SD)
        return self._scaled_ms(SECONDS[operator], sd)

    def _sum(self, steps: str, of: str) -> int:
        return sum(self._ms(each) for each in steps if each in of)

    def _scaled_ms(self, seconds: float, sd: float) -> int:
        # the mean stays what it is, whatever the spread
        noise = self._rng.lognormvariate(-sd * sd / 2, sd)
        return round(1000 * seconds * noise * self._tempo)


def fitts_s(distance_px: float, width_px: float) -> float:
    """Return how long a mouse takes to a target.

    >>> fitts_s(0, 10), round(fitts_s(70, 10), 3)
    (0.1, 0.7)
    """
    return _FITTS_A_S + _FITTS_B_S * math.log2(distance_px / max(width_px, 1.0) + 1)


def movement(
    start: tuple[int, int], end: tuple[int, int], samples: int, bend: float = 0.0
) -> list[tuple[int, int]]:
    """Return the places of a pointer that moves with minimum jerk, at equal times, the end last.

    Args:
        start: where it is; not among them.
        end: where it goes.
        samples: how many places.
        bend: how far it leaves the straight line, as a share of its length; negative to the left.

    >>> movement((0, 0), (100, 0), 4)
    [(10, 0), (50, 0), (90, 0), (100, 0)]
    """
    (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
    path: list[tuple[int, int]] = []
    for number in range(1, samples + 1):
        t = number / samples
        along = t**3 * (10 - 15 * t + 6 * t * t)
        aside = bend * math.sin(math.pi * along)
        path.append((round(x + along * dx - aside * dy), round(y + along * dy + aside * dx)))
    return path


def _ends(drag: Drag) -> tuple[tuple[int, int], tuple[int, int]]:
    return drag.path[0], drag.path[-1]
