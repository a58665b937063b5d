"""An agent that waits or is held is not productive."""

from __future__ import annotations

import math

import pytest

from harness.errors import ConfigError
from harness.measure.fan_out import fan_out, fan_out_90, productive_agents, productive_s, waits
from harness.measure.state import Run
from recorder.schema import Controller
from tests.harness.measure.stories import Story, planned, run_of


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


def shift(agents: int, busy: int, tasks: int = 6) -> Run:
    """Agents that each work `busy` of 100 steps of a shift, one task after another."""
    stories = [
        Story(planned(f"task {n % tasks}", seed=n, seconds=9)).steps(busy).done()
        for n in range(agents * tasks)
    ]
    for story in stories:
        story.end()
    return run_of(stories, duty_ms=100 * 100 * tasks)


def test_fan_out_has_an_interval_that_equal_tasks_leave_no_width() -> None:
    found = fan_out({1: shift(1, 90), 2: shift(2, 88), 4: shift(4, 40)})
    assert found.productive[1].value == pytest.approx(0.9)
    assert found.productive[2].value == pytest.approx(1.76)
    assert (found.fo_90.low, found.fo_90.value, found.fo_90.high) == (2, 2, 2)
    assert found.productive[4].low == pytest.approx(found.productive[4].high)


def test_tasks_that_keep_a_person_busy_make_the_fan_out_unsure() -> None:
    stories = [
        Story(planned(f"task {n % 5}", seed=n, seconds=9)).steps(10 + 30 * (n % 5)).done()
        for n in range(20)
    ]
    for story in stories:
        story.end()
    crowded = run_of(stories, duty_ms=70_000)
    found = fan_out({1: shift(1, 90), 4: crowded})
    assert found.productive[4].low <= found.productive[4].value <= found.productive[4].high
    assert found.fo_90.low <= found.fo_90.value <= found.fo_90.high


def test_a_fan_out_wants_somebody_on_duty() -> None:
    idle = run_of([Story().steps(3).done().end()])
    with pytest.raises(ConfigError, match=r"without duty: \[2\]"):
        fan_out({1: shift(1, 90), 2: idle})
    with pytest.raises(ConfigError, match="with one agent"):
        fan_out({2: shift(2, 90)})
