"""Records a painted clock and injected input on a display, with the recorder that people use."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.gate import Rules
from recorder.ruler.compare import (
    EventErrors,
    FrameErrors,
    Shown,
    Span,
    compare_events,
    compare_frames,
    stamps,
)
from recorder.ruler.helper import Helper
from recorder.ruler.timecode import read_code
from recorder.schema import Frame
from recorder.store import Recording
from recorder.video import read_segment

_PLACE = (16, 16)
_MOVES_PER_S = 100
_SETTLE_S = 0.3
_CONSENT = "ruler test: records a clock that it paints and input that it makes, for some seconds"


@dataclass(frozen=True, slots=True)
class Ruler:
    """What to measure, and where."""

    display: str
    env: Mapping[str, str]
    """Environment for the programs that paint and inject."""
    seconds: float = 5.0
    fps: int = 10
    paint: bool = True
    """Show the clock; without it only events are measured, and no app listens to them."""
    answered: bool = True
    """Wait for the server after each injection, so that its time is known well."""
    own_display: bool = True
    """The display is ours alone: keys may be tapped, and all that is typed may be kept."""

    @property
    def env_there(self) -> dict[str, str]:
        """Return the environment with the display in it."""
        return {**self.env, "DISPLAY": self.display}


@dataclass(frozen=True, slots=True)
class Alignment:
    """How honest the times of a recording are."""

    events: EventErrors
    frames: FrameErrors | None
    """None where no clock was painted."""

    def text(self) -> str:
        """Return it in a line or two for people."""
        events = self.events
        lines = [
            f"events: {events.count} recorded, {events.lost} lost, {events.order_errors} out of "
            f"order; error p50 {events.error_ms_p50:.2f} ms, p99 {events.error_ms_p99:.2f} ms"
        ]
        if self.frames:
            frames = self.frames
            lines.append(
                f"frames: {frames.count} read, {frames.unread} unreadable; error p50 "
                f"{frames.error_ms_p50:.2f} ms, p99 {frames.error_ms_p99:.2f} ms; age p99 "
                f"{frames.age_ms_p99:.2f} ms, the clock's repaint included"
            )
        return "\n".join(lines)


def measure_alignment(ruler: Ruler) -> Alignment:
    """Record for some seconds and return the errors.

    Raises:
        UnsupportedError: the display cannot be recorded.
        CaptureError: a helper program failed.
    """
    config = DesktopConfig(
        display=ruler.display, fps=ruler.fps, rules=Rules(trust_display=ruler.own_display)
    )
    with tempfile.TemporaryDirectory(prefix="ruler-") as scratch:
        folder = Path(scratch) / "recording"
        with clock_window(ruler) as window:
            with DesktopSession(folder, config, consent=_CONSENT):
                time.sleep(_SETTLE_S)
                injected = inject(ruler)
            painted = json.loads(window.finish()) if window else []
        recording = Recording(folder)
        return Alignment(
            events=compare_events(injected, stamps(recording.events())),
            frames=compare_frames(painted, _read_codes(recording)) if ruler.paint else None,
        )


def inject(ruler: Ruler) -> list[Span]:
    """Move the pointer for as long as the ruler says; return what was done and when.

    Raises:
        CaptureError: the program that does it failed.
    """
    count = str(round(ruler.seconds * _MOVES_PER_S))
    options = [
        *(["--keys"] if ruler.own_display else []),
        *([] if ruler.answered else ["--unanswered"]),
    ]
    with Helper(ruler.env_there, "recorder.ruler.hand", count, *options) as hand:
        return [Span(*done) for done in json.loads(hand.finish())]


@contextmanager
def clock_window(ruler: Ruler) -> Generator[Helper | None]:
    """Show the painted clock, if the ruler wants one, while the block runs."""
    if not ruler.paint:
        yield None
        return
    with Helper(ruler.env_there, "recorder.ruler.window", *map(str, _PLACE)) as window:
        window.wait_until_ready()
        yield window


def _read_codes(recording: Recording) -> list[Shown]:
    frames: dict[int, list[Frame]] = {}
    for frame in recording.frames():
        frames.setdefault(frame.segment, []).append(frame)
    x, y = _PLACE
    return [
        Shown(read_code(pixels[y:, x:]), frame.t_ns)
        for segment, of_segment in frames.items()
        for frame, (_, pixels) in zip(
            of_segment, read_segment(recording.segment(segment)), strict=True
        )
    ]
