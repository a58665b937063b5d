"""A recorded shift as it lies on disk: folded up to any moment, without holding all of it.

Reading it once lays bookmarks, each with the shift as it was there, so that going back costs what
lies between two of them. When there are many, every other one is dropped.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec

from harness.hub.events import Answered, HubEvent, HumanStep, Raised, TookOver
from harness.hub.reducer import reduce
from harness.hub.requests import Correct, Reject, TakeOver
from harness.hub.shift_log import log_path
from harness.hub.state import Shift
from harness.measure.chain import START, checked
from harness.measure.errors import LogError

_DECODER: msgspec.json.Decoder[HubEvent] = msgspec.json.Decoder(HubEvent)
_APART = 64
"""Lines between two bookmarks of a short log."""
_MOST_BOOKMARKS = 128


class Mark(StrEnum):
    """What a replay can jump to."""

    REQUEST = "request"
    """An agent asks."""
    DISAGREEMENT = "disagreement"
    """A person says anything but yes, or takes over unasked."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened that is worth looking at."""

    t_ms: int
    mark: Mark
    agent: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture of an agent's screen."""

    t_ms: int
    picture: str
    """Its hash."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place in a log, and all that must be known to go on from there."""

    line: int = 0
    """Lines before it."""
    offset: int = 0
    """Bytes before it."""
    link: str = START
    """Hash of the line before it."""
    shift: Shift = field(default_factory=Shift)


class Cursor:
    """Reads a log from a bookmark on, and folds it.

    Args:
        path: of the log.
        start: where to begin.

    Raises:
        OSError: there is no log.
    """

    def __init__(self, path: Path, start: Bookmark) -> None:
        self.place = start
        """How far it has come."""
        self._path = path
        self._file = path.open("rb")
        self._file.seek(start.offset)
        self._next: tuple[HubEvent, Bookmark] | None = None

    @property
    def shift(self) -> Shift:
        """What the lines so far come to."""
        return self.place.shift

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def until(self, t_ms: float) -> Iterator[HubEvent]:
        """Yield the events up to a time of the run, each after it was applied.

        Raises:
            LogError: a line was altered, dropped or moved, or is no event.
        """
        while (ahead := self._ahead()) is not None and ahead[0].t_ms <= t_ms:
            event, self.place = ahead
            self._next = None
            yield event

    def _ahead(self) -> tuple[HubEvent, Bookmark] | None:
        if self._next is None:
            line = self._file.readline()
            # a torn last line was never an event; more of it may still come
            if not line.endswith(b"\n"):
                self._file.seek(self.place.offset)
                return None
            self._next = self._read(line)
        return self._next

    def _read(self, line: bytes) -> tuple[HubEvent, Bookmark]:
        at = self.place
        link, event = checked(self._path, at.line + 1, line[:-1], at.link, _DECODER)
        after = Bookmark(at.line + 1, at.offset + len(line), link, reduce(at.shift, event))
        return event, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """What is known of a recorded shift after reading it once.

    Use `Reel.read`.
    """

    folder: Path
    lines: int
    end_ms: int
    """Of the last event."""
    bookmarks: Sequence[Bookmark]
    """The first is at the beginning."""
    moments: Sequence[Moment]
    sights: Mapping[str, Sequence[Sight]]
    """By agent; both in the order in which they came."""

    @classmethod
    def read(cls, folder: Path, report: Callable[[float], None] | None = None) -> Reel:
        """Return the reel of a run.

        Args:
            folder: of the run.
            report: called now and then with the share that was read.

        Raises:
            LogError: there is no log of a shift, or it is damaged.
        """
        path = log_path(folder)
        try:
            cursor = Cursor(path, Bookmark())
            size = path.stat().st_size
        except OSError as error:
            raise LogError(f"no shift was recorded in {folder}: {error.strerror}") from error
        found = _Findings()
        try:
            for event in cursor.until(float("inf")):
                found.note(event, cursor.place)
                if report is not None and cursor.place.line % _APART == 0:
                    report(cursor.place.offset / size)
        finally:
            cursor.close()
        return cls(
            folder=folder,
            lines=cursor.place.line,
            end_ms=cursor.shift.t_ms,
            bookmarks=found.bookmarks,
            moments=found.moments,
            sights=found.sights,
        )

    def cursor(self, t_ms: float) -> Cursor:
        """Return a cursor that has come to a time of the run."""
        place = bisect_right(self.bookmarks, t_ms, key=lambda each: each.shift.t_ms) - 1
        # of lines of the same time, the later ones may lie behind the bookmark
        cursor = Cursor(log_path(self.folder), self.bookmarks[max(0, place)])
        for _ in cursor.until(t_ms):
            pass
        return cursor

    def next_moment(self, mark: Mark, t_ms: float) -> Moment | None:
        """Return the first moment of a kind after a time of the run, None if there is none."""
        first = bisect_right(self.moments, t_ms, key=lambda each: each.t_ms)
        return next((each for each in self.moments[first:] if each.mark is mark), None)

    def sight(self, agent: str, t_ms: float) -> int | None:
        """Return the number of the picture of an agent that was the last at a time, from 0."""
        found = bisect_right(self.sights.get(agent, ()), t_ms, key=lambda each: each.t_ms)
        return found - 1 if found else None


class _Findings:
    def __init__(self) -> None:
        self.bookmarks = [Bookmark()]
        self.moments: list[Moment] = []
        self.sights: dict[str, list[Sight]] = {}
        self._apart = _APART

    def note(self, event: HubEvent, place: Bookmark) -> None:
        if isinstance(event, Raised):
            self._see(event.request.agent, Sight(event.t_ms, event.request.frame))
        elif isinstance(event, HumanStep):
            self._see(event.agent, Sight(event.t_ms, event.frame))
        if (moment := _moment(event, place.shift)) is not None:
            self.moments.append(moment)
        if place.line % self._apart == 0:
            self._lay(place)

    def _see(self, agent: str, sight: Sight) -> None:
        self.sights.setdefault(agent, []).append(sight)

    def _lay(self, place: Bookmark) -> None:
        self.bookmarks.append(place)
        if len(self.bookmarks) > _MOST_BOOKMARKS:
            self._apart *= 2
            self.bookmarks = [each for each in self.bookmarks if each.line % self._apart == 0]


def _moment(event: HubEvent, shift: Shift) -> Moment | None:
    match event:
        case Raised(request=request):
            return Moment(event.t_ms, Mark.REQUEST, request.agent)
        case Answered(answer=Reject() | Correct() | TakeOver()):
            agent = shift.ticket(event.request).request.agent
            return Moment(event.t_ms, Mark.DISAGREEMENT, agent)
        case TookOver():
            return Moment(event.t_ms, Mark.DISAGREEMENT, event.agent)
        case _:
            return None
