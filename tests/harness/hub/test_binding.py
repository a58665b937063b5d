"""An answer counts where what it is bound to is as it was seen, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.hub.binding import bound
from recorder.schema import Action, Click, Drag, Element, KeyChord, Observation, TypeText

_HEIGHT = 400
SAVE = Element(role="button", box=(300, 200, 60, 20), text="Save")
DELETE = Element(role="button", box=(300, 200, 60, 20), text="Delete")
FIELD = Element(role="textbox", box=(20, 200, 100, 20), states=("focused",))


def page(*elements: Element) -> Observation:
    pixels = np.full((_HEIGHT, 600, 3), 255, np.uint8)
    return Observation(pixels, (0, 0), t_ns=1, elements=elements)


def changed(seen: Observation, x: int, y: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    pixels = seen.pixels.copy()
    pixels[y, x] = 0
    return pixels


CLICK = Click(x=330, y=210)


@pytest.mark.parametrize(
    ("action", "elements"),
    [(CLICK, (SAVE,)), (CLICK, ()), (TypeText(text="a"), (FIELD,)), (CLICK, (SAVE, FIELD))],
)
def test_a_clock_far_away_changes_nothing_and_a_word_far_beside_does(
    action: Action, elements: tuple[Element, ...]
) -> None:
    seen = page(*elements)
    binding = bound(action, seen)
    assert binding.holds(seen.pixels.copy())
    assert binding.holds(changed(seen, 590, 5))
    assert binding.holds(changed(seen, 5, _HEIGHT - 5))
    assert not binding.holds(changed(seen, 5, 210))
    assert not binding.holds(changed(seen, 330, 180))


@pytest.mark.parametrize(
    ("action", "elements"),
    [
        (CLICK, (DELETE,)),
        (KeyChord(key="Enter"), ()),
        (TypeText(text="a"), ()),
        (Drag(path=((0, 5), (0, _HEIGHT - 5))), ()),
    ],
)
@pytest.mark.parametrize("y", [0, _HEIGHT // 2, _HEIGHT - 1])
def test_what_cannot_be_undone_or_has_no_place_takes_all_of_the_screen(
    action: Action, elements: tuple[Element, ...], y: int
) -> None:
    seen = page(*elements)
    assert not bound(action, seen).holds(changed(seen, 9, y))


def test_a_screen_of_another_size_is_another_screen() -> None:
    seen = page(SAVE)
    assert not bound(CLICK, seen).holds(seen.pixels[:, :-1])
    assert not bound(CLICK, seen).holds(np.vstack([seen.pixels, seen.pixels]))


def test_a_click_beside_the_page_takes_all_of_it() -> None:
    seen = page(SAVE)
    assert not bound(Click(x=9, y=9 * _HEIGHT), seen).holds(changed(seen, 0, 0))
    assert not bound(replace(CLICK, y=-500), seen).holds(changed(seen, 0, 0))
