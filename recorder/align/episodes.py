"""Alignment: a recording becomes episodes, each action paired with what was seen before it.

Nobody can have reacted to an image that was not there yet. So an action gets the last frame whose
grab was over strictly before the action began, and for a click that is before the pointer began to
move towards its target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from recorder.align.frames import FrameReader
from recorder.align.gestures import Gesture, of_agent, reduce_events
from recorder.align.pieces import pieces
from recorder.align.view import View, last_before
from recorder.schema import (
    AgentAction,
    Controller,
    Element,
    Episode,
    Event,
    Frame,
    HeldState,
    InputEvent,
    Observation,
    Redacted,
    Step,
    Wait,
)
from recorder.store import Recording
from recorder.surgery.spans import COVERED, PANIC, TAKEN_OUT

_MS = 1_000_000
_EARLY_NS = 5 * _MS  # an event may be stamped a little before its executor's own note
_LATE_NS = 250 * _MS  # and reach the screen a little after the executor was done


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
    goal: str = ""


@dataclass(frozen=True, slots=True)
class PlannedEpisode:
    """An episode without its pixels."""

    steps: tuple[PlannedStep, ...]
    goal: str
    terminated: bool
    task: str = ""
    seed: str = ""
    success: bool | None = None


class Steps(Sequence[Step]):
    """The steps of an episode; the pixels of a step are decoded when it is asked for."""

    def __init__(self, planned: Sequence[PlannedStep], reader: FrameReader) -> None:
        self._planned = planned
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
            return Steps(self._planned[index], self._reader)
        planned = self._planned[index]
        gesture = planned.gesture
        return Step(
            observation=Observation(
                pixels=self._reader.read(planned.frame),
                cursor=planned.cursor,
                t_ns=planned.frame.t_ns,
                goal=planned.goal,
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
    planned = plan(list(recording.events()), options)
    return [episode_of(episode, recording, reader) for episode in planned]


def episode_of(planned: PlannedEpisode, recording: Recording, reader: FrameReader) -> Episode:
    """Return a planned episode with pixels that `reader` decodes when they are asked for."""
    return Episode(
        steps=Steps(planned.steps, reader),
        recording=recording.manifest.name,
        goal=planned.goal,
        task=planned.task,
        seed=planned.seed,
        success=planned.success,
        terminated=planned.terminated,
        truncated=not planned.terminated,
    )


def plan(events: Sequence[Event], options: AlignOptions | None = None) -> list[PlannedEpisode]:
    """Return the episodes of a list of events, without pixels."""
    options = options or AlignOptions()
    view = View(events)
    noted = _Noted([event for event in events if isinstance(event, AgentAction)])
    episodes: list[PlannedEpisode] = []
    for piece in pieces(events):
        gestures = _gestures(piece.events, noted, view, options)
        planned = (
            _planned(gesture, view, piece.since_ns)
            for gesture in _with_waits(gestures, options.wait_ms * _MS)
        )
        steps = tuple(step for step in planned if step is not None)
        if steps:
            about = (piece.goal, piece.terminated, piece.task, piece.seed, piece.success)
            episodes.append(PlannedEpisode(steps, *about))
    return episodes


def _planned(gesture: Gesture, view: View, since_ns: int) -> PlannedStep | None:
    """Return a gesture with what was seen before it, None when nothing was since the last cut."""
    frame = view.frame(gesture.page, gesture.begin_ns, since_ns)
    if frame is None:
        return None
    is_human = gesture.controller is Controller.HUMAN
    seen_ns = gesture.begin_ns - (0 if is_human else _EARLY_NS)
    return PlannedStep(
        gesture=gesture,
        frame=frame,
        cursor=view.cursor(seen_ns),
        elements=view.elements(gesture.page, gesture.begin_ns, since_ns),
        goal=view.goal(gesture.begin_ns),
    )


# What was done ----------------------------------------------------------------------------------


def _gestures(
    events: Sequence[Event], noted: _Noted, view: View, options: AlignOptions
) -> list[Gesture]:
    """Return what all actors did in a piece of a recording, in order."""
    entries = [event for event in events if isinstance(event, AgentAction)]
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
        last = last_before(spans, event.t_ns + 1)
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
