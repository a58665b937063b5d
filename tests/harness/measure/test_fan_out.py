"""An agent that waits or is held is not productive."""

from __future__ import annotations

import math

import pytest

from harness.measure.fan_out import fan_out_90, productive_agents, productive_s, waits
from recorder.schema import Controller
from tests.harness.measure.stories import Story, planned


def test_waiting_and_being_held_are_not_productive() -> None:
    story = Story().steps(10).engage(waited_ms=3_000, approach_ms=500).pause(1_500).release()
    assert productive_s(story.steps(20).done().end().episode()) == pytest.approx(3)


@pytest.mark.parametrize(
    "story",
    [
        Story().steps(10),
        Story().steps(10).end(verified=False),
        Story().steps(10).engage().steps(1, Controller.HUMAN).release().end(),
    ],
    ids=["unfinished", "failed", "completed by a person"],
)
def test_work_without_output_is_not_productive(story: Story) -> None:
    assert productive_s(story.episode()) == 0


def test_two_agents_that_work_half_the_time_are_one() -> None:
    episodes = [Story(planned(seed=seed)).steps(50).done().end().episode() for seed in range(2)]
    assert productive_agents(episodes, shift_s=10) == pytest.approx(1)


def test_waits_are_those_of_requests_that_were_answered() -> None:
    episodes = [
        Story().engage(waited_ms=waited, approach_ms=900).release().contact(5).ask().episode()
        for waited in (0, 1_000, 2_000)
    ]
    found = waits(episodes)
    assert (found.n, found.median_s, found.p95_s) == (3, 1, pytest.approx(1.9))
    assert math.isnan(waits([]).p95_s)


def test_the_fan_out_needs_one_agent_to_compare_with() -> None:
    with pytest.raises(KeyError):
        fan_out_90({2: 1.0})
