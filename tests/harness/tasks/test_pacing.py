"""Paced experts take the time that people take, and do the same as at full speed."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import TaskPage
from harness.env.play import play
from harness.env.stage import AREA
from harness.tasks.experts.pacing import Hand, Pace, fitts_s, movement, pace_of
from harness.tasks.experts.playing import Manner
from harness.tasks.keystrokes import operators, seconds
from harness.tasks.registry import web_task
from recorder.schema import Action, Click, Drag, KeyChord, Move, ScrollBy, TypeText, Wait
from tests.soak import repeats

ACTIONS: list[Action] = [
    Click(x=120, y=60),
    TypeText(text="people"),
    KeyChord(key="Enter"),
    Drag(path=((10, 20), (90, 150))),
    ScrollBy(x=80, y=100, dy=2),
    Move(x=3, y=3),
]
TIMED = ("click-test", "enter-text", "click-checkboxes", "click-tab-2", "login-user")


def parts(seed: int, pace: Pace | None = None) -> list[list[Action]]:
    """Return some actions drawn out."""
    hand = Hand(pace or Pace(), Random(seed), AREA)
    return [hand.draw_out(action) for action in ACTIONS]


def taken_ms(drawn: list[list[Action]]) -> int:
    """Return how long all of it takes."""
    return sum(part.duration_ms for each in drawn for part in each if isinstance(part, Wait))


def test_the_same_seed_gives_the_same_times() -> None:
    assert parts(1) == parts(1)
    assert parts(1) != parts(2)


def test_what_is_drawn_out_does_what_the_action_does() -> None:
    for action, drawn in zip(ACTIONS, parts(3), strict=True):
        done = [part for part in drawn if not isinstance(part, Wait | Move)]
        if isinstance(action, TypeText):
            assert "".join(part.text for part in done if isinstance(part, TypeText)) == action.text
        else:
            assert [part for part in drawn if not isinstance(part, Wait)][-1] == action


def test_times_are_in_proportion_to_the_pace() -> None:
    slow, fast = (Pace(factor=factor, sd_log=0.0) for factor in (2.0, 0.5))
    assert taken_ms(parts(4, slow)) == pytest.approx(4 * taken_ms(parts(4, fast)), rel=0.01)


def test_a_wait_for_the_page_is_as_long_as_it_was() -> None:
    hand = Hand(Pace(factor=9.0), Random(1), AREA)
    assert hand.draw_out(Wait(duration_ms=500)) == [Wait(duration_ms=500)]


def test_far_and_small_targets_take_longer() -> None:
    assert fitts_s(200, 10) > fitts_s(50, 10)
    assert fitts_s(200, 10) > fitts_s(200, 40)
    assert fitts_s(100, 20) == pytest.approx(fitts_s(50, 10)), "only their ratio counts"


def test_the_pointer_is_fastest_half_way_and_ends_on_the_target() -> None:
    path = movement((5, 5), (150, 200), 30, bend=0.05)
    speeds = [math.dist(one, two) for one, two in pairwise([(5, 5), *path])]
    assert path[-1] == (150, 200)
    assert np.argmax(speeds) in range(11, 19)
    assert max(speeds[0], speeds[-1]) < 0.2 * max(speeds)


def test_the_pointer_stays_on_the_page() -> None:
    for seed in range(50):
        for drawn in parts(seed):
            places = [(part.x, part.y) for part in drawn if isinstance(part, Move)]
            assert all(0 <= x < AREA[0] and 0 <= y < AREA[1] for x, y in places)


def test_time_between_keys_varies_as_people_do() -> None:
    hand = Hand(Pace(sd_log=0.0), Random(5), AREA)
    drawn = hand.draw_out(TypeText(text="x" * 2000))
    gaps = [part.duration_ms for part in drawn if isinstance(part, Wait)][1:]
    assert np.mean(gaps) == pytest.approx(280, rel=0.05)
    assert np.std(np.log(gaps)) == pytest.approx(0.4, rel=0.1)


def test_thinking_comes_before_what_is_new_only() -> None:
    click = Click(x=9, y=9)
    assert operators(None, click).startswith("M")
    assert "M" not in operators(click, click)
    assert "M" not in operators(click, TypeText(text="a"))
    assert seconds([click, click]) < 2 * seconds([click])


def test_pages_without_times_have_the_pace_of_all() -> None:
    assert pace_of("no-such-page.html") == pace_of("")
    assert pace_of("click-test.html") != pace_of("")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("page", TIMED[: repeats(2, 5)])
async def test_episodes_take_as_long_as_people(page: str) -> None:
    task, logs = web_task(f"miniwob-{page}"), list[float]()
    async with Browsers(Chromium.start) as browsers:
        shown = TaskPage(browsers)
        for seed in range(5000, 5000 + repeats(25, 100)):
            outcome = await play(shown, task, seed, manner=Manner(paced=True))
            assert outcome.reward == 1
            logs.append(math.log(outcome.info["virtual_ms"] / 1000))
        await shown.close()
    assert np.exp(np.mean(logs)) == pytest.approx(task.human.seconds, rel=0.2)
    assert np.std(logs) == pytest.approx(task.human.sd_log, rel=0.5)
