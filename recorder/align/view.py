"""What could be seen at each moment of a recording, page by page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

from recorder.schema import (
    Element,
    ElementSnapshot,
    Event,
    Frame,
    FrameUnchanged,
    HeldState,
    Mark,
    PointerButton,
    PointerMove,
    Redacted,
    Scroll,
)
from recorder.surgery.spans import PANIC, TAKEN_OUT

T = TypeVar("T")

TASK_START, TASK_GOAL = "task_start", "task_goal"


class View:
    """What could be seen when, page by page."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._frames: dict[str, list[tuple[int, Frame | None]]] = {}
        self._elements: dict[str, list[tuple[int, ElementSnapshot]]] = {}
        self._cursor: list[tuple[int, tuple[int, int]]] = []
        self._pages: list[tuple[int, str]] = []
        self._changes: list[int] = []
        self._goals: list[tuple[int, str]] = []
        for event in sorted(events, key=known_ns):
            self._take(event)

    def frame(self, page: str, before_ns: int, since_ns: int) -> Frame | None:
        """Return the last frame of a page that was known to be on screen before a moment.

        None when the page was not looked at since `since_ns`.
        """
        seen = last_before(self._frames.get(page, ()), before_ns)
        return seen[1] if seen and seen[0] >= since_ns else None

    def cursor(self, before_ns: int) -> tuple[int, int]:
        """Return where the pointer was last seen before a moment."""
        found = last_before(self._cursor, before_ns)
        return found[1] if found else (0, 0)

    def elements(self, page: str, before_ns: int, since_ns: int) -> tuple[Element, ...]:
        """Return the elements of a page just before a moment, none if older than `since_ns`."""
        read = last_before(self._elements.get(page, ()), before_ns)
        return read[1].elements if read and read[0] >= since_ns else ()

    def goal(self, before_ns: int) -> str:
        """Return the goal that was last set before a moment."""
        found = last_before(self._goals, before_ns)
        return found[1] if found else ""

    def page_at(self, t_ns: int) -> str:
        """Return the page that last changed or was acted on before a moment."""
        found = last_before(self._pages, t_ns)
        return found[1] if found else ""

    def changed(self, start_ns: int, end_ns: int) -> bool:
        """Return whether a new frame came between two times."""
        place = bisect_left(self._changes, start_ns)
        return place < len(self._changes) and self._changes[place] < end_ns

    def _take(self, event: Event) -> None:
        match event:
            case Frame():
                moment = known_ns(event)
                self._frames.setdefault(event.page, []).append((moment, event))
                self._changes.append(moment)
                self._pages.append((moment, event.page))
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
            case Mark() if event.label in (TASK_START, TASK_GOAL):
                self._goals.append((event.t_ns, event.text))
            case HeldState():
                self._cursor.append((event.t_ns, (event.x, event.y)))
            case _:
                pass


def known_ns(event: Event) -> int:
    """Return from when on an event could be known: a frame, once its grab was over."""
    return max(event.t_ns, event.end_ns) if isinstance(event, Frame) else event.t_ns


def last_before(entries: Sequence[tuple[int, T]], t_ns: int) -> tuple[int, T] | None:
    """Return the last of some entries, sorted by time, that is before a moment."""
    place = bisect_left(entries, t_ns, key=lambda entry: entry[0])
    return entries[place - 1] if place else None
