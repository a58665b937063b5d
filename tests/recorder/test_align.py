"""No action is paired with what came after it began; nothing that was done counts twice."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from recorder.align import AlignOptions, PlannedStep, align, plan
from recorder.align.frames import FrameReader
from recorder.errors import DamagedError
from recorder.schema import (
    AgentAction,
    Click,
    Controller,
    Element,
    ElementSnapshot,
    Event,
    Frame,
    FrameUnchanged,
    Gap,
    Key,
    KeyChord,
    Mark,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    TypeText,
    Wait,
)
from tests.recorder.scene import Scene, at, read_number

MS = 1_000_000


def frame(ms: int, pts_ms: int = 0, page: str = "", late_ms: int = 1) -> Frame:
    """Return a frame event without its pixels."""
    return Frame(
        t_ns=ms * MS,
        start_ns=(ms - 1) * MS,
        end_ns=(ms + late_ms) * MS,
        segment=1,
        index=0,
        pts_ms=pts_ms or ms,
        width=8,
        height=8,
        page=page,
    )


def click(ms: int, x: int = 10, page: str = "", **more: object) -> list[Event]:
    """Return a button going down and up."""
    return [
        PointerButton(t_ns=t * MS, button="left", down=t == ms, x=x, y=10, page=page, **more)  # type: ignore[arg-type]
        for t in (ms, ms + 40)
    ]


def steps(events: Sequence[Event], options: AlignOptions | None = None) -> list[PlannedStep]:
    """Return the steps of all episodes."""
    return [step for episode in plan(events, options) for step in episode.steps]


# The screen says how many clicks there were so far ---------------------------------------------


def counting(scene: Scene, clicks: int = 12) -> None:
    """Record a screen that shows after each click how many there were."""
    scene.frame(0, 0)
    for number in range(clicks):
        ms = 1000 + number * 900
        scene.add(
            *(PointerMove(t_ns=at(ms - 100 + 20 * i), x=10 * i, y=number) for i in range(5)),
            *(
                PointerButton(t_ns=at(ms + up), button="left", down=not up, x=40, y=number)
                for up in (0, 50)
            ),
        )
        if number == clicks // 2:
            scene.cut()
        scene.frame(number + 1, ms + 80)


def seen_counts(scene: Scene) -> list[int]:
    """Return what the screen shows at each click, as aligned."""
    (episode,) = align(scene.close())
    return [read_number(step.observation.pixels) for step in episode.steps]


def test_the_kth_click_sees_the_screen_after_k_clicks(scene: Scene) -> None:
    counting(scene)
    assert seen_counts(scene) == list(range(12))


def test_the_count_is_wrong_when_frames_are_dated_one_frame_early(scene: Scene) -> None:
    """The probe above can fail: it does when each frame carries the time of the one before."""
    counting(scene)

    def shift(events: list[Event]) -> list[Event]:
        frames = [event for event in events if isinstance(event, Frame)]
        times = {two: one for one, two in pairwise(frames)}
        return [
            replace(e, t_ns=times[e].t_ns, start_ns=times[e].start_ns, end_ns=times[e].end_ns)
            if isinstance(e, Frame) and e in times
            else e
            for e in events
        ]

    scene.writer.rewrite(shift)
    assert seen_counts(scene) == list(range(1, 13))


def test_steps_are_decoded_when_asked_for_in_any_order(scene: Scene) -> None:
    counting(scene)
    (episode,) = align(scene.close())
    order = [3, 11, 0, 7, 7, 2, -1]
    shown = [read_number(episode.steps[number].observation.pixels) for number in order]
    assert shown == [3, 11, 0, 7, 7, 2, 11]
    assert [read_number(step.observation.pixels) for step in episode.steps[2:5]] == [2, 3, 4]
    step = episode.steps[1]
    assert step.observation.pixels.shape == (120, 200, 3)
    assert step.observation.cursor == (40, 0)  # where the first click left it
    assert not step.observation.pixels.flags.writeable


# What was seen --------------------------------------------------------------------------------


def test_a_click_sees_the_last_frame_before_the_pointer_set_out() -> None:
    moving: list[Event] = [PointerMove(t_ns=t * MS, x=t, y=0) for t in range(100, 200, 10)]
    (step,) = steps([frame(50), frame(95, late_ms=9), *moving, frame(150), *click(200)])
    assert step.frame == frame(50)  # the grab of the second was not over yet


def test_each_page_has_frames_of_its_own() -> None:
    events = [frame(10, page="p1"), frame(20, page="p2"), *click(100, page="p1")]
    assert [step.frame.page for step in steps([*events, *click(300, page="p3")])] == ["p1"]


def test_elements_are_those_of_the_page_just_before() -> None:
    button, link = (Element(role=role, box=(0, 0, 5, 5)) for role in ("button", "link"))
    events: list[Event] = [
        frame(10, page="p1"),
        ElementSnapshot(t_ns=20 * MS, page="p1", elements=(button,)),
        ElementSnapshot(t_ns=30 * MS, page="p2", elements=(link,)),
        ElementSnapshot(t_ns=100 * MS, page="p1", elements=(link,)),
        *click(100, page="p1"),
    ]
    assert [step.elements for step in steps(events)] == [(button,)]


def test_after_an_interruption_a_frame_counts_once_it_was_looked_at_again() -> None:
    paused: list[Event] = [frame(10), Pause(t_ns=50 * MS), Resume(t_ns=80 * MS)]
    assert steps([*paused, *click(200)]) == []
    again = FrameUnchanged(t_ns=100 * MS)
    assert [step.frame for step in steps([*paused, again, *click(200)])] == [frame(10)]
    removed = Redacted(t_ns=90 * MS, end_ns=95 * MS, reason="panic")
    assert steps([*paused, removed, again, *click(200)]) == []


# Who did it -----------------------------------------------------------------------------------


def note(ms: int, agent: str = "a") -> AgentAction:
    """Return an executor's note of a click at 10, 10."""
    return AgentAction(
        t_ns=ms * MS,
        end_ns=(ms + 50) * MS,
        controller=Controller.SCRIPT,
        agent=agent,
        action=Click(x=10, y=10),
    )


