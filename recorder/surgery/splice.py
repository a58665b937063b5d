"""Splicing: takes frames out of a video segment, or covers parts of them, and wipes the old bytes.

Frames that stay keep their presentation time, so a frame event still finds its packet by time when
a crash leaves events and video of different ages behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from recorder.errors import DamagedError
from recorder.masks import paint
from recorder.schema import Box
from recorder.store import wipe, zero
from recorder.video import milliseconds, packets, whole_length

_MUX = {
    "movflags": "frag_every_frame+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "disabled",  # with frag_discont: the first frame keeps its time, if not 0
}
# a constant quantizer, as in the first encoding and for its reason; finer, as this is the second
_CODEC = {"preset": "veryfast", "qp": "20", "tune": "zerolatency", "g": "50"}
_MILLISECOND = Fraction(1, 1000)
_NEUTRAL = 128


@dataclass(frozen=True, slots=True)
class SegmentEdit:
    """What is to become of one segment."""

    path: Path
    keep: frozenset[int]
    """Times in ms of the frames that stay; an empty set wipes the file."""
    cover: Mapping[int, tuple[Box, ...]] = field(default_factory=dict[int, tuple[Box, ...]])
    """Rectangles to paint over, by time of the frame."""


def prepare(edit: SegmentEdit) -> None:
    """Write the new segment beside the old one, where bytes must be encoded again.

    Raises:
        DamagedError: the file is not a video that can be read.
    """
    if edit.keep and _tail_cut(edit) is None:
        _encode_again(edit, _new_path(edit))


def commit(edit: SegmentEdit) -> None:
    """Put the edit in place; a kill at any moment leaves a segment that `recover` can read."""
    if not edit.keep:
        wipe(edit.path)
        return
    cut = _tail_cut(edit)
    if cut is None:
        with edit.path.open("r+b") as old:
            _new_path(edit).replace(edit.path)
            zero(old)
        return
    with edit.path.open("r+b") as file:
        # zeros are no fragment, so that a half-zeroed tail reads as torn
        zero(file, start=cut)
        file.truncate(cut)


def keep_first(path: Path, count: int) -> None:
    """Cut a segment after its first `count` frames, byte by byte the same."""
    found = packets(path)
    if count < len(found):
        commit(SegmentEdit(path, frozenset(packet.pts_ms for packet in found[:count])))


def _new_path(edit: SegmentEdit) -> Path:
    return edit.path.with_suffix(".tmp")


def _tail_cut(edit: SegmentEdit) -> int | None:
    """Return where to cut the file, None when cutting its tail off is not enough."""
    found = packets(edit.path)
    kept = [packet.pts_ms in edit.keep for packet in found]
    count = sum(kept)
    if edit.cover or not all(kept[:count]):
        return None
    if count == len(found):
        return edit.path.stat().st_size
    cut = whole_length(edit.path, limit=found[count].offset)
    return cut if cut > found[count - 1].offset else None


def _encode_again(edit: SegmentEdit, target: Path) -> None:
    try:
        with (
            av.open(str(edit.path)) as source,
            av.open(str(target), "w", format="mp4", options=_MUX) as container,
        ):
            before = source.streams.video[0]
            stream = container.add_stream("libx264", options=_CODEC)
            _shape_like(stream, before)
            for frame in _kept_frames(source.decode(before), edit):
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.error.FFmpegError, IndexError) as error:
        raise DamagedError(f"cannot read {edit.path}: {error}") from error


def _shape_like(stream: VideoStream, before: VideoStream) -> None:
    old, new = before.codec_context, stream.codec_context
    stream.width, stream.height = old.width, old.height
    stream.pix_fmt = old.pix_fmt or "yuv420p"
    stream.time_base = new.time_base = _MILLISECOND
    new.color_range, new.colorspace = old.color_range, old.colorspace
    new.color_primaries, new.color_trc = old.color_primaries, old.color_trc


def _kept_frames(decoded: Iterator[av.VideoFrame], edit: SegmentEdit) -> Iterator[av.VideoFrame]:
    for frame in decoded:
        pts_ms = milliseconds(frame.pts, frame.time_base)
        if pts_ms not in edit.keep:
            continue
        # a copy, because the decoder still predicts from its own frame
        planes = np.asarray(frame.to_ndarray(), np.uint8)
        boxes = edit.cover.get(pts_ms, ())
        if boxes:
            _cover(planes, frame.width, frame.height, boxes)
        kept = av.VideoFrame.from_ndarray(planes, format=frame.format.name)
        kept.color_range, kept.colorspace = frame.color_range, frame.colorspace
        kept.pts, kept.time_base = pts_ms, _MILLISECOND
        yield kept


def _cover(planes: NDArray[np.uint8], width: int, height: int, boxes: tuple[Box, ...]) -> None:
    """Paint over boxes of a planar YUV image, whose chroma is whole or half as wide and high."""
    flat = planes.reshape(-1)
    luma = flat[: width * height].reshape(height, width)
    half = 1 if flat.size == width * height * 3 else 2
    chroma = flat[width * height :].reshape(2, height // half, width // half)
    for x, y, w, h in paint(luma, boxes):
        right, bottom = -(-(x + w) // half), -(-(y + h) // half)
        chroma[:, y // half : bottom, x // half : right] = _NEUTRAL
