"""A made-up recording, written by the real writers, whose frames show a number that can be read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.schema import ClockAnchor, Event, Frame, Geometry
from recorder.store import Manifest, Recording, RecordingWriter
from recorder.video import VideoWriter

START_NS = 5_000_000_000
_BITS, _BLOCK = 12, 16


def at(ms: float) -> int:
    """Return the time `ms` after the start of every scene."""
    return START_NS + round(ms * 1e6)


def paint_number(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return a BGRA image that shows a number as a row of black and white blocks."""
    image = np.full((height, width, 4), 128, np.uint8)
    for bit in range(_BITS):
        left = bit * _BLOCK
        image[:_BLOCK, left : left + _BLOCK] = 255 if number >> bit & 1 else 0
    return image


def read_number(pixels: NDArray[np.uint8]) -> int:
    """Return the number that an RGB image shows."""
    middle = pixels[_BLOCK // 2, _BLOCK // 2 : _BITS * _BLOCK : _BLOCK, 1]
    return sum(int(value > 128) << bit for bit, value in enumerate(middle))


class Scene:
    """A recording in the making; times are milliseconds from its start."""

    def __init__(self, folder: Path, *, size: tuple[int, int] = (200, 120)) -> None:
        self.folder = folder
        self.size = size
        manifest = Manifest(name=folder.name, source="desktop", started_ns=START_NS)
        self.writer = RecordingWriter(folder, manifest)
        self.video = VideoWriter(folder / "video")
        self.last_ms = 0.0
        self.add(
            ClockAnchor(t_ns=at(0), boottime_ns=at(0), realtime_ns=at(0) + 10**18),
            Geometry(t_ns=at(0), width=size[0], height=size[1]),
        )

    def frame(self, number: int, ms: float, page: str = "") -> Frame:
        """Show a number from `ms` on."""
        place = self.video.add(paint_number(number, *self.size), at(ms), page)
        frame = Frame(
            t_ns=at(ms),
            start_ns=at(ms) - 1_000_000,
            end_ns=at(ms) + 1_000_000,
            segment=place.segment,
            index=place.index,
            pts_ms=place.pts_ms,
            width=self.size[0],
            height=self.size[1],
            page=page,
        )
        self.add(frame)
        return frame

    def add(self, *events: Event) -> None:
        """Write events as they are."""
        self.writer.append(events)
        self.last_ms = max(self.last_ms, *((event.t_ns - START_NS) / 1e6 for event in events))

    def cut(self) -> None:
        """Start another segment with the next frame."""
        self.video.cut()

    def close(self) -> Recording:
        """End the recording and return it."""
        self.video.cut()
        self.writer.close(at(self.last_ms))
        return Recording(self.folder)

    def crash(self) -> None:
        """Leave the recording as a killed recorder leaves it: open, with nothing flushed after."""
        self.video.cut()
        self.writer.release_reserve()
        os.close(self.writer._file)  # type: ignore[reportPrivateUsage] - as the system does
