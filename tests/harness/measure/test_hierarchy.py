"""The headline rests on human times and on trainings, and says so."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.measure.events import PlannedEpisode
from harness.measure.hierarchy import over_trainings, redrawn_opi
from harness.measure.intervals import AtLeast, Interval
from harness.measure.metrics import figures, tallies
from harness.measure.state import Run
from harness.tasks.task import HumanTime
from tests.harness.measure.stories import Story, run_of


def played(sd_log: float = 0.0, n: int = 30, contacts: int = 1, seconds: float = 20.0) -> Run:
    """Ten tasks of four equal episodes, each with so many contacts of two seconds."""
    human = HumanTime(seconds=seconds, sd_log=sd_log, n=n)
    stories: list[Story] = []
    for number in range(40):
        plan = PlannedEpisode(task=f"task {number % 10}", seed=number, human=human)
        story = Story(plan)
        for _ in range(contacts):
            story.steps(4).contact(2_000)
        stories.append(story.steps(4).done().end())
    return run_of(stories)


def width(run: Run) -> float:
    found = redrawn_opi([run])
    assert isinstance(found, Interval)
    return found.high - found.low


def test_equal_episodes_with_known_times_leave_no_doubt() -> None:
    found = redrawn_opi([played()])
    assert isinstance(found, Interval)
    assert (found.low, found.value, found.high) == pytest.approx((18, 18, 18))


def test_the_less_is_known_of_human_times_the_wider_it_is() -> None:
    assert width(played(0.4, n=30)) > 0
    assert width(played(0.4, n=0)) > 3 * width(played(0.4, n=30))


def test_redrawing_is_the_same_each_time_and_keeps_the_figure() -> None:
    run = played(0.4, n=5)
    exact = figures(tallies(run).values()).opi[10.0]
    found = redrawn_opi([run])
    assert isinstance(exact, Interval)
    assert isinstance(found, Interval)
    assert found == redrawn_opi([run])
    assert found.value == pytest.approx(exact.value)


def test_without_an_event_there_is_a_bound() -> None:
    found = redrawn_opi([played(contacts=0)])
    assert isinstance(found, AtLeast)
    assert found.low == pytest.approx(40 * 20 / 30)


def test_trainings_that_differ_widen_the_headline() -> None:
    alike = over_trainings([played()] * 3).opi[0.0]
    apart = over_trainings([played(), played(contacts=2), played(contacts=4)]).opi[0.0]
    assert isinstance(alike, Interval)
    assert isinstance(apart, Interval)
    assert alike.high - alike.low == pytest.approx(0)
    assert apart.high - apart.low > 5
    both = redrawn_opi([played(), played(contacts=4)])
    assert isinstance(both, Interval)
    assert both.low < both.value < both.high


def test_two_trainings_do_not_tell_how_training_varies() -> None:
    with pytest.raises(ConfigError, match="3 trainings or more"):
        over_trainings([played(), played()])
    with pytest.raises(ConfigError, match="no planned episode"):
        redrawn_opi([Run()])
