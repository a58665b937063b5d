"""Marks say what an episode is of, what its goals are, and how it ended."""

import pytest

from recorder.align import PlannedEpisode, plan
from recorder.schema import Click, Event, Frame, Mark, PointerButton

MS = 1_000_000


def frame(ms: int) -> Frame:
    """Return a frame that was there at a moment."""
    t_ns = ms * MS
    return Frame(
        t_ns=t_ns,
        start_ns=t_ns,
        end_ns=t_ns,
        segment=1,
        index=ms,
        pts_ms=ms,
        width=2,
        height=2,
    )


def press(ms: int) -> list[Event]:
    """Return a click."""
    return [
        PointerButton(t_ns=(ms + after) * MS, button="left", down=not after, x=1, y=1)
        for after in (0, 1)
    ]


def mark(ms: int, label: str, text: str = "") -> Mark:
    """Return a mark."""
    return Mark(t_ns=ms * MS, label=label, text=text)


def task(ms: int, name: str, seed: str, goal: str) -> list[Event]:
    """Return what begins an episode, with a frame."""
    marks = [mark(ms, "task", name), mark(ms, "task_seed", seed), mark(ms, "task_start", goal)]
    return [*marks, frame(ms + 1)]


def only(events: list[Event]) -> PlannedEpisode:
    """Return the one episode that there is."""
    (episode,) = plan(events)
    return episode


def test_each_episode_has_the_name_and_seed_that_were_said_before_it() -> None:
    events = [
        *task(100, "mail", "1", "write"),
        *press(200),
        mark(300, "task_end", "success"),
        *task(400, "form", "2", "fill"),
        *press(500),
        mark(600, "task_end", "failure"),
        mark(700, "task_start", "none was named"),
        frame(701),
        *press(800),
    ]
    found = [(each.task, each.seed, each.goal, each.success) for each in plan(events)]
    assert found == [
        ("mail", "1", "write", True),
        ("form", "2", "fill", False),
        ("", "", "none was named", None),
    ]


@pytest.mark.parametrize(
    ("said", "terminated", "success"),
    [("success", True, True), ("failure", True, False), ("limit", False, False), ("", True, None)],
)
def test_the_end_says_how_it_ended(said: str, terminated: bool, success: bool | None) -> None:
    episode = only([*task(100, "a", "1", "g"), *press(200), mark(300, "task_end", said)])
    assert (episode.terminated, episode.success) == (terminated, success)


def test_an_episode_that_was_torn_has_no_outcome() -> None:
    episode = only([*task(100, "a", "1", "g"), *press(200)])
    assert (episode.terminated, episode.success) == (False, None)


def test_a_goal_holds_from_when_it_was_set() -> None:
    events = [
        *task(100, "job", "1", "first"),
        *press(200),
        mark(300, "task_goal", "second"),
        frame(301),
        *press(1400),
        mark(1500, "task_end", "success"),
    ]
    episode = only(events)
    assert episode.goal == "first"
    assert [step.goal for step in episode.steps] == ["first", "second"]
    assert all(isinstance(step.gesture.action, Click) for step in episode.steps)
