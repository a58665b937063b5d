"""A recorded shift with a clock of its own, for the screens that also show live ones."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harness.hub.errors import ProtocolError
from harness.hub.events import HubEvent
from harness.hub.frames import LiveFrame
from harness.hub.pictures import Pictures
from harness.hub.standing import Standing, standing
from harness.hub.state import Shift
from tui.bridge import Access
from tui.reel import Mark, Moment, Reel

SPEEDS = (1, 2, 4, 8, 16, 32, 64)
"""Times as fast as it was."""
_MS = 1_000_000
_EVENTS_AT_ONCE = 2000
"""Applied before keys are looked after again; a clock that ran ahead waits for them."""
_PICTURE_BYTES = 64_000_000
"""Of pictures that are kept to be shown again."""


class ReplayBridge:
    """Plays a recorded shift; it stands at its beginning until `play`. A context, or closed.

    The shift goes on with `advance`, which whoever shows it calls several times a second. Before
    each disagreement it stops, so that one sees what the person saw; playing on shows what they
    said.

    Args:
        reel: of the run.
        clock_ns: any monotonic clock.
    """

    def __init__(self, reel: Reel, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.reel = reel
        self.stops = True
        """Whether it stops before disagreements."""
        self._clock_ns = clock_ns
        self._speed = SPEEDS[0]
        self._since_ns: int | None = None
        self._from_ms = self._t_ms = 0.0
        self._cursor = reel.cursor(0)
        self._album = _Album(reel.folder)
        self._frames: dict[str, LiveFrame] = {}
        self._listeners: list[Callable[[HubEvent], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the log."""
        self._cursor.close()

    # What is seen ---------------------------------------------------------------------------------

    @property
    def shift(self) -> Shift:
        """The shift as it was."""
        return self._cursor.shift

    @property
    def t_ms(self) -> int:
        """Time of the run that is shown."""
        return int(self._t_ms)

    @property
    def link_ms(self) -> float | None:
        """None: there is no hub."""
        return None

    @property
    def access(self) -> Access:
        """Nothing can be ordered."""
        return Access.REPLAY

    @property
    def folder(self) -> Path:
        """Of the run."""
        return self.reel.folder

    def frame(self, agent: str) -> LiveFrame | None:
        """Return the last picture of an agent's screen until now; None if there is none."""
        number = self.reel.sight(agent, self._t_ms)
        if number is None:
            return None
        known = self._frames.get(agent)
        if known is not None and known.number == number + 1:
            return known
        sight = self.reel.sights[agent][number]
        pixels = self._album.pixels(sight.picture)
        if pixels is None:
            return None
        self._frames[agent] = frame = LiveFrame(number + 1, sight.t_ms * _MS, pixels)
        return frame

    def frame_age_ms(self, agent: str) -> float | None:
        """Return the age of that picture; None if there is none."""
        number = self.reel.sight(agent, self._t_ms)
        return None if number is None else self._t_ms - self.reel.sights[agent][number].t_ms

    def standing(self, agent: str) -> Standing:
        """Return how an agent was shown; frames are not recorded, so none of them is too old."""
        return standing(self._cursor.shift.agent(agent), 0)

    def picture(self, hash: str) -> NDArray[np.uint8] | None:  # noqa: A002 - as in the protocol
        """Return the picture of a frame, (H, W, 3) RGB; None if it is missing or damaged."""
        return self._album.pixels(hash)

    def listen(self, callback: Callable[[HubEvent], None]) -> None:
        """Call somebody with each event that is played, after it was applied; not when seeking."""
        self._listeners.append(callback)

    # The clock ------------------------------------------------------------------------------------

    @property
    def speed(self) -> int:
        """Times as fast as it was."""
        return self._speed

    @property
    def is_playing(self) -> bool:
        """Whether the clock runs."""
        return self._since_ns is not None

    @property
    def is_over(self) -> bool:
        """Whether it stands at its end."""
        return self._t_ms >= self.reel.end_ms

    def play(self) -> None:
        """Let the clock run; from the beginning where it stands at the end."""
        if self.is_over:
            self.seek(0)
        self._run_from(self._t_ms)

    def pause(self) -> None:
        """Stop the clock."""
        self.advance()
        self._stand_at(self._t_ms)

    def advance(self) -> None:
        """Go on as far as the clock says.

        Raises:
            LogError: the log was damaged since it was opened.
        """
        if self._since_ns is None:
            return
        wanted_ms = self._from_ms + self._speed * (self._clock_ns() - self._since_ns) / _MS
        stop_ms = float(self.reel.end_ms)
        moment = self._next(Mark.DISAGREEMENT) if self.stops else None
        if moment is not None:
            stop_ms = _sight_of(moment)
        reached_ms = self._apply_until(min(wanted_ms, stop_ms))
        if reached_ms >= stop_ms:
            self._stand_at(stop_ms)
        elif reached_ms < min(wanted_ms, stop_ms):
            self._run_from(reached_ms)
        else:
            self._t_ms = reached_ms

    def faster(self) -> None:
        """Double the speed, up to 64."""
        self._set_speed(min(SPEEDS[-1], 2 * self._speed))

    def slower(self) -> None:
        """Halve the speed, down to 1."""
        self._set_speed(max(SPEEDS[0], self._speed // 2))

    def seek(self, t_ms: float) -> None:
        """Go to a time of the run, or as near as there is one; the clock runs on if it did.

        Raises:
            LogError: the log was damaged since it was opened.
        """
        t_ms = min(max(0.0, t_ms), float(self.reel.end_ms))
        self._cursor.close()
        self._cursor = self.reel.cursor(t_ms)
        if self._since_ns is None:
            self._stand_at(t_ms)
        else:
            self._run_from(t_ms)

    def jump(self, mark: Mark) -> Moment | None:
        """Go to the next moment of a kind and stop there; return it, None if there is none.

        At a request it has just been raised; at a disagreement it is about to be told.
        """
        moment = self._next(mark)
        if moment is not None:
            self._since_ns = None
            self.seek(_sight_of(moment))
        return moment

    # Parts ----------------------------------------------------------------------------------------

    def _set_speed(self, speed: int) -> None:
        self.advance()
        self._speed = speed
        if self._since_ns is not None:
            self._run_from(self._t_ms)

    def _run_from(self, t_ms: float) -> None:
        self._from_ms = self._t_ms = t_ms
        self._since_ns = self._clock_ns()

    def _stand_at(self, t_ms: float) -> None:
        self._from_ms = self._t_ms = t_ms
        self._since_ns = None

    def _apply_until(self, t_ms: float) -> float:
        """Apply what is due, and return how far that is."""
        for number, event in enumerate(self._cursor.until(t_ms), 1):
            for each in self._listeners:
                each(event)
            if number == _EVENTS_AT_ONCE:
                return max(self._t_ms, float(self._cursor.shift.t_ms))
        return t_ms

    def _next(self, mark: Mark) -> Moment | None:
        return self.reel.next_moment(mark, self._t_ms + _lead_ms(mark))


class _Album:
    """Pictures that were looked at last."""

    def __init__(self, folder: Path) -> None:
        self._pictures = Pictures(folder / "pictures")
        self._kept: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0

    def pixels(self, name: str) -> NDArray[np.uint8] | None:
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        try:
            pixels = self._pictures.pixels(name)
        except ProtocolError:
            return None
        self._kept[name] = pixels
        self._bytes += pixels.nbytes
        while self._bytes > _PICTURE_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes
        return pixels


def _lead_ms(mark: Mark) -> int:
    return 1 if mark is Mark.DISAGREEMENT else 0


def _sight_of(moment: Moment) -> float:
    """Return the time of the run at which to look at a moment."""
    return float(moment.t_ms - _lead_ms(moment.mark))
