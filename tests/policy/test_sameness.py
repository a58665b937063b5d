"""What is the same action to a person counts as the same."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given

from policy.actions import (
    KEYS,
    SIZES,
    Head,
    decode,
    encode,
)
from recorder.schema import (
    Action,
    Ask,
    Button,
    Click,
    Done,
    Drag,
    KeyChord,
    Move,
    ScrollBy,
    TypeText,
    Wait,
    accepts,
)
from tests.policy.screens import ACTIONS, MANY, element, seen

PAGE = seen(
    "",
    element("document", (0, 0, 160, 210)),
    element("button", (10, 10, 80, 30), "Send"),
    element("generic", (60, 12, 20, 20), text="icon"),
    element("label", (10, 60, 60, 10), text="Mail"),
    element("radio", (80, 60, 10, 10), "Mail"),
    element("slider", (10, 100, 100, 10)),
)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (Click(x=12, y=12), Click(x=50, y=38), True),
        (Click(x=12, y=12), Click(x=70, y=20), False),
        (Click(x=12, y=62), Click(x=85, y=65), True),
        (Click(x=12, y=105), Click(x=60, y=105), False),
        (Click(x=12, y=105), Click(x=18, y=105), True),
        (Click(x=5, y=200), Click(x=150, y=200), False),
        (Click(x=12, y=12), Click(x=12, y=12, count=2), False),
        (Click(x=12, y=12), Click(x=12, y=12, button="right"), False),
        (Click(x=12, y=12), Click(x=12, y=12, modifiers=("ctrl",)), False),
        (Click(x=12, y=12), Move(x=12, y=12), False),
        (Move(x=500, y=900), Move(x=506, y=894), True),
        (TypeText(text="a"), TypeText(text="A"), False),
        (TypeText(text="a"), TypeText(text="a"), True),
        (Wait(duration_ms=3), Wait(duration_ms=900), True),
        (Wait(duration_ms=3), Done(), False),
        (Ask(question="a"), Ask(), True),
        (
            KeyChord(key="a", modifiers=("alt", "ctrl")),
            KeyChord(key="a", modifiers=("ctrl", "alt")),
            True,
        ),
        (KeyChord(key="Tab"), KeyChord(key="Tab", count=2), False),
        (ScrollBy(x=0, y=0, dy=100, unit="pixel"), ScrollBy(x=3, y=0, dy=120, unit="pixel"), True),
        (ScrollBy(x=0, y=0, dy=1), ScrollBy(x=0, y=0, dy=-1), False),
        (Drag(path=((1, 1), (50, 9), (90, 90))), Drag(path=((3, 3), (92, 92))), True),
        (Drag(path=((1, 1), (90, 90))), Drag(path=((1, 1), (90, 130))), False),
        (Drag(path=()), Drag(path=((1, 1),)), False),
    ],
)
def test_what_is_the_same_to_a_person(one: Action, two: Action, same: bool) -> None:
    assert accepts(one, two, PAGE) is same
    assert accepts(two, one, PAGE) is same


@MANY
@given(ACTIONS)
def test_an_action_is_the_same_as_itself(action: Action) -> None:
    assert accepts(action, action, PAGE)


def test_keys_and_buttons_are_those_of_the_schema() -> None:
    assert len(set(KEYS)) == len(KEYS) == SIZES[Head.KEY]
    for button in get_args(Button):
        action = Click(x=1, y=1, button=button, count=3)
        assert decode(encode(action, seen()), seen()) == action
