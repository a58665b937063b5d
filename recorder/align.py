"""Alignment: a recording becomes episodes, each action paired with what was seen before it.

Nobody can have reacted to an image that was not there yet. So an action gets the last frame whose
grab was over strictly before the action began, and for a click that is before the pointer began to
move towards its target.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from recorder.frames import FrameReader
from recorder.gestures import Gesture, of_agent, reduce_events
from recorder.schema import (
    AgentAction,
    Controller,
    Element,
    ElementSnapshot,
    Episode,
    Event,
    Frame,
    FrameUnchanged,
    Gap,
    HeldState,
    InputEvent,
    Mark,
    Observation,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
    Step,
    Wait,
)
from recorder.spans import COVERED, PANIC, TAKEN_OUT
from recorder.store import Recording

T = TypeVar("T")

_MS = 1_000_000
_EARLY_NS = 5 * _MS  # an event may be stamped a little before its executor's own note
_LATE_NS = 250 * _MS  # and reach the screen a little after the executor was done
TASK_START, TASK_END = "task_start", "task_end"


@dataclass(frozen=True, slots=True)
class AlignOptions:
    """What counts as an action."""

    rest_ms: int = 1000
    """A pointer that rests this long while the screen changes was moved there for its own sake; 0
    leaves mere movements out."""
    wait_ms: int = 0
    """A pause this long between two actions becomes a `wait`; 0 leaves waits out."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step without its pixels."""

    gesture: Gesture
    frame: Frame
    cursor: tuple[int, int]
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class PlannedEpisode:
    """An episode without its pixels."""

    steps: tuple[PlannedStep, ...]
    goal: str
    terminated: bool


class Steps(Sequence[Step]):
    """The steps of an episode; the pixels of a step are decoded when it is asked for."""

    def __init__(self, planned: Sequence[PlannedStep], goal: str, reader: FrameReader) -> None:
        self._planned = planned
        self._goal = goal
        self._reader = reader

    def __len__(self) -> int:
        return len(self._planned)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Steps: ...
    def __getitem__(self, index: int | slice) -> Step | Steps:
        """Return one step, or some of them as lazy as before."""
        if isinstance(index, slice):
            return Steps(self._planned[index], self._goal, self._reader)
        planned = self._planned[index]
        gesture = planned.gesture
        return Step(
            observation=Observation(
                pixels=self._reader.read(planned.frame),
                cursor=planned.cursor,
                t_ns=planned.frame.t_ns,
                goal=self._goal,
                elements=planned.elements,
            ),
            action=gesture.action,
            controller=gesture.controller,
            t_ns=gesture.begin_ns,
            end_ns=gesture.end_ns,
            agent=gesture.agent,
            # nobody did what stands in for a redacted action, so it is no example
            weight=0.0 if gesture.redacted else 1.0,
            redacted=gesture.redacted,
            target=gesture.target,
        )


def align(recording: Recording, options: AlignOptions | None = None) -> list[Episode]:
    """Return the episodes of a recording, in order.

    Pauses, gaps and removed spans end an episode. Where `task_start` and `task_end` marks are set,
    an episode is what lies between them, and the text of the first is its goal.

    Raises:
        DamagedError: a line of the events is torn or foreign.
    """
    reader = FrameReader(recording.folder)
    return [
        Episode(
            steps=Steps(planned.steps, planned.goal, reader),
            recording=recording.manifest.name,
            goal=planned.goal,
            terminated=planned.terminated,
            truncated=not planned.terminated,
        )
        for planned in plan(list(recording.events()), options)
    ]


def plan(events: Sequence[Event], options: AlignOptions | None = None) -> list[PlannedEpisode]:
    """Return the episodes of a list of events, without pixels."""
    options = options or AlignOptions()
    view = _View(events)
    episodes: list[PlannedEpisode] = []
    marks = _marks(events)
    for stretch in _stretches(events):
        gestures = _gestures(stretch.events, view, options)
        gestures = list(_with_waits(gestures, options.wait_ms * _MS))
        for task in _tasks(marks, stretch):
            steps = tuple(
                step
                for gesture in gestures
                if task.start_ns <= gesture.acted_ns < task.end_ns
                and (step := view.step(gesture, stretch.start_ns)) is not None
            )
            if steps:
                episodes.append(PlannedEpisode(steps, task.goal, task.terminated))
    return episodes


