"""An agent asks when it should, does not flicker, and does not run in circles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.actions import is_irreversible
from harness.gate import Gate, Reason
from recorder.errors import ConfigError
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
    Drag,
    Element,
    KeyChord,
    Observation,
    Thresholds,
    TypeText,
    Wait,
)

THRESHOLDS = Thresholds(ask_below=0.4, resume_above=0.6, novel_below=0.02, irreversible_below=0.95)
BUTTON = Element(role="button", box=(0, 0, 40, 20), text="Delete", states=("focused",))
PANEL = Element(role="group", box=(0, 0, 160, 100), text="Buy order Delete Cancel")
CANCEL = Element(role="button", box=(60, 0, 40, 20), text="Cancel")
ELEMENTS = (PANEL, BUTTON, CANCEL)


def look(step: int, shade: int = 0, agent: str = "a", blank: bool = False) -> AgentContext:
    pixels = np.full((4, 4, 3), shade, np.uint8)
    elements = () if blank else ELEMENTS
    return AgentContext(agent, Observation(pixels, (0, 0), 0, "", elements), step)


def reasons(acceptance: list[float], novelty: float = 1.0) -> list[Reason | None]:
    gate = Gate(THRESHOLDS)
    return [
        gate.reason(look(step, shade=step), Decision(Wait(duration_ms=1), p, novelty))
        for step, p in enumerate(acceptance)
    ]


def test_it_asks_below_one_threshold_and_resumes_above_another() -> None:
    assert reasons([0.5, 0.3, 0.5, 0.59, 0.6, 0.5]) == [
        None,
        Reason.RISK,
        Reason.LINGERING,
        Reason.LINGERING,
        None,
        None,
    ]


@given(st.lists(st.floats(0, 1), max_size=40))
def test_it_switches_only_when_the_whole_band_is_crossed(acceptance: list[float]) -> None:
    asks = [reason is not None for reason in reasons(acceptance)]
    for before, now, p in zip([False, *asks], asks, acceptance, strict=False):
        if not before and now:
            assert p < THRESHOLDS.ask_below
        if before and not now:
            assert p >= THRESHOLDS.resume_above


@given(st.lists(st.floats(0.4, 0.5999), max_size=40), st.booleans())
def test_it_never_flickers_within_the_band(band: list[float], starts_asking: bool) -> None:
    asks = [reason is not None for reason in reasons([0.1 if starts_asking else 0.9, *band])]
    assert all(now == before for before, now in pairwise(asks))


def test_what_is_unlike_the_known_is_asked_about_however_sure() -> None:
    assert reasons([1.0], novelty=0.01) == [Reason.NOVELTY]


def test_the_policy_may_ask_itself() -> None:
    assert Gate(THRESHOLDS).reason(look(0), Decision(Ask(), 1.0, 1.0)) is Reason.ASKED


def test_the_same_action_on_the_same_frame_is_a_loop_the_third_time() -> None:
    gate = Gate(THRESHOLDS)
    same = Decision(Click(x=70, y=5), 0.99, 1.0)
    found = [gate.reason(look(step), same) for step in range(3)]
    assert found == [None, None, Reason.LOOP]
    assert gate.reason(look(3, shade=9), same) is None
    assert gate.reason(look(4), Decision(Click(x=71, y=5), 0.99, 1.0)) is None


def test_a_new_episode_and_another_agent_begin_afresh() -> None:
    gate = Gate(THRESHOLDS)
    same = Decision(Click(x=70, y=5), 0.99, 1.0)
    for step in (0, 1, 0, 1):
        assert gate.reason(look(step), same) is None
        assert gate.reason(look(step, agent="b"), same) is None


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Click(x=5, y=5), True),
        (Click(x=65, y=5), False),
        (Click(x=5, y=150), False),
        (Drag(path=((65, 5), (5, 5))), True),
        (KeyChord(key="Enter"), True),
        (KeyChord(key="Delete"), True),
        (KeyChord(key="a"), False),
        (TypeText(text="delete"), False),
    ],
)
def test_what_cannot_be_undone_is_known_by_the_words_on_it(action: Action, expected: bool) -> None:
    assert is_irreversible(action, ELEMENTS) is expected
    reason = Gate(THRESHOLDS).reason(look(0), Decision(action, 0.9, 1.0))
    assert reason is (Reason.IRREVERSIBLE if expected else None)
    assert Gate(THRESHOLDS).reason(look(0), Decision(action, 0.96, 1.0)) is None


def test_a_picture_on_a_button_is_as_dangerous_as_the_button() -> None:
    bin_icon = Element(role="image", box=(4, 4, 8, 8))
    assert is_irreversible(Click(x=5, y=5), [*ELEMENTS, bin_icon])
    assert not is_irreversible(Click(x=65, y=5), [*ELEMENTS, bin_icon])


def test_what_a_field_holds_does_not_make_it_dangerous() -> None:
    field = Element(role="textbox", box=(0, 0, 50, 20), name="delete order")
    assert not is_irreversible(Click(x=5, y=5), [field])


def test_thresholds_without_room_for_hysteresis_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least ask_below"):
        Thresholds(ask_below=0.5, resume_above=0.4, novel_below=0, irreversible_below=0.9)
    with pytest.raises(ConfigError, match="at least 2"):
        Thresholds(0.5, 0.6, 0.0, 0.9, repeats=1)
