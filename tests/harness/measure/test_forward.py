"""What fast-forward saves is what is left when every cost is paid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from harness.errors import ConfigError
from harness.measure.events import LightIgnored, LightLit, LightRun, Outcome
from harness.measure.forward import (
    funnel,
    median_speed_up,
    saved_per_hour,
    saved_s,
    wrong_per_light,
)
from harness.measure.intervals import AtMost, Interval
from harness.measure.state import Episode
from tests.harness.measure.stories import Story, planned


@dataclass(frozen=True)
class Lit:
    """A light with so much left, and how it was clicked, if it was."""

    left_s: float
    outcome: Outcome | None
    damage_s: float = 0.0


def episode(*lights: Lit, task: str = "sort", seconds: float = 20.0) -> Episode:
    """An episode of ten seconds with these lights."""
    story = Story(planned(task, seconds=seconds))
    for light in lights:
        story.events.append(LightLit(episode=story.key, t_ms=0, left_s=light.left_s))
        if light.outcome is None:
            story.events.append(LightIgnored(episode=story.key, t_ms=5))
        else:
            run = LightRun(
                episode=story.key,
                t_click_ms=10,
                exec_ms=40.0,
                review_ms=960.0,
                outcome=light.outcome,
                damage_s=light.damage_s,
            )
            story.events.append(run)
    return story.pause(10_000).end().episode()


@pytest.mark.parametrize(
    ("light", "seconds"),
    [
        (Lit(12, Outcome.VERIFIED), 11),
        (Lit(12, Outcome.STOPPED), -1),
        (Lit(12, Outcome.WRONG, damage_s=7), -47),
        (Lit(12, None), -0.5),
    ],
)
def test_each_light_saves_or_costs(light: Lit, seconds: float) -> None:
    assert saved_s(episode(light)) == pytest.approx(seconds)
    assert saved_s(episode(light, light)) == pytest.approx(2 * seconds)


def test_a_light_that_is_still_on_costs_nothing() -> None:
    story = Story()
    story.events.append(LightLit(episode=story.key, t_ms=0, left_s=3))
    assert saved_s(story.episode()) == 0


def test_lights_are_lit_clicked_executed_and_verified() -> None:
    found = funnel(
        [
            episode(Lit(10, None), Lit(8, Outcome.VERIFIED)),
            episode(Lit(12, Outcome.STOPPED), Lit(4, Outcome.WRONG)),
            episode(),
        ]
    )
    assert (found.lit, found.clicked, found.executed, found.verified) == (4, 3, 2, 1)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.anticipation == pytest.approx((0.5 + 0.4 + 0.6 + 0.2) / 4)
    assert found.speed_ups == pytest.approx((200,))
    assert math.isnan(funnel([episode()]).anticipation)


def test_a_run_that_stopped_was_lit_in_vain() -> None:
    light, stopped = Lit(4, Outcome.VERIFIED), Lit(4, Outcome.STOPPED)
    found = wrong_per_light([episode(light, light, light), episode(stopped, task="file")])
    assert isinstance(found, Interval)
    assert found.value == pytest.approx(1 / 4)
    assert wrong_per_light([episode(*[light] * 100)]) == AtMost(0.03)


def test_seconds_are_saved_per_hour_of_all_work() -> None:
    episodes = [
        episode(Lit(12, Outcome.VERIFIED), task="a"),
        episode(task="b"),
        episode(Lit(1, None), task="b"),
    ]
    assert saved_per_hour(episodes).value == pytest.approx(10.5 / 30 * 3600)


def test_without_a_click_or_an_hour_there_is_no_figure() -> None:
    with pytest.raises(ConfigError, match="no light"):
        wrong_per_light([episode(Lit(4, None))])
    with pytest.raises(ConfigError, match="no episode"):
        saved_per_hour([Story().end().episode()])


def test_the_median_speed_up_is_as_sure_as_its_tasks_agree() -> None:
    agreeing = [
        episode(Lit(left, Outcome.VERIFIED), task=f"t{number}")
        for number in range(8)
        for left in (10, 11, 12)
    ]
    found = median_speed_up([*agreeing, episode(Lit(99, Outcome.WRONG), task="t0")])
    assert found.value == pytest.approx(11 / 0.04)
    assert 10 / 0.04 <= found.low <= found.high <= 12 / 0.04
    torn = [
        episode(Lit(left, Outcome.VERIFIED), task=f"t{left}") for left in (4, 6, 10, 18, 34, 66)
    ]
    wide = median_speed_up(torn)
    assert wide.high / wide.low > 2 * found.high / found.low


def test_without_a_verified_run_there_is_no_speed_up() -> None:
    with pytest.raises(ConfigError, match="no run was verified"):
        median_speed_up([episode(Lit(12, Outcome.STOPPED))])