def test_an_agents_action_counts_once() -> None:
    by_agent = click(101, controller=Controller.SCRIPT, agent="a")
    by_other = click(102, controller=Controller.SCRIPT, agent="b")
    found = steps([frame(10), note(100), *by_agent, *by_other, *click(103)])
    assert [(step.gesture.controller, step.gesture.agent) for step in found] == [
        (Controller.SCRIPT, "a"),
        (Controller.SCRIPT, "b"),
        (Controller.HUMAN, ""),
    ]


def test_what_an_agent_did_without_a_note_counts_too() -> None:
    late = click(900, controller=Controller.SCRIPT, agent="a")
    assert len(steps([frame(10), note(100), *late])) == 2


def test_an_agents_action_is_seen_on_the_page_it_was_on() -> None:
    events = [frame(10, page="p1"), frame(20, page="p2"), *click(40, page="p1"), note(200)]
    assert [step.frame.page for step in steps(events)] == ["p1", "p1"]


def test_what_a_page_dispatched_to_itself_is_no_action() -> None:
    assert steps([frame(10), *click(100, trusted=False)]) == []


# What was left out ------------------------------------------------------------------------------


def test_a_redacted_span_is_a_step_that_says_nothing_of_it() -> None:
    begun = Redacted(t_ns=100 * MS, end_ns=100 * MS, reason="password")
    events = [frame(10), begun, replace(begun, end_ns=2100 * MS), *click(3000)]
    secret, last = steps(events)
    assert secret.gesture.redacted
    assert secret.gesture.action == Wait(duration_ms=2000)
    assert not last.gesture.redacted


