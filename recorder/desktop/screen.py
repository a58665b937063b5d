"""The screen grabber: looks at a display on a fixed grid of times and submits what changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from recorder.capture import MAX_FPS, Image
from recorder.clock import Clock
from recorder.desktop.probe import BlackWatch
from recorder.errors import CaptureError, ConfigError
from recorder.schema import Box, Event, FrameUnchanged
from recorder.tiles import dirty_boxes

_SECOND_NS = 1_000_000_000
_FAILING_NS = 500_000_000  # a screen that changes its size makes a grab or two fail
_STALLED_NS = 750_000_000
# The server copies the pixels about this long after it was asked; what comes then, up to 80 ms on
# a busy machine, is our own wake-up. Against a painted clock the p99 is 1 ms, of the middle 6 ms.
_COPIED_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Grab:
    """Raw pixels of one look at the screen."""

    raw: bytearray
    """Rows of BGRX without gaps."""
    width: int
    height: int


class Screen(Protocol):
    """Where pixels come from; a grab that fails raises `CaptureError`."""

    region: Box
    """What a grab shows, on the desktop."""

    def grab(self) -> Grab:
        """Return what is on the screen now."""
        ...

    def close(self) -> None:
        """Let go of the display."""
        ...


class MssScreen:
    """One monitor, or all of them, through mss; its raw buffer costs a tenth of its images."""

    def __init__(self, display: str | None, monitor: int) -> None:
        """Open a display.

        Raises:
            CaptureError: there is none that can be grabbed.
            ConfigError: it has no such monitor.
        """
        # needs a display to be imported on some platforms, and comes with the desktop extra only
        import mss  # noqa: PLC0415

        self._error = mss.ScreenShotError
        self._closed = False
        try:
            self._mss: Any = mss.MSS(display=display) if display else mss.MSS()
            monitors: list[dict[str, int]] = self._mss.monitors
        except mss.ScreenShotError as error:
            raise CaptureError(
                f"cannot grab the screen of {display or 'this desktop'}: {error}"
            ) from error
        if not 0 <= monitor < len(monitors):
            self._mss.close()
            raise ConfigError(
                f"there is no monitor {monitor}; allowed: 0 for all, or 1 to {len(monitors) - 1}"
            )
        self._monitor = monitors[monitor]
        found = self._monitor
        self.region = (found["left"], found["top"], found["width"], found["height"])

    def grab(self) -> Grab:
        """Return what is on the monitor now.

        Raises:
            CaptureError: the display refuses, most often because its size has changed.
        """
        try:
            shot = self._mss.grab(self._monitor)
        # mss asserts that a server which is gone still says why
        except (self._error, AssertionError) as error:
            raise CaptureError(str(error) or "the display is gone") from error
        return Grab(shot.raw, shot.width, shot.height)

    @property
    def notes(self) -> list[str]:
        """Return what mss says about its speed: whether shared memory works."""
        return list(self._mss.performance_status)

    def close(self) -> None:
        """Let go of the display, which may be gone already; a second time does nothing."""
        if self._closed:
            return
        # when the display is gone, mss says so after it freed the connection, and would again
        self._closed = True
        with suppress(self._error):
            self._mss.close()


class ScreenGrabber:
    """Submits an image whenever the screen changed, and says once a second that it did not."""

    def __init__(
        self,
        display: str | None,
        *,
        fps: float,
        submit: Callable[[Image], bool],
        note: Callable[[Event], object],
        clock: Clock,
        monitor: int = 0,
    ) -> None:
        """Open the display; nothing is grabbed before `start`.

        Args:
            display: X display, None for the one of this session.
            fps: how often to look, at most 60 times a second.
            submit: takes a changed image; returns False when it was dropped.
            note: takes `FrameUnchanged`; it should keep nothing while paused.
            clock: where times come from.
            monitor: 0 for all monitors together, or the number of one.

        Raises:
            ConfigError: there is no such rate or monitor.
            CaptureError: the display cannot be grabbed.
        """
        if not 0 < fps <= MAX_FPS:
            raise ConfigError(f"cannot record {fps:g} frames a second; allowed: up to {MAX_FPS}")
        self._display, self._monitor = display, monitor
        self._period_ns = round(_SECOND_NS / fps)
        self._submit, self._note, self._clock = submit, note, clock
        self._screen = self.open_screen()
        self._stop = threading.Event()
        self._reopen = threading.Event()
        self._refresh = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder-screen")
        self._previous: Grab | None = None
        self._said_ns = 0
        self._looked_ns = 0
        self._checked_ns = 0
        self._cut = False
        self._black = BlackWatch(display)
        self._failing_since_ns: int | None = None
        self._failure = ""

    @property
    def region(self) -> Box:
        """Return the part of the desktop that images show; its corner may be negative."""
        return self._screen.region

    def open_screen(self) -> Screen:
        """Return the display, opened; asked for again after each change of geometry."""
        return MssScreen(self._display, self._monitor)

    def start(self) -> None:
        """Begin to look."""
        self._looked_ns = self._clock.now_ns()
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when the last image was submitted."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._screen.close()

    def geometry_changed(self) -> None:
        """Open the display anew; the next image starts a segment."""
        self._reopen.set()

    def refresh(self) -> None:
        """Submit the next image even if nothing changed, such as after a pause."""
        self._refresh.set()

    def check(self) -> str | None:
        """Return what is wrong, None when all is well; to be asked some times a second."""
        if self._stop.is_set():
            return None
        if not self._thread.is_alive():
            return "screen-dead: the thread that grabs the screen has ended"
        now_ns = self._clock.now_ns()
        # whoever asks was held up as well: the machine slept, or the whole process was stopped
        all_were_stopped = now_ns - self._checked_ns > _STALLED_NS
        self._checked_ns = now_ns
        failing_since_ns = self._failing_since_ns
        if failing_since_ns is not None and now_ns - failing_since_ns > _FAILING_NS:
            return f"screen-failing: {self._failure}"
        if not all_were_stopped and now_ns - self._looked_ns > _STALLED_NS + self._period_ns:
            return "screen-stalled: the display does not answer"
        grab, looked_ns = self._previous, self._looked_ns
        if grab is not None and self._black.contradicted(grab.raw, looked_ns, now_ns):
            return "black-screen: grabs are all black although windows show something"
        return None

    # Thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        start_ns, number = self._clock.now_ns(), 0
        while True:
            number = max(number + 1, -(-(self._clock.now_ns() - start_ns) // self._period_ns))
            due_ns = start_ns + number * self._period_ns
            if self._stop.wait(max(0.0, (due_ns - self._clock.now_ns()) / _SECOND_NS)):
                return
            try:
                self._look()
            except (CaptureError, ConfigError) as error:  # the size or number of monitors changed
                self._failed(error)
            else:
                self._failing_since_ns = None

    def _look(self) -> None:
        if self._reopen.is_set():
            self._reopen.clear()
            self._reopen_screen()
        if self._refresh.is_set():
            self._refresh.clear()
            self._previous = None
        before_ns = self._clock.now_ns()
        grab = self._screen.grab()
        after_ns = self._clock.now_ns()
        self._looked_ns = after_ns
        seen_ns = before_ns + min(_COPIED_NS, (after_ns - before_ns) // 2)
        # whole bytearrays compare in 0.2 ms, their memoryviews in 15
        if grab == self._previous:
            self._say_unchanged(seen_ns)
            return
        image = Image(
            pixels=_pixels(grab),
            start_ns=before_ns,
            t_ns=seen_ns,
            end_ns=after_ns,
            dirty=self._dirty(grab),
            cut=self._cut,
        )
        if self._submit(image):
            self._previous, self._said_ns, self._cut = grab, after_ns, False
        else:
            self._previous = None  # what is dirty counts from an image that was kept

    def _dirty(self, grab: Grab) -> tuple[Box, ...]:
        previous = self._previous
        if previous is None or (previous.width, previous.height) != (grab.width, grab.height):
            return ()
        return dirty_boxes(_pixels(previous), _pixels(grab))

    def _say_unchanged(self, t_ns: int) -> None:
        if t_ns - self._said_ns >= _SECOND_NS:
            self._said_ns = t_ns
            self._note(FrameUnchanged(t_ns=t_ns))

    def _reopen_screen(self) -> None:
        self._previous, self._cut = None, True
        self._screen.close()
        self._screen = self.open_screen()

    def _failed(self, error: CaptureError | ConfigError) -> None:
        self._failure = str(error)
        self._looked_ns = self._clock.now_ns()
        if self._failing_since_ns is None:
            self._failing_since_ns = self._looked_ns
        self._reopen.set()


def _pixels(grab: Grab) -> NDArray[np.uint8]:
    return np.frombuffer(grab.raw, np.uint8).reshape(grab.height, grab.width, 4)
