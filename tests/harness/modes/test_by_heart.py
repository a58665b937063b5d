"""What is known by heart is done only where it shows what it was done to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.modes.fast_forward.by_heart import ByHeart, rehearsed
from harness.modes.fast_forward.desk_guard import on_a_desktop
from harness.modes.fast_forward.planning import End, Plan, Planner
from recorder.schema import Click, Element, Observation, Thresholds, TypeText

THRESHOLDS = Thresholds(ask_below=0.5, resume_above=0.6, novel_below=0.0, irreversible_below=0.9)
FIELD = Element(role="textbox", name="Name", box=(10, 10, 100, 20), states=("focused",))
OK = Element(role="button", name="OK", box=(10, 50, 40, 20))
WRITE, PRESS = TypeText(text="ada"), Click(x=20, y=60)
PART = ByHeart((rehearsed(WRITE, [FIELD, OK]), rehearsed(PRESS, [FIELD, OK])))


def plan(*elements: Element, step: int = 0) -> Plan:
    pixels = np.zeros((100, 200, 3), np.uint8)
    seen = Observation(pixels=pixels, cursor=(0, 0), t_ns=0, elements=elements)
    return Planner(PART, THRESHOLDS, "agent", on_a_desktop).plan(seen, step)


def test_what_shows_as_it_did_is_planned_to_the_end() -> None:
    found = plan(FIELD, OK)
    assert (found.actions, found.end) == ((WRITE, PRESS), End.OPEN)
    assert found.is_understood


def test_it_is_done_after_the_last_action() -> None:
    assert plan(FIELD, OK, step=2).end is End.DONE


def test_nothing_is_planned_for_another_window() -> None:
    window = Element(role="window", name="Letters", box=(0, 0, 200, 100))
    known = ByHeart((rehearsed(PRESS, [window, OK]),))
    pixels = np.zeros((100, 200, 3), np.uint8)
    for name, end in (("Letters", End.OPEN), ("Bills", End.UNSURE)):
        shown = (replace(window, name=name), OK)
        seen = Observation(pixels=pixels, cursor=(0, 0), t_ns=0, elements=shown)
        assert Planner(known, THRESHOLDS, "agent", on_a_desktop).plan(seen, 0).end is end


def test_nothing_is_planned_for_another_target() -> None:
    other = Element(role="button", name="Cancel", box=OK.box)
    assert plan(FIELD, other, step=1).end is End.UNSURE
    assert plan(OK).end is End.UNSURE