def test_a_redacted_step_is_no_example(scene: Scene) -> None:
    scene.frame(1, 0)
    scene.add(Redacted(t_ns=at(50), end_ns=at(90), reason="card"))
    (episode,) = align(scene.close())
    assert (episode.steps[0].redacted, episode.steps[0].weight) == (True, 0.0)


# Episodes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "interruption",
    [
        [Pause(t_ns=300 * MS), Resume(t_ns=310 * MS)],
        [Gap(t_ns=300 * MS, end_ns=310 * MS, reason="stall")],
        [Redacted(t_ns=300 * MS, end_ns=310 * MS, reason="asked")],
    ],
)
def test_an_interruption_ends_an_episode(interruption: list[Event]) -> None:
    events = [frame(10), *click(100), *interruption, frame(400), *click(500)]
    assert [len(episode.steps) for episode in plan(events)] == [1, 1]


def test_marks_delimit_episodes_and_name_their_goal(scene: Scene) -> None:
    for number in range(6):
        scene.frame(number, number * 100)
        scene.add(
            *(
                PointerButton(
                    t_ns=at(number * 100 + 40 + up), button="left", down=not up, x=50 * number, y=0
                )
                for up in (0, 5)
            )
        )
    scene.add(
        Mark(t_ns=at(90), label="task_start", text="first"),
        Mark(t_ns=at(290), label="task_end"),
        Mark(t_ns=at(390), label="task_start", text="second"),
        Mark(t_ns=at(410), label="note", text="not a boundary"),
    )
    first, second = align(scene.close())
    assert (first.goal, first.terminated, first.truncated, len(first.steps)) == (
        "first",
        True,
        False,
        2,
    )
    assert (second.goal, second.terminated, second.truncated) == ("second", False, True)
    assert first.recording == "scene"
    assert second.steps[0].observation.goal == "second"


def test_an_interrupted_task_is_two_episodes_and_only_the_last_terminated() -> None:
    events: list[Event] = [
        Mark(t_ns=0, label="task_start", text="goal"),
        frame(10),
        *click(100),
        Gap(t_ns=300 * MS, end_ns=310 * MS, reason="stall"),
        frame(400),
        *click(500),
        Mark(t_ns=900 * MS, label="task_end"),
    ]
    found = [(episode.goal, episode.terminated) for episode in plan(events)]
    assert found == [("goal", False), ("goal", True)]


def test_long_rests_become_waits_when_asked_for() -> None:
    events = [frame(10), *click(100), *click(3000, x=90)]
    assert len(steps(events)) == 2
    waits = steps(events, AlignOptions(wait_ms=1000))
    assert [type(step.gesture.action) for step in waits] == [Click, Wait, Click]
    assert waits[1].gesture.action == Wait(duration_ms=2860)


def test_nothing_makes_no_episodes() -> None:
    assert plan([]) == []
    assert plan([frame(10)]) == []


def test_keys_are_aligned_as_well() -> None:
    typed = [Key(t_ns=t * MS, down=True, symbol=s) for t, s in ((100, "a"), (200, "Return"))]
    assert [step.gesture.action for step in steps([frame(10), *typed])] == [
        TypeText(text="a"),
        KeyChord(key="Enter"),
    ]


# Pixels -----------------------------------------------------------------------------------------


def test_any_frame_can_be_read_at_any_time(scene: Scene) -> None:
    for number in range(130):
        if number in (60, 100):
            scene.cut()
        scene.frame(number, number * 700)
    recording = scene.close()
    frames = recording.frames()
    order = [*np.random.default_rng(7).permutation(130)[:30], *range(95, 110)]
    with FrameReader(recording.folder) as reader:
        assert [read_number(reader.read(frames[number])) for number in order] == order
        with pytest.raises(DamagedError, match="no frame at 12345 ms"):
            reader.read(replace(frames[0], pts_ms=12345))
        with pytest.raises(DamagedError, match="cannot read"):
            reader.read(replace(frames[0], segment=9))
