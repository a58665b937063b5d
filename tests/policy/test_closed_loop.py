"""An evaluation plays every trial once, and notes what came of it and who was helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from policy.evaluate.closed_loop import Rules, play
from policy.evaluate.environments import Shift
from policy.evaluate.records import Trial
from policy.evaluate.tables import OURS
from recorder.schema import AgentContext, Click, Decision, Drag, Wait
from tests.policy.places import (
    LONGEST,
    STEPS,
    WATCHED,
    Buttons,
    Guesser,
    Sleeper,
    records,
    trials,
)


@pytest.mark.parametrize("places", [1, 3, 20])
def test_every_trial_is_played_once_on_however_many_places(places: int) -> None:
    found = [played.record for played in play(Guesser(), Buttons(places), trials(10))]
    assert sorted(record.trial for record in found) == trials(10)
    for record in found:
        assert record.success == (record.trial.seed % 2 == 0)
        assert len(record.steps) == (STEPS if record.success else 1)
        assert record.virtual_ms == 100 * len(record.steps)


def test_the_expert_says_what_was_wrong_and_the_frame_is_kept() -> None:
    fine, lost = sorted(records(trials(2)), key=lambda each: each.trial.seed)
    assert fine.right == [True, True]
    assert not fine.mistakes
    assert lost.right == [False]
    mistake = lost.mistakes[0]
    assert mistake.chosen_at != mistake.expert_at
    assert np.array(mistake.heat).shape == (2, 4)
    assert mistake.p_accept == lost.steps[0].p_accept


def test_the_gate_watches_and_is_noted_but_does_not_act() -> None:
    fine, lost = sorted(records(trials(2)), key=lambda each: each.trial.seed)
    assert fine.first_alarm == len(fine.steps)
    assert lost.steps[0].reason == "risk"
    assert lost.first_alarm == lost.first_wrong == 0


def test_who_is_helped_where_unsure_reaches_the_goal() -> None:
    found = records(trials(8, trigger="sure", budget=0.5))
    assert all(record.success for record in found)
    for record in found:
        assert all(step.helped == (record.trial.seed % 2 == 1) for step in record.steps)


def test_help_goes_first_where_the_gate_would_ask() -> None:
    class Eighths:
        """A gate that asks on every eighth page, where the policy is as sure as anywhere."""

        def reason(self, context: AgentContext, decision: Decision) -> str | None:
            return None if int(context.observation.goal.split()[1]) % 8 else "eighth"

    asked = trials(40, trigger="sure", budget=0.1)
    found = records(asked, replace(WATCHED, gate=Eighths()))
    helped = [each for each in found if any(step.helped for step in each.steps)]
    assert helped
    assert all(any(step.reason for step in each.steps) for each in helped)


def test_help_is_spread_over_episodes_that_need_it() -> None:
    class Lost:
        """A policy that is never right, nor sure."""

        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            return [Decision(Wait(duration_ms=9), 0.1, 1.0) for _ in batch]

    asked = trials(20, trigger="sure", budget=0.25)
    found = [played.record for played in play(Lost(), Buttons(), asked, WATCHED)]
    helped = [sum(step.helped for step in each.steps) for each in found]
    assert max(helped) - min(helped) <= 1


def test_random_help_comes_as_often_as_said_and_the_same_each_time() -> None:
    found = trials(200, trigger="random", budget=0.25)
    first, again = records(found), records(found)
    assert [each.steps for each in first] == [each.steps for each in again]
    steps = [step.helped for each in first for step in each.steps]
    assert 0.15 < np.mean(steps) < 0.35


def test_an_action_outside_the_screen_is_a_lost_step() -> None:
    class Outside:
        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            out = (Click(x=999, y=5), Drag(path=((5, 5), (-1, 5))))
            return [Decision(out[context.step % 2], 0.5, 1.0) for context in batch]

    (record,) = [played.record for played in play(Outside(), Buttons(), trials(1))]
    assert not record.success
    assert len(record.steps) == LONGEST


def test_an_episode_ends_when_it_takes_too_long() -> None:
    (played,) = play(Sleeper(), Buttons(), trials(1), Rules(longest=3))
    assert len(played.record.steps) == 3
    assert not played.evidence


def test_a_page_that_could_not_be_shifted_says_so_to_the_end() -> None:
    asked = [Trial(OURS, task, 0, Shift.RENAMED) for task in ("press", "unshiftable")]
    found = {
        played.record.trial.task: played.record for played in play(Guesser(), Buttons(), asked)
    }
    assert found["press"].is_shifted
    assert not found["unshiftable"].is_shifted


def test_what_broke_is_told_apart_from_what_failed() -> None:
    found = list(play(Guesser(), Buttons(), [Trial(OURS, "broken", 0)]))
    assert found[0].failure == "the browser died"
