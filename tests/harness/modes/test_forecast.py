"""What can be told of a page before it is touched, and what cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.modes.fast_forward.forecast import Caret, Scene, after
from recorder.schema import Action, Click, Element, KeyChord, Observation, ScrollBy, TypeText

FIELD, OTHER, BOX, LABEL, FIRST, SECOND, BUTTON, FIXED = range(8)
ROWS = (
    ("textbox", "Name", ""),
    ("textbox", "Town", "Paris"),
    ("checkbox", "I agree", ""),
    ("label", "", ""),
    ("radio", "One", ""),
    ("radio", "Two", ""),
    ("button", "Submit", ""),
    ("textbox", "Fixed", "x"),
)


def scene() -> Scene:
    elements = tuple(
        Element(
            role=role,
            name=name,
            value=value,
            box=(0, 20 * number, 100, 20),
            states={SECOND: ("checked",), FIXED: ("readonly",)}.get(number, ()),
        )
        for number, (role, name, value) in enumerate(ROWS)
    )
    return Scene(Observation(np.zeros((210, 160, 3), np.uint8), (0, 0), 0, "", elements))


def click(number: int) -> Click:
    return Click(x=50, y=20 * number + 10)


def played(*actions: Action) -> Scene | None:
    found: Scene | None = scene()
    for action in actions:
        assert found is not None
        found = after(found, action)
    return found


def states(found: Scene | None, number: int) -> tuple[str, ...]:
    assert found is not None
    return found.observation.elements[number].states


def value(found: Scene | None, number: int) -> str:
    assert found is not None
    return found.observation.elements[number].value


def test_a_click_focuses_a_field_and_nothing_else() -> None:
    found = played(click(OTHER), click(FIELD))
    assert states(found, FIELD) == ("focused",)
    assert states(found, OTHER) == ()


@given(st.lists(st.text("abc d", min_size=1), min_size=1, max_size=4))
def test_an_empty_field_holds_what_is_typed_into_it(texts: list[str]) -> None:
    found = played(click(FIELD), *(TypeText(text=text) for text in texts))
    assert value(found, FIELD) == "".join(texts)


def test_what_is_selected_is_replaced() -> None:
    select_all = KeyChord(key="a", modifiers=("ctrl",))
    assert value(played(click(OTHER), select_all, TypeText(text="Rome")), OTHER) == "Rome"
    assert value(played(click(OTHER), select_all, KeyChord(key="Delete")), OTHER) == ""


def test_backspace_takes_back_what_was_typed() -> None:
    found = played(click(FIELD), TypeText(text="abc"), KeyChord(key="Backspace", count=2))
    assert value(found, FIELD) == "a"


def test_a_click_ticks_a_box_and_a_second_clears_it() -> None:
    assert states(played(click(BOX)), BOX) == ("checked", "focused")
    assert states(played(click(BOX), click(BOX)), BOX) == ("focused",)


def test_one_radio_button_is_on() -> None:
    found = played(click(FIRST))
    assert "checked" in states(found, FIRST)
    assert "checked" not in states(found, SECOND)


@pytest.mark.parametrize(
    "actions",
    [
        (click(BUTTON),),
        (click(FIXED),),
        (Click(x=150, y=200),),
        (Click(x=50, y=10, count=2),),
        (TypeText(text="nowhere"),),
        (click(OTHER), TypeText(text="where is the caret?")),
        (click(FIELD), TypeText(text="two\nlines")),
        (click(FIELD), KeyChord(key="Enter")),
        (ScrollBy(x=5, y=5, dy=1),),
    ],
)
def test_what_a_page_makes_of_other_actions_cannot_be_told(actions: tuple[Action, ...]) -> None:
    assert played(*actions) is None


def test_where_the_caret_is_matters() -> None:
    seen = played(click(OTHER))
    assert seen is not None
    assert (seen.caret, seen.kept) == (Caret.UNKNOWN, None)
