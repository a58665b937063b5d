"""What a span of time leaves of a list of events, inside it and outside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from recorder.schema import (
    AgentAction,
    Box,
    ClockAnchor,
    Element,
    ElementSnapshot,
    Event,
    Fault,
    FocusChange,
    Frame,
    FrameUnchanged,
    Gap,
    Geometry,
    HeldState,
    Navigation,
    PageChange,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
    WindowChange,
)

TAKEN_OUT = "asked"  # reason of a `redacted` event: whole span removed afterwards
PANIC = "panic"  # reason: whole span removed while recording
COVERED = "covered"  # reason: rectangles painted over afterwards

_SPEECHLESS = (
    PointerMove,
    Scroll,
    Frame,
    FrameUnchanged,
    PageChange,
    Pause,
    Resume,
    Redacted,
    Gap,
    ClockAnchor,
    Geometry,
    HeldState,
    Fault,
)


def outside(events: Iterable[Event], start_ns: int, end_ns: int) -> list[Event]:
    """Return the events outside a span.

    Geometry and whether the recording was paused are said again right after the span, because what
    follows depends on them and gives nothing of it away.
    """
    kept: list[Event] = []
    dropped: list[Event] = []
    for event in events:
        if not overlaps(event, start_ns, end_ns):
            if dropped and event.t_ns > end_ns:
                kept += _state(dropped, end_ns + 1)
                dropped.clear()
            kept.append(event)
        elif isinstance(event, Redacted | Gap) and event.t_ns < start_ns:
            kept.append(event)
        elif isinstance(event, Redacted | Gap) and event.end_ns > end_ns:
            kept.append(replace(event, t_ns=end_ns + 1))
        else:
            dropped.append(event)
    return kept


def inside(events: Sequence[Event], start_ns: int, end_ns: int) -> list[Event]:
    """Return the events of a span, after the state that they build on, said again at its start."""
    kept = _state([event for event in events if event.t_ns < start_ns], start_ns, telling=True)
    for event in events:
        if isinstance(event, Redacted | Gap) and overlaps(event, start_ns, end_ns):
            last_ns = min(event.end_ns, end_ns)
            kept.append(replace(event, t_ns=max(event.t_ns, start_ns), end_ns=last_ns))
        elif start_ns <= event.t_ns <= end_ns and not (
            isinstance(event, AgentAction) and event.end_ns > end_ns
        ):
            kept.append(event)
    return kept


def overlaps(event: Event, start_ns: int, end_ns: int) -> bool:
    """Return whether any moment of an event lies in a span."""
    first = min(event.t_ns, event.start_ns) if isinstance(event, Frame) else event.t_ns
    has_end = isinstance(event, Frame | AgentAction | Redacted | Gap)
    last = max(event.t_ns, event.end_ns) if has_end else event.t_ns
    return first <= end_ns and last >= start_ns


def without_words(event: Event, boxes: Sequence[Box]) -> Event | None:
    """Return what is left of an event when neither what was typed nor what boxes show may stay."""
    match event:
        case PointerButton(target=target):
            return replace(event, target=_blank(target, boxes) if target else None)
        case WindowChange() | Navigation():
            return replace(event, title="")
        case ElementSnapshot():
            return replace(event, elements=tuple(_blank(e, boxes) for e in event.elements))
        case FocusChange(target=target):
            return replace(event, target=_blank(target, boxes) if target else None)
        case _:
            return event if isinstance(event, _SPEECHLESS) else None


def _blank(element: Element, boxes: Sequence[Box]) -> Element:
    if not any(_touch(element.box, box) for box in boxes):
        return element
    return Element(role=element.role, box=element.box, states=element.states)


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _state(events: Iterable[Event], t_ns: int, *, telling: bool = False) -> list[Event]:
    """Return the last of each kind of state, dated `t_ns`."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        match event:
            case Pause() | Resume():
                found["paused", ""] = event
            case Navigation() if event.frame:
                continue
            case Geometry() | Navigation() | ElementSnapshot() | WindowChange():
                if telling or isinstance(event, Geometry):
                    found[event.KIND, getattr(event, "page", "")] = event
            case _:
                continue
    paused = found.pop(("paused", ""), None)
    if paused is not None and (isinstance(paused, Pause) or not telling):
        found["paused", ""] = paused
    return [replace(event, t_ns=t_ns) for event in found.values()]
