"""Random access to the pixels of a recording, with a small memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
import av.error
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from recorder.errors import DamagedError
from recorder.schema import Frame
from recorder.video import milliseconds, segment_path

_OPEN_SEGMENTS = 2
_KEPT_FRAMES = 8
_STEP_OVER_MS = 5_000  # decoding this far ahead is cheaper than seeking to a key frame


class _Segment:
    """One open video file and where its decoder stands."""

    def __init__(self, path: Path) -> None:
        try:
            self._container: InputContainer = av.open(str(path))
            self._stream = self._container.streams.video[0]
        except (av.error.FFmpegError, IndexError) as error:
            raise DamagedError(f"cannot read {path}: {error}") from error
        self._path = path
        self._decoded: Iterator[av.VideoFrame] = self._container.decode(self._stream)
        self._at_ms = -1

    def read(self, pts_ms: int) -> NDArray[np.uint8]:
        """Return the RGB image at a time of the segment."""
        try:
            if not self._at_ms < pts_ms <= self._at_ms + _STEP_OVER_MS:
                self._seek(pts_ms)
            for frame in self._decoded:
                self._at_ms = milliseconds(frame.pts, frame.time_base)
                if self._at_ms >= pts_ms:
                    break
            else:
                frame = None
        except av.error.FFmpegError as error:
            raise DamagedError(f"cannot read {self._path}: {error}") from error
        if frame is None or self._at_ms != pts_ms:
            raise DamagedError(f"{self._path} has no frame at {pts_ms} ms; verify it")
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _seek(self, pts_ms: int) -> None:
        base = self._stream.time_base
        assert base is not None  # every MP4 stream has one
        self._container.seek(round(pts_ms / 1000 / base), stream=self._stream)
        self._decoded = self._container.decode(self._stream)
        self._at_ms = -1


class FrameReader:
    """Reads the pixels of frame events; reading in order decodes each frame once."""

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        self._segments: OrderedDict[int, _Segment] = OrderedDict()
        self._frames: OrderedDict[tuple[int, int], NDArray[np.uint8]] = OrderedDict()

    def __enter__(self) -> FrameReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, frame: Frame) -> NDArray[np.uint8]:
        """Return the image of a frame event, (H, W, 3) RGB, read-only.

        Raises:
            DamagedError: the video is torn, or has no such frame.
        """
        key = (frame.segment, frame.pts_ms)
        pixels = self._frames.get(key)
        if pixels is None:
            pixels = self._segment(frame.segment).read(frame.pts_ms)
            pixels = pixels[: frame.height, : frame.width]
            pixels.flags.writeable = False
            self._frames[key] = pixels
        self._frames.move_to_end(key)
        while len(self._frames) > _KEPT_FRAMES:
            self._frames.popitem(last=False)
        return pixels

    def close(self) -> None:
        """Close all files; reading again opens them again."""
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        self._frames.clear()

    def _segment(self, number: int) -> _Segment:
        if number not in self._segments:
            while len(self._segments) >= _OPEN_SEGMENTS:
                self._segments.popitem(last=False)[1].close()
            self._segments[number] = _Segment(segment_path(self._recording, number))
        self._segments.move_to_end(number)
        return self._segments[number]