# Where episodes begin and end -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time without interruption and what happened in it, sorted by time."""

    start_ns: int
    end_ns: int
    events: list[Event]


@dataclass(frozen=True, slots=True)
class _Task:
    start_ns: int
    end_ns: int
    goal: str = ""
    terminated: bool = False


def _stretches(events: Sequence[Event]) -> list[_Stretch]:
    cuts = {moment for event in events for moment in _interruption(event)}
    in_order = sorted(events, key=lambda event: event.t_ns)
    if not in_order:
        return []
    bounds = sorted({in_order[0].t_ns, *cuts})
    ends = [*bounds[1:], max(bounds[-1], in_order[-1].t_ns) + 1]
    times = [event.t_ns for event in in_order]
    return [
        _Stretch(start, end, in_order[bisect_left(times, start) : bisect_left(times, end)])
        for start, end in zip(bounds, ends, strict=True)
    ]


def _interruption(event: Event) -> tuple[int, ...]:
    match event:
        case Pause() | Resume():
            return (event.t_ns,)
        case Gap():
            return (event.t_ns, event.end_ns + 1)
        case Redacted() if event.reason in (TAKEN_OUT, PANIC):
            return (event.t_ns, event.end_ns + 1)
        case _:
            return ()


def _marks(events: Sequence[Event]) -> list[Mark]:
    found = (e for e in events if isinstance(e, Mark) and e.label in (TASK_START, TASK_END))
    return sorted(found, key=lambda mark: mark.t_ns)


def _tasks(marks: Sequence[Mark], stretch: _Stretch) -> list[_Task]:
    """Return the tasks that a stretch has a part in; without any marks it is one task itself."""
    if not marks:
        return [_Task(stretch.start_ns, stretch.end_ns)]
    tasks: list[_Task] = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if mark.label != TASK_START:
            continue
        end_ns = following.t_ns if following else stretch.end_ns
        ended = following is not None and following.label == TASK_END
        tasks.append(
            _Task(
                start_ns=max(mark.t_ns, stretch.start_ns),
                end_ns=min(end_ns, stretch.end_ns),
                goal=mark.text,
                terminated=ended and end_ns <= stretch.end_ns,
            )
        )
    return [task for task in tasks if task.start_ns < task.end_ns]


# What was done ----------------------------------------------------------------------------------


def _gestures(events: Sequence[Event], view: _View, options: AlignOptions) -> list[Gesture]:
    """Return what all actors did in a stretch, in order."""
    entries = [event for event in events if isinstance(event, AgentAction)]
    noted = _Noted(entries)
    actors: dict[tuple[Controller, str], list[InputEvent]] = {}
    for event in events:
        if isinstance(event, InputEvent) and event.trusted and event not in noted:
            actors.setdefault((event.controller, event.agent), []).append(event)
    held = [event for event in events if isinstance(event, HeldState)]
    gestures = [of_agent(entry, view.page_at(entry.t_ns)) for entry in entries]
    for found in actors.values():
        in_order = sorted([*held, *found], key=lambda event: event.t_ns)
        gestures += reduce_events(in_order, rest_ns=options.rest_ms * _MS, changed=view.changed)
    gestures += _redactions(events)
    return sorted(gestures, key=lambda gesture: gesture.acted_ns)


class _Noted:
    """The input events that executors made and wrote a note of their own about."""

    def __init__(self, entries: Sequence[AgentAction]) -> None:
        self._spans: dict[tuple[Controller, str], list[tuple[int, int]]] = {}
        for entry in sorted(entries, key=lambda entry: entry.t_ns):
            spans = self._spans.setdefault((entry.controller, entry.agent), [])
            # the latest end so far, so that one look-up is enough where actions overlap
            latest_ns = max(entry.end_ns, spans[-1][1] if spans else 0)
            spans.append((entry.t_ns - _EARLY_NS, latest_ns))

    def __contains__(self, event: InputEvent) -> bool:
        if event.controller is Controller.HUMAN:
            return False
        spans = self._spans.get((event.controller, event.agent), [])
        last = _last_before(spans, event.t_ns + 1)
        return last is not None and event.t_ns <= last[1] + _LATE_NS


