"""What is pressed is held against what the goal says."""

from __future__ import annotations

import numpy as np
import pytest

from policy.doubts import mismatch
from policy.features import featurise
from recorder.schema import Element, Observation

PLACE = (15, 15)
DOUBTS = ("near_miss", "unnamed", "unmatched")


def found(goal: str, pressed: Element, *others: Element) -> dict[str, float]:
    """Return how badly it fits a goal to press an element, beside others."""
    observation = Observation(
        pixels=np.zeros((210, 160, 3), np.uint8),
        cursor=(0, 0),
        t_ns=0,
        goal=goal,
        elements=(pressed, *others),
    )
    return mismatch(featurise(observation), observation.elements, [PLACE])


def element(role: str, name: str, y: int = 10) -> Element:
    """Return an element of which the first lies at `PLACE`."""
    return Element(role=role, name=name, text=name, box=(10, y, 60, 20))


@pytest.mark.parametrize("goal", ['Click the "Submit" button.', "Click Submit"])
def test_what_is_called_as_the_goal_says_fits(goal: str) -> None:
    assert found(goal, element("button", "Submit")) == dict.fromkeys(DOUBTS, 0)


@pytest.mark.parametrize("name", ["Sabmit", "Submits", "submyt"])
def test_what_is_called_nearly_as_the_goal_says_is_a_near_miss(name: str) -> None:
    doubts = found('Click the "Submit" button.', element("button", name))
    assert 0 < doubts["near_miss"] < 1
    assert doubts["unmatched"] == 0


def test_what_has_only_its_role_from_a_goal_that_quotes_something_else_is_unmatched() -> None:
    # a full stop is in both, and no name
    doubts = found('Click the "Submit" button.', element("button", "Next."))
    assert doubts == {"near_miss": 0, "unnamed": 1, "unmatched": 1}


@pytest.mark.parametrize(
    ("goal", "pressed", "others"),
    [
        # quoted is what the field is to hold
        ('Enter "Ann" and press Next', element("textbox", "Who"), ()),
        # quoted is what stands elsewhere, as the row of what is pressed
        ('Delete "Ann"', element("button", "x"), (element("cell", "Ann", 60),)),
        # quoted is the role itself
        ('Click on a "button" widget', element("button", "x"), ()),
        # nothing is quoted
        ("Close the dialog", element("button", "x"), ()),
    ],
)
def test_what_a_goal_may_mean_without_naming_it_is_not_unmatched(
    goal: str, pressed: Element, others: tuple[Element, ...]
) -> None:
    assert found(goal, pressed, *others)["unmatched"] == 0


def test_nothing_speaks_against_pressing_where_nothing_is_listed() -> None:
    assert found('Click "Ok"', element("button", "x", 100)) == dict.fromkeys(DOUBTS, 0)
