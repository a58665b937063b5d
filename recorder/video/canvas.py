"""The encoder's copy of what is on the screen, brought up to date where it changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from recorder.schema import Box
from recorder.video.read import Pixels

_REDRAW_ALL = 0.5  # above this share of the image, one conversion is cheaper than many
_LEAST_ROWS = 4


class Canvas:
    """The last image in the encoder's colours; only what changed is converted again."""

    def __init__(self, width: int, height: int, chroma: str) -> None:
        # 4:2:0 needs even sides; the true size is in the frame events
        self.width, self.height = width + width % 2, height + height % 2
        self._chroma = chroma
        self._convert = VideoReformatter()
        self._frame: av.VideoFrame | None = None

    def draw(self, pixels: Pixels, boxes: Sequence[Box]) -> av.VideoFrame:
        """Bring `boxes` up to date from BGRA `pixels`, all of it when empty; return the frame."""
        area = sum(w * h for _, _, w, h in boxes)
        if self._frame is None or not boxes or area > _REDRAW_ALL * self.width * self.height:
            self._frame = self._converted(_even(pixels))
            return self._frame
        for box in boxes:
            for new, kept in self._part(self._frame, pixels, box):
                kept[:] = new
        return self._frame

    def differs(self, pixels: Pixels, box: Box) -> bool:
        """Return whether a box of BGRA `pixels` looks different from what was drawn last."""
        if self._frame is None:
            return True
        parts = self._part(self._frame, pixels, box)
        return not all(np.array_equal(new, kept) for new, kept in parts)

    def _part(
        self, frame: av.VideoFrame, pixels: Pixels, box: Box
    ) -> Iterator[tuple[Pixels, Pixels]]:
        """Yield a box in the encoder's colours, new and as drawn, plane by plane."""
        x, y, w, h = box
        # grown to whole chroma samples; slices end at the border of the image by themselves
        left, right = x - x % 2, x + w + (x + w) % 2
        # two rows give one row of chroma, which the converter does not average
        bottom = max(y + h + (y + h) % 2, _LEAST_ROWS)
        top = min(y - y % 2, bottom - _LEAST_ROWS)
        part = self._converted(_even(pixels[top:bottom, left:right]))
        for new, kept in zip(_planes(part), _planes(frame), strict=True):
            shrink = self.width // kept.shape[1]
            rows, columns = new.shape
            yield new, kept[top // shrink :, left // shrink :][:rows, :columns]

    def _converted(self, pixels: Pixels) -> av.VideoFrame:
        # the converter reads rows in steps of 64 bytes, so a view may not end inside one
        if pixels.shape[1] % 16 or not pixels.flags.c_contiguous:
            pixels = np.ascontiguousarray(pixels)
            source = av.VideoFrame.from_ndarray(pixels, format="bgra")
        else:
            source = av.VideoFrame.from_numpy_buffer(pixels, format="bgra")
        # averaging areas looks at no pixel outside the box, so parts fit together without seams
        return self._convert.reformat(
            source, format=self._chroma, interpolation=Interpolation.AREA, threads=1
        )


def _even(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    if height % 2 or width % 2:
        return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return pixels


def _planes(frame: av.VideoFrame) -> list[Pixels]:
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[
            :, : plane.width
        ]
        for plane in frame.planes
    ]
