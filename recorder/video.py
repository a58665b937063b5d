"""Frames in, video segments out: variable-rate H.264 in fragmented MP4, and back to pixels.

Every packet is its own fragment and the encoder looks at no frame ahead, so a killed recorder loses
at most the frame it was writing. Times in the file are milliseconds since the segment's first
frame; the exact time of a frame is in its event.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from recorder.errors import DamagedError

SEGMENT_NS = 5 * 60 * 1_000_000_000
_MUX = {"movflags": "frag_every_frame+empty_moov+default_base_moof", "flush_packets": "1"}
_CODEC = {"preset": "veryfast", "crf": "23", "tune": "zerolatency", "g": "50"}
_MILLISECOND = Fraction(1, 1000)

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame went."""

    segment: int
    index: int
    pts_ms: int


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How frames are encoded."""

    chroma: str = "yuv420p"
    """`yuv444p` keeps coloured text sharp for 1.5 % more bytes and 60 % more encoding time."""


class SegmentWriter:
    """One video file, from its first frame to `close`."""

    def __init__(
        self, path: Path, width: int, height: int, settings: VideoSettings | None = None
    ) -> None:
        settings = settings or VideoSettings()
        self.width, self.height = width, height
        self.frames = 0
        self.start_ns = 0
        self._last_ms = -1
        self._container = av.open(str(path), "w", format="mp4", options=_MUX)
        stream = self._container.add_stream("libx264", options=_CODEC)
        # 4:2:0 needs even sides; the true size is in the frame events
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = settings.chroma
        stream.time_base = _MILLISECOND
        stream.codec_context.time_base = _MILLISECOND
        self._stream = stream

    def add(self, pixels: Pixels, t_ns: int) -> tuple[int, int]:
        """Encode one BGRA frame, `(height, width, 4)`; return its index and its time in ms.

        Raises:
            OSError: the disk refused it.
        """
        if not self.frames:
            self.start_ns = t_ns
        pts_ms = max(self._last_ms + 1, (t_ns - self.start_ns) // 1_000_000)
        frame = av.VideoFrame.from_ndarray(_even(pixels), format="bgra")
        frame.pts, frame.time_base = pts_ms, _MILLISECOND
        self._container.mux(self._stream.encode(frame))
        self._last_ms = pts_ms
        self.frames += 1
        return self.frames - 1, pts_ms

    def close(self) -> None:
        """Flush the encoder and close the file."""
        try:
            self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()


class VideoWriter:
    """A recording's `video/` folder: starts a segment when size, age or a cut asks for one."""

    def __init__(
        self, folder: Path, *, next_segment: int = 1, settings: VideoSettings | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._segment = next_segment - 1
        self._settings = settings
        self._writers: dict[str, tuple[int, SegmentWriter]] = {}

    def add(self, pixels: Pixels, t_ns: int, page: str = "") -> Place:
        """Write one BGRA frame of one source; each browser page has segments of its own."""
        height, width = pixels.shape[:2]
        found = self._writers.get(page)
        if found and (
            (found[1].width, found[1].height) != (width, height)
            or t_ns - found[1].start_ns > SEGMENT_NS
        ):
            self.cut(page)
            found = None
        if found is None:
            self._segment += 1
            path = segment_path(self._folder.parent, self._segment)
            found = (self._segment, SegmentWriter(path, width, height, self._settings))
            self._writers[page] = found
        index, pts_ms = found[1].add(pixels, t_ns)
        return Place(found[0], index, pts_ms)

    def cut(self, page: str | None = None) -> None:
        """End the current segment of a page, or of all; the next frame starts another."""
        for name in list(self._writers) if page is None else [page]:
            found = self._writers.pop(name, None)
            if found:
                found[1].close()

    @property
    def last_segment(self) -> int:
        """Number of the newest segment, 0 before the first."""
        return self._segment


def segment_path(recording: Path, segment: int) -> Path:
    """Return where a segment of a recording lies."""
    return recording / "video" / f"{segment:04}.mp4"


def read_segment(path: Path) -> Iterator[tuple[int, Pixels]]:
    """Yield time in ms and RGB pixels of each frame, in order.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield (
                    _milliseconds(frame.pts, frame.time_base),
                    np.asarray(frame.to_ndarray(format="rgb24"), np.uint8),
                )
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedError(f"cannot read {path}: {error}") from error


def packet_times(path: Path) -> list[int]:
    """Return the time in ms of each packet in a segment, without decoding.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return [
                _milliseconds(packet.pts, stream.time_base)
                for packet in container.demux(stream)
                if packet.pts is not None
            ]
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedError(f"cannot read {path}: {error}") from error


def whole_length(path: Path) -> int:
    """Return how many bytes of a fragmented MP4 are whole fragments; the rest is torn."""
    size, whole, position, pending = path.stat().st_size, 0, 0, False
    with path.open("rb") as file:
        while position + 8 <= size:
            file.seek(position)
            length, kind = struct.unpack(">I4s", file.read(8))
            if length < 8 or position + length > size:
                break
            position += length
            pending = kind == b"moof" or (pending and kind != b"mdat")
            if not pending:
                whole = position
    return whole


def _milliseconds(pts: int | None, time_base: Fraction | None) -> int:
    return round((pts or 0) * (time_base or _MILLISECOND) * 1000)


def _even(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        pixels = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)
