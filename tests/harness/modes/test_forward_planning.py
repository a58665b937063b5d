"""A plan goes as far as the policy is sure and the page can be told, and the light with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness.modes.fast_forward.light import is_lit, left_of
from harness.modes.fast_forward.planning import End, Plan, Planner
from harness.modes.fast_forward.reader import Reader
from harness.modes.fast_forward.work import Outlook
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
    Done,
    Element,
    KeyChord,
    Observation,
    Thresholds,
    TypeText,
)

THRESHOLDS = Thresholds(ask_below=0.5, resume_above=0.6, novel_below=0.05, irreversible_below=0.9)


def form(goal: str = 'Enter "ada"', button: str = "Submit") -> Observation:
    elements = (
        Element(role="textbox", name="Name", box=(0, 0, 100, 20)),
        Element(role="button", name=button, box=(0, 20, 100, 20)),
        Element(role="combobox", name="Country", box=(0, 40, 100, 20)),
    )
    return Observation(np.zeros((210, 160, 3), np.uint8), (0, 0), 0, goal, elements)


class Listed:
    """A policy that goes through a list, by the step that it is asked for."""

    def __init__(self, *decisions: Decision) -> None:
        self._decisions = decisions

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        return [self._decisions[context.step] for context in batch]


def sure(action: Action, p_accept: float = 0.99, novelty: float = 0.5) -> Decision:
    return Decision(action, p_accept, novelty)


INTO, WORD, PRESS = Click(x=50, y=10), TypeText(text="ada"), Click(x=50, y=30)


def plan(*decisions: Decision, seen: Observation | None = None) -> Plan:
    return Planner(Listed(*decisions), THRESHOLDS, "a").plan(seen or form(), 0)


def lit(found: Plan, left_s: float = 5.0, least_s: float = 0.0) -> bool:
    return is_lit(Outlook(found, left_s), THRESHOLDS, least_s=least_s)


def test_a_plan_ends_with_what_cannot_be_told() -> None:
    found = Planner(Reader(), THRESHOLDS, "a").plan(form(), 0)
    assert found.actions == (INTO, WORD, PRESS)
    assert (found.end, found.reached) == (End.OPEN, None)
    assert lit(found)


def test_actions_that_are_each_sure_enough_light_the_light_though_all_are_less_sure() -> None:
    found = plan(*(sure(each, p_accept=0.98) for each in (INTO, WORD, Done())))
    strict = replace(THRESHOLDS, ask_below=0.97, resume_above=0.97, irreversible_below=0.97)
    assert found.p_accept < strict.ask_below
    assert is_lit(Outlook(found, 5.0), strict)


def test_a_plan_is_made_on_what_its_actions_lead_to() -> None:
    found = plan(sure(INTO), sure(WORD), sure(Done()))
    assert found.end is End.DONE
    assert found.reached is not None
    assert found.reached.observation.elements[0].value == "ada"
    assert lit(found)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (sure(PRESS, p_accept=0.4), End.UNSURE),
        (sure(PRESS, novelty=0.01), End.UNSURE),
        (sure(Ask()), End.UNSURE),
        (sure(Click(x=500, y=5)), End.ASTRAY),
        (sure(TypeText(text="two\nlines")), End.ASTRAY),
        (sure(Click(x=50, y=50)), End.ASTRAY),  # opens a list that no page hears anything of
    ],
)
def test_no_light_where_the_rest_is_not_understood(last: Decision, end: End) -> None:
    found = plan(sure(INTO), sure(WORD), last)
    assert (found.end, found.actions) == (end, (INTO, WORD))
    assert not lit(found)


def test_no_plan_goes_past_what_cannot_be_undone() -> None:
    found = plan(sure(INTO), sure(WORD), sure(PRESS), seen=form(button="Delete account"))
    assert (found.end, found.actions) == (End.IRREVERSIBLE, (INTO, WORD))
    assert not lit(found)


def test_a_plan_that_goes_round_in_circles_ends() -> None:
    around = plan(*[sure(INTO), sure(KeyChord(key="a", modifiers=("ctrl",)))] * 50)
    assert around.end is End.ASTRAY
    assert not lit(around)


def with_field(seen: Observation, *states: str, value: str = "") -> Observation:
    field, *others = seen.elements
    return replace(seen, elements=(replace(field, states=states, value=value), *others))


def test_a_plan_is_taken_up_where_the_page_is_ready_for_one_of_its_steps() -> None:
    whole = plan(sure(INTO), sure(WORD), sure(PRESS))
    taken_up = whole.rest(1).taken_up(with_field(form(), "focused"))
    assert taken_up is not None
    assert (taken_up.actions, taken_up.end) == ((WORD, PRESS), whole.end)


def test_what_has_the_focus_matters_for_keys_but_not_for_clicks() -> None:
    whole = plan(sure(INTO), sure(WORD), sure(PRESS))
    filled = with_field(form(), value="ada")
    taken_up = whole.taken_up(filled)
    assert taken_up is not None
    assert taken_up.actions == (PRESS,)
    assert taken_up.steps[0].scene.observation is filled
    assert whole.rest(1).taken_up(form()) is None


def test_a_plan_is_not_taken_up_on_another_page() -> None:
    whole = plan(sure(INTO), sure(WORD), sure(PRESS))
    assert whole.taken_up(form(button="Cancel")) is None
    assert whole.taken_up(with_field(form(), value="ad")) is None


def test_doubts_add_up() -> None:
    assert lit(plan(sure(INTO, 0.96), sure(WORD, 0.96), sure(PRESS)))
    assert not lit(plan(sure(INTO, 0.9), sure(WORD, 0.9), sure(PRESS)))


def test_a_light_that_is_not_worth_its_click_stays_dark() -> None:
    found = plan(sure(INTO), sure(WORD), sure(PRESS))
    assert lit(found, left_s=5, least_s=4)
    assert not lit(found, left_s=3, least_s=4)


def test_what_is_left_falls_with_what_is_done() -> None:
    found = plan(sure(INTO), sure(WORD), sure(PRESS))
    assert left_of(10.0, [], found) == pytest.approx(10)
    assert 0 < left_of(10.0, [INTO, WORD], plan(sure(PRESS))) < 10
