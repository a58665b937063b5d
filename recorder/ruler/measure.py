"""Records a painted clock and injected input on a display, with the recorder that people use."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import recorder
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.errors import CaptureError
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
    own_display: bool = True
    """The display is ours alone: keys may be tapped, and all that is typed may be kept."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How honest the times of a recording are."""

    events: EventErrors
    frames: FrameErrors


def measure(ruler: Ruler) -> Alignment:
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
        with _clock_window(ruler) as clock_window:
            with DesktopSession(folder, config, consent=_CONSENT):
                time.sleep(_SETTLE_S)
                injected = inject(ruler)
            painted_ns: list[int] = json.loads(clock_window.finish()) if clock_window else []
        recording = Recording(folder)
        return Alignment(
            events=compare_events(injected, stamps(recording.events())),
            frames=compare_frames(painted_ns, _read_codes(recording) if ruler.paint else []),
        )


def inject(ruler: Ruler) -> list[Span]:
    """Move the pointer for as long as the ruler says; return what was done and when.

    Raises:
        CaptureError: the program that does it failed.
    """
    count = str(round(ruler.seconds * _MOVES_PER_S))
    with Helper(ruler, "hand", count, *(["--keys"] if ruler.own_display else [])) as hand:
        return [Span(*done) for done in json.loads(hand.finish())]


class Helper:
    """A program of the ruler's, as a process that ends with the block."""

    def __init__(self, ruler: Ruler, module: str, *args: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"recorder.ruler.{module}", *args],
            env={
                **ruler.env,
                "DISPLAY": ruler.display,
                "PYTHONPATH": str(Path(recorder.__file__).parents[1]),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:  # closes its pipes and waits for it
            pass

    def wait_until_ready(self) -> None:
        """Wait for its first line.

        Raises:
            CaptureError: it ended before that.
        """
        if self._process.stdout is None or not self._process.stdout.readline():
            self.finish()

    def finish(self) -> str:
        """Close its input, wait for its end, and return what it printed.

        Raises:
            CaptureError: it failed.
        """
        out, error = self._process.communicate()
        if self._process.returncode:
            raise CaptureError(f"{self._process.args!r} failed: {error.strip()}")
        return out


@contextmanager
def _clock_window(ruler: Ruler) -> Generator[Helper | None]:
    if not ruler.paint:
        yield None
        return
    with Helper(ruler, "window", *map(str, _PLACE)) as window:
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
