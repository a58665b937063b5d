"""Pieces: where the episodes of a recording begin and end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from recorder.align.view import TASK_START
from recorder.schema import Event, Gap, Mark, Pause, Redacted, Resume
from recorder.surgery.spans import PANIC, TAKEN_OUT

TASK_END = "task_end"
TASK_NAME, TASK_SEED = "task", "task_seed"
SUCCESS, FAILURE, LIMIT = "success", "failure", "limit"
_OUTCOMES = {SUCCESS: True, FAILURE: False, LIMIT: False}


@dataclass(frozen=True, slots=True)
class Piece:
    """One attempt at one task without interruption, or as much of it as there is."""

    start_ns: int
    end_ns: int
    """The first moment after it."""
    since_ns: int
    """End of the interruption before; what was on screen earlier may have changed since."""
    events: Sequence[Event]
    """What happened in it, sorted by time."""
    goal: str = ""
    task: str = ""
    seed: str = ""
    terminated: bool = False
    """True when the task ended with it."""
    success: bool | None = None
    """What the task's own check said at its end."""


def pieces(events: Sequence[Event]) -> list[Piece]:
    """Return the pieces of a recording, in order.

    Pauses, gaps and removed spans end a piece. Where `task_start` and `task_end` marks are set, a
    piece lies between them, and the text of the first is its goal; that of the second may say how
    it ended: `success`, `failure`, or `limit`. `task` and `task_seed` marks before the first name
    the task, and `task_goal` marks within it set another goal for what follows.
    """
    marks = sorted((e for e in events if isinstance(e, Mark)), key=lambda mark: mark.t_ns)
    bounds = [mark for mark in marks if mark.label in (TASK_START, TASK_END)]
    names = [mark for mark in marks if mark.label in (TASK_NAME, TASK_SEED)]
    found = [piece for stretch in _stretches(events) for piece in _tasks(bounds, stretch)]
    return [_named(piece, names, bounds) for piece in found]


def _named(piece: Piece, names: Sequence[Mark], bounds: Sequence[Mark]) -> Piece:
    """Return a piece with what was said of it between the task before and its own start."""
    started = [mark.t_ns for mark in bounds if mark.label == TASK_START]
    place = bisect_left(started, piece.start_ns + 1)
    if not names or not place:
        return piece
    start_ns, before_ns = started[place - 1], started[place - 2] if place > 1 else 0
    said = {mark.label: mark.text for mark in names if before_ns < mark.t_ns <= start_ns}
    return replace(piece, task=said.get(TASK_NAME, ""), seed=said.get(TASK_SEED, ""))


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time without interruption and what happened in it, sorted by time."""

    start_ns: int
    end_ns: int
    events: list[Event]


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


def _tasks(marks: Sequence[Mark], stretch: _Stretch) -> Iterator[Piece]:
    """Yield the part of each task that lies in a stretch; without marks, all of it."""
    if not marks:
        yield _piece(stretch, stretch.start_ns, stretch.end_ns)
        return
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        if mark.label != TASK_START or mark.t_ns >= stretch.end_ns:
            continue
        end_ns = following.t_ns if following else stretch.end_ns
        ended = following is not None and following.label == TASK_END
        if end_ns > max(mark.t_ns, stretch.start_ns):
            piece = _piece(stretch, max(mark.t_ns, stretch.start_ns), min(end_ns, stretch.end_ns))
            is_end = ended and end_ns <= stretch.end_ns
            outcome = following.text if following and is_end else ""
            yield replace(
                piece,
                goal=mark.text,
                terminated=is_end and outcome != LIMIT,
                success=_OUTCOMES.get(outcome),
            )


def _piece(stretch: _Stretch, start_ns: int, end_ns: int) -> Piece:
    first = bisect_left(stretch.events, start_ns, key=lambda event: event.t_ns)
    last = bisect_left(stretch.events, end_ns, key=lambda event: event.t_ns)
    return Piece(start_ns, end_ns, stretch.start_ns, stretch.events[first:last])
