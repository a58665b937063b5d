"""Compares stamps with the truth.

A truth is a span: a code was on the screen from when it was painted until the next one was there
for sure, and an event happened between two readings of the clock around its injection. The error
of a stamp is how far it lies outside of its span; how coarse the spans are is reported beside it.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recorder.ruler.timecode import code_of
from recorder.schema import Event, Key, PointerMove


class Span(NamedTuple):
    """What happened, and between which two times."""

    what: str
    from_ns: int
    to_ns: int


class Stamp(NamedTuple):
    """What was recorded, and the time it was given."""

    what: str
    t_ns: int


class Shown(NamedTuple):
    """The code that a frame shows, None when it cannot be read, and the frame's time."""

    code: int | None
    t_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventErrors:
    """How honest the times of events are; NaN where nothing was measured."""

    count: int
    error_ms_p50: float
    error_ms_p99: float
    span_ms_p99: float
    """How long an injection took: the truth is no finer."""
    lost: int
    order_errors: int
    """Events recorded after one that happened later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameErrors:
    """How honest the times of frames are; NaN where nothing was measured."""

    count: int
    error_ms_p50: float
    error_ms_p99: float
    age_ms_p99: float
    """From painting a code to the stamp of a frame that shows it, repaint interval included."""
    unread: int
    """Frames in which no code could be read."""


def compare_events(injected: Sequence[Span], recorded: Iterable[Stamp]) -> EventErrors:
    """Return how far recorded events are from what was injected, in the order of both.

    >>> compare_events([Span("a", 0, 2_000_000)], [Stamp("a", 5_000_000)]).error_ms_p99
    3.0
    """
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for number, span in enumerate(injected):
        waiting[span.what].append(number)
    errors: list[int] = []
    latest, order_errors = -1, 0
    for stamp in recorded:
        if waiting[stamp.what]:
            number = waiting[stamp.what].popleft()
            errors.append(_outside(stamp.t_ns, injected[number]))
            order_errors += number < latest
            latest = max(latest, number)
    return EventErrors(
        count=len(errors),
        error_ms_p50=_percentile_ms(errors, 50),
        error_ms_p99=_percentile_ms(errors, 99),
        span_ms_p99=_percentile_ms([span.to_ns - span.from_ns for span in injected], 99),
        lost=len(injected) - len(errors),
        order_errors=order_errors,
    )


def compare_frames(painted: Sequence[tuple[int, int]], shown: Sequence[Shown]) -> FrameErrors:
    """Return how far the stamps of frames are from when their codes were on the screen.

    Args:
        painted: for each time that was painted, that time and when it was shown for sure.
        shown: what frames show.
    """
    spans = {
        code_of(from_ns): Span("code", from_ns, replaced_ns)
        for (from_ns, _), (_, replaced_ns) in pairwise(painted)
    }
    read = [(frame.t_ns, spans[frame.code]) for frame in shown if frame.code in spans]
    errors = [_outside(t_ns, span) for t_ns, span in read]
    return FrameErrors(
        count=len(read),
        error_ms_p50=_percentile_ms(errors, 50),
        error_ms_p99=_percentile_ms(errors, 99),
        age_ms_p99=_percentile_ms([abs(t_ns - span.from_ns) for t_ns, span in read], 99),
        unread=len(shown) - len(read),
    )


def stamps(events: Iterable[Event]) -> list[Stamp]:
    """Return pointer moves and keys in the words of the hand that makes them."""
    found: list[Stamp] = []
    for event in events:
        match event:
            case PointerMove():
                found.append(Stamp(f"move {event.x} {event.y}", event.t_ns))
            case Key():
                turn = "down" if event.down else "up"
                found.append(Stamp(f"key {event.keycode} {turn}", event.t_ns))
            case _:
                pass
    return found


def _outside(t_ns: int, span: Span) -> int:
    return max(span.from_ns - t_ns, t_ns - span.to_ns, 0)


def _percentile_ms(values_ns: Sequence[int], percent: float) -> float:
    if not values_ns:
        return float("nan")
    return round(float(np.percentile(values_ns, percent)) / 1e6, 3)
