"""Video segments back to packets and pixels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from recorder.errors import DamagedError

Pixels = NDArray[np.uint8]

_MILLISECOND = Fraction(1, 1000)


def segment_path(recording: Path, segment: int) -> Path:
    """Return where a segment of a recording lies."""
    return recording / "video" / f"{segment:04}.mp4"


def segments(recording: Path) -> dict[int, Path]:
    """Return the segments of a recording that are on disk, by number and in order."""
    found = (recording / "video").glob("*.mp4")
    return {int(path.stem): path for path in sorted(found) if path.stem.isdecimal()}


def read_segment(path: Path) -> Iterator[tuple[int, Pixels]]:
    """Yield time in ms and RGB pixels of each frame, in order.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield (
                    milliseconds(frame.pts, frame.time_base),
                    np.asarray(frame.to_ndarray(format="rgb24"), np.uint8),
                )
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedError(f"cannot read {path}: {error}") from error


class Packet(NamedTuple):
    """One encoded frame in a file."""

    pts_ms: int
    offset: int


def packets(path: Path) -> list[Packet]:
    """Return time and place of each packet of a segment, in order, without decoding.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return [
                Packet(milliseconds(packet.pts, stream.time_base), packet.pos or 0)
                for packet in container.demux(stream)
                if packet.pts is not None
            ]
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedError(f"cannot read {path}: {error}") from error


def packet_times(path: Path) -> list[int]:
    """Return the time in ms of each packet in a segment, without decoding.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    return [packet.pts_ms for packet in packets(path)]


def whole_length(path: Path, *, limit: int | None = None) -> int:
    """Return how many bytes of a fragmented MP4, up to `limit`, are whole fragments.

    What follows them is torn, or lies beyond the limit.
    """
    size, whole, position, pending = path.stat().st_size, 0, 0, False
    size = size if limit is None else min(size, limit)
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


def milliseconds(pts: int | None, time_base: Fraction | None) -> int:
    """Return a presentation time in ms."""
    return round((pts or 0) * (time_base or _MILLISECOND) * 1000)
