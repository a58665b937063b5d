"""Whatever a stream of events holds, no step is paired with what came after it began."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from recorder.align import AlignOptions, PlannedStep, plan
from recorder.schema import (
    AgentAction,
    Click,
    Controller,
    ElementSnapshot,
    Event,
    Frame,
    FrameUnchanged,
    Gap,
    HeldState,
    Key,
    Mark,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
    TextInput,
)

MS = 1_000_000


def steps(events: Sequence[Event], options: AlignOptions | None = None) -> list[PlannedStep]:
    """Return the steps of all episodes."""
    return [step for episode in plan(events, options) for step in episode.steps]


_TIMES = st.integers(0, 4000).map(lambda ms: ms * MS // 2)
_PLACES = st.integers(0, 40)
_PAGES = st.sampled_from(["", "p1", "p2"])
_WHO = st.sampled_from([(Controller.HUMAN, ""), (Controller.SCRIPT, "a"), (Controller.POLICY, "b")])


def _by(event: Event, who: tuple[Controller, str], page: str) -> Event:
    return replace(event, controller=who[0], agent=who[1], page=page)  # type: ignore[arg-type]


_INPUTS = st.builds(
    _by,
    st.one_of(
        st.builds(PointerMove, t_ns=_TIMES, x=_PLACES, y=_PLACES),
        st.builds(
            PointerButton,
            t_ns=_TIMES,
            x=_PLACES,
            y=_PLACES,
            down=st.booleans(),
            button=st.sampled_from(["left", "right"]),
            trusted=st.booleans(),
        ),
        st.builds(Scroll, t_ns=_TIMES, x=_PLACES, y=_PLACES, dx=st.just(0), dy=_PLACES),
        st.builds(
            Key,
            t_ns=_TIMES,
            down=st.booleans(),
            symbol=st.sampled_from(["a", "Return", "Control_L", "Super_L", "dead_acute"]),
            repeat=st.booleans(),
        ),
        st.builds(TextInput, t_ns=_TIMES, text=st.sampled_from(["a", "é", ""])),
    ),
    _WHO,
    _PAGES,
)


def _frame(t_ns: int, before_ms: int, after_ms: int, page: str) -> Frame:
    return Frame(
        t_ns=t_ns,
        start_ns=t_ns - before_ms * MS,
        end_ns=t_ns + after_ms * MS,
        segment=1,
        index=0,
        pts_ms=t_ns // MS,
        width=8,
        height=8,
        page=page,
    )


def _note(one_ns: int, other_ns: int, who: tuple[Controller, str]) -> AgentAction:
    return AgentAction(
        t_ns=min(one_ns, other_ns),
        end_ns=max(one_ns, other_ns),
        controller=who[0],
        agent=who[1],
        action=Click(x=1, y=1),
    )


_FRAMES = st.builds(_frame, _TIMES, st.integers(0, 30), st.integers(0, 30), _PAGES)
_OTHERS = st.one_of(
    st.builds(FrameUnchanged, t_ns=_TIMES, page=_PAGES),
    st.builds(Pause, t_ns=_TIMES),
    st.builds(Resume, t_ns=_TIMES),
    st.builds(HeldState, t_ns=_TIMES, x=_PLACES, y=_PLACES),
    st.builds(ElementSnapshot, t_ns=_TIMES, page=_PAGES, elements=st.just(())),
    st.builds(Mark, t_ns=_TIMES, label=st.sampled_from(["task_start", "task_end", "note"])),
    st.builds(Gap, t_ns=_TIMES, end_ns=_TIMES, reason=st.just("stall")),
    st.builds(
        Redacted,
        t_ns=_TIMES,
        end_ns=_TIMES,
        reason=st.sampled_from(["panic", "asked", "covered", "password"]),
    ),
    st.builds(_note, _TIMES, _TIMES, _WHO),
)
_STREAMS = st.lists(st.one_of(_INPUTS, _FRAMES, _OTHERS), max_size=60)
_OPTIONS = st.builds(
    AlignOptions, rest_ms=st.sampled_from([0, 50]), wait_ms=st.sampled_from([0, 9])
)


@given(events=_STREAMS, options=_OPTIONS)
def test_no_step_sees_its_future(events: list[Event], options: AlignOptions) -> None:
    for step in steps(events, options):
        gesture = step.gesture
        assert max(step.frame.t_ns, step.frame.end_ns) < gesture.begin_ns <= gesture.acted_ns
        assert step.frame in events


@given(events=_STREAMS)
def test_every_step_is_paired_with_the_newest_frame_it_may_see(events: list[Event]) -> None:
    for step in steps(events):
        newer = [
            event
            for event in events
            if isinstance(event, Frame)
            and event.page == step.gesture.page
            and max(event.t_ns, event.end_ns) < step.gesture.begin_ns
        ]
        assert max(max(e.t_ns, e.end_ns) for e in newer) == max(step.frame.t_ns, step.frame.end_ns)


@given(events=_STREAMS)
def test_nothing_that_was_removed_or_interrupted_lies_between_a_step_and_its_frame(
    events: list[Event],
) -> None:
    looks = [event.t_ns for event in events if isinstance(event, FrameUnchanged)]
    for step in steps(events):
        seen, begin = max(step.frame.t_ns, step.frame.end_ns), step.gesture.begin_ns
        for event in events:
            if isinstance(event, Pause | Resume) and seen < event.t_ns < begin:
                assert any(event.t_ns <= look < begin for look in looks)
            if isinstance(event, Redacted) and event.reason in ("panic", "asked"):
                assert not seen < event.t_ns < begin
