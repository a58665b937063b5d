"""Frames in, video segments out: variable-rate H.264 in fragmented MP4.

Every packet is its own fragment and the encoder looks at no frame ahead, so a killed recorder loses
at most the frame it was writing. Times in the file are milliseconds since the segment's first
frame; the exact time of a frame is in its event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from recorder.schema import Box
from recorder.video.canvas import Canvas
from recorder.video.fragments import FragmentFile, Track
from recorder.video.read import Pixels, segment_path

SEGMENT_NS = 5 * 60 * 1_000_000_000
# Measured at 1080p on text, CPU time per frame, 10 frames a second.
_CODEC = {
    "preset": "veryfast",
    "tune": "zerolatency",  # looking ahead would hold 12 to 37 frames in memory, lost by a kill
    "g": "250",  # every 50 doubles the bytes of typing; a seek decodes 250 mostly empty frames
}
_X264 = {
    "annexb": "0",  # length before each NAL unit, as MP4 has it
    "threads": "1",  # slicing for threads costs 14 ms more per scrolled frame and 4 times the bytes
    "sliced-threads": "0",
    # the wide search finds where scrolled text went (18 kB a frame; hex misses it: 290 kB), and
    # whole macroblocks alone keep it cheap: 13 ms scrolling, 52 ms for a new page, not 100
    "me": "umh",
    "merange": "64",
    "partitions": "none",
    "no-deblock": "1",  # 1.5 ms less, and nothing is smeared across the border of a mask
    "weightp": "0",  # these two want a half-size copy of every frame: 3 ms
    "scenecut": "0",
}
_BT601, _LIMITED = 6, 1  # what the canvas makes; said in the stream, or players assume BT.709
_MILLISECOND = Fraction(1, 1000)


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
    qp: int = 24
    """Quantizer; smaller is nearer to the original."""


def _encoder(canvas: Canvas, settings: VideoSettings) -> VideoCodecContext:
    encoder = VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = canvas.width, canvas.height, settings.chroma
    encoder.time_base = _MILLISECOND
    encoder.thread_count = 1
    encoder.colorspace, encoder.color_range = _BT601, _LIMITED
    encoder.flags |= Flags.global_header
    x264 = ":".join(f"{name}={value}" for name, value in _X264.items())
    # a constant quantizer: crf with nothing looked ahead blurs scrolled text to 25 dB and leaves it
    # so until something else moves; 24 keeps 41 dB scrolling and 49 dB at rest
    encoder.options = {**_CODEC, "qp": str(settings.qp), "x264-params": x264}
    encoder.open()
    return encoder


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
        self._masked: tuple[Box, ...] = ()
        self._canvas = Canvas(width, height, settings.chroma)
        self._encoder = _encoder(self._canvas, settings)
        config = self._encoder.extradata or b""
        self._file = FragmentFile(path, Track(self._canvas.width, self._canvas.height, config))

    def add(
        self,
        pixels: Pixels,
        t_ns: int,
        *,
        dirty: Sequence[Box] = (),
        masked: Sequence[Box] = (),
    ) -> tuple[int, int]:
        """Encode one BGRA frame, `(height, width, 4)`; return its index and its time in ms.

        Args:
            pixels: the whole image, masks painted.
            t_ns: when it was on screen.
            dirty: what changed since the frame before; when empty, all of it may have.
            masked: what is painted over.

        Raises:
            OSError: the disk refused it.
        """
        if not self.frames:
            self.start_ns = t_ns
        pts_ms = max(self._last_ms + 1, (t_ns - self.start_ns) // 1_000_000)
        # a mask that came or went changes pixels that the source does not call dirty
        moved = () if tuple(masked) == self._masked else (*masked, *self._masked)
        frame = self._canvas.draw(pixels, (*dirty, *moved) if dirty else ())
        self._masked = tuple(masked)
        frame.pts, frame.time_base = pts_ms, _MILLISECOND
        self._encode(frame)
        self._last_ms = pts_ms
        self.frames += 1
        return self.frames - 1, pts_ms

    def news(
        self, pixels: Pixels, dirty: Sequence[Box], masked: Sequence[Box]
    ) -> tuple[Box, ...] | None:
        """Return which dirty boxes look different from the last frame, None when none does."""
        if tuple(masked) != self._masked:
            return tuple(dirty)
        boxes = dirty or ((0, 0, self.width, self.height),)
        found = tuple(box for box in boxes if self._canvas.differs(pixels, box))
        return (found if dirty else ()) if found else None

    def close(self) -> None:
        """Flush the encoder and close the file."""
        try:
            self._encode(None)
        finally:
            self._file.close()

    def _encode(self, frame: av.VideoFrame | None) -> None:
        for packet in self._encoder.encode(frame):
            self._file.add(bytes(packet), packet.pts or 0, is_key=packet.is_keyframe)


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

    def add(
        self,
        pixels: Pixels,
        t_ns: int,
        page: str = "",
        *,
        dirty: Sequence[Box] = (),
        masked: Sequence[Box] = (),
    ) -> Place:
        """Write one BGRA frame of one source; each browser page has segments of its own.

        `dirty` and `masked` are as in `SegmentWriter.add`.
        """
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
        index, pts_ms = found[1].add(pixels, t_ns, dirty=dirty, masked=masked)
        return Place(found[0], index, pts_ms)

    def news(
        self, pixels: Pixels, page: str, *, dirty: Sequence[Box], masked: Sequence[Box]
    ) -> tuple[Box, ...] | None:
        """Return what is new under the masks: the dirty boxes that show it, None when nothing is.

        Empty, as in `add`, means that all of it may be.
        """
        found = self._writers.get(page)
        if found is None or (found[1].height, found[1].width) != pixels.shape[:2]:
            return ()
        return found[1].news(pixels, dirty, masked)

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