def _redactions(events: Sequence[Event]) -> list[Gesture]:
    """Return a stand-in for each action that was left out: time passed, and that is all we say."""
    spans: dict[tuple[int, str, str], Redacted] = {}
    for event in events:
        if isinstance(event, Redacted) and event.reason not in (TAKEN_OUT, PANIC, COVERED):
            key = (event.t_ns, event.reason, event.page)
            # a span is written when it begins, and again when its end is known
            if key not in spans or spans[key].end_ns < event.end_ns:
                spans[key] = event
    return [
        Gesture(
            action=Wait(duration_ms=(span.end_ns - span.t_ns) // _MS),
            begin_ns=span.t_ns,
            acted_ns=span.t_ns,
            end_ns=span.end_ns,
            page=span.page,
            redacted=True,
        )
        for span in spans.values()
    ]


def _with_waits(gestures: Sequence[Gesture], wait_ns: int) -> Iterator[Gesture]:
    """Yield gestures, and a wait between two that are far apart."""
    last: Gesture | None = None
    for gesture in gestures:
        if last is not None and wait_ns and gesture.begin_ns - last.end_ns >= wait_ns:
            duration_ms = (gesture.begin_ns - last.end_ns) // _MS
            yield replace(
                last,
                action=Wait(duration_ms=duration_ms),
                begin_ns=last.end_ns,
                acted_ns=last.end_ns,
                end_ns=gesture.begin_ns,
                target=None,
                redacted=False,
            )
        yield gesture
        last = gesture


# What was seen ----------------------------------------------------------------------------------


class _View:
    """What could be seen when, page by page."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._frames: dict[str, list[tuple[int, Frame | None]]] = {}
        self._elements: dict[str, list[tuple[int, ElementSnapshot]]] = {}
        self._cursor: list[tuple[int, tuple[int, int]]] = [(-1, (0, 0))]
        self._pages: list[tuple[int, str]] = [(-1, "")]
        self._changes: list[int] = []
        for event in sorted(events, key=_known_ns):
            self._take(event)

    def step(self, gesture: Gesture, since_ns: int) -> PlannedStep | None:
        """Return a gesture with what was seen before it, None when nothing was in its stretch."""
        seen = _last_before(self._frames.get(gesture.page, ()), gesture.begin_ns)
        if seen is None or seen[1] is None or seen[0] < since_ns:
            return None
        cursor = _last_before(self._cursor, gesture.begin_ns)
        read = _last_before(self._elements.get(gesture.page, ()), gesture.begin_ns)
        return PlannedStep(
            gesture=gesture,
            frame=seen[1],
            cursor=cursor[1] if cursor else (0, 0),
            elements=read[1].elements if read and read[0] >= since_ns else (),
        )

    def page_at(self, t_ns: int) -> str:
        """Return the page that last changed or was acted on before a moment."""
        found = _last_before(self._pages, t_ns)
        return found[1] if found else ""

    def changed(self, start_ns: int, end_ns: int) -> bool:
        """Return whether a new frame came between two times."""
        place = bisect_left(self._changes, start_ns)
        return place < len(self._changes) and self._changes[place] < end_ns

    def _take(self, event: Event) -> None:
        match event:
            case Frame():
                known_ns = _known_ns(event)
                self._frames.setdefault(event.page, []).append((known_ns, event))
                self._changes.append(known_ns)
                self._pages.append((known_ns, event.page))
            case FrameUnchanged():
                # the last frame was looked at again and is still what is on screen
                shown = self._frames.get(event.page)
                if shown:
                    shown.append((event.t_ns, shown[-1][1]))
            case Redacted() if event.reason in (TAKEN_OUT, PANIC):
                for shown in self._frames.values():
                    shown.append((event.t_ns, None))
            case ElementSnapshot():
                self._elements.setdefault(event.page, []).append((event.t_ns, event))
            case PointerMove() | PointerButton() | Scroll():
                self._cursor.append((event.t_ns, (event.x, event.y)))
                self._pages.append((event.t_ns, event.page))
            case HeldState():
                self._cursor.append((event.t_ns, (event.x, event.y)))
            case _:
                pass


def _known_ns(event: Event) -> int:
    """Return from when on an event could be known: a frame, once its grab was over."""
    return max(event.t_ns, event.end_ns) if isinstance(event, Frame) else event.t_ns


def _last_before(entries: Sequence[tuple[int, T]], t_ns: int) -> tuple[int, T] | None:
    place = bisect_left(entries, t_ns, key=lambda entry: entry[0])
    return entries[place - 1] if place else None
