"""From a frame's own coordinates to the image of the whole page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recorder.browser.messages import FloatBox
from recorder.schema import Box


@dataclass(frozen=True, slots=True)
class Transform:
    """Scale, then shift: enough for frames, zoom and image size."""

    x: float = 0.0
    y: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0

    def point(self, x: float, y: float) -> tuple[int, int]:
        """Return where a point lies."""
        return round(self.x + x * self.scale_x), round(self.y + y * self.scale_y)

    def box(self, box: FloatBox) -> Box:
        """Return the whole pixels that a box touches."""
        left, top = self.x + box[0] * self.scale_x, self.y + box[1] * self.scale_y
        right = left + box[2] * self.scale_x
        bottom = top + box[3] * self.scale_y
        x, y = math.floor(left), math.floor(top)
        return x, y, math.ceil(right) - x, math.ceil(bottom) - y

    def after(self, inner: Transform) -> Transform:
        """Return the transform that does `inner` first, then this.

        >>> Transform(10, 20, 2, 2).after(Transform(1, 1)).point(1, 1)
        (14, 24)
        """
        return Transform(
            self.x + inner.x * self.scale_x,
            self.y + inner.y * self.scale_y,
            self.scale_x * inner.scale_x,
            self.scale_y * inner.scale_y,
        )


def cut_to(boxes: Iterable[Box], window: Box) -> list[Box]:
    """Return the parts of boxes that lie inside a window.

    >>> cut_to([(0, 0, 100, 10), (500, 500, 5, 5)], (50, 0, 20, 20))
    [(50, 0, 20, 10)]
    """
    found: list[Box] = []
    for x, y, width, height in boxes:
        left, top = max(x, window[0]), max(y, window[1])
        right = min(x + width, window[0] + window[2])
        bottom = min(y + height, window[1] + window[3])
        if right > left and bottom > top:
            found.append((left, top, right - left, bottom - top))
    return found


def swept(before: Sequence[Box], after: Sequence[Box]) -> list[Box]:
    """Return what boxes may have touched on the way from where they were to where they are.

    >>> swept([(0, 0, 10, 10), (5, 5, 1, 1)], [(0, 50, 10, 10), (5, 5, 1, 1)])
    [(0, 0, 10, 60)]
    """
    if len(before) != len(after):
        return []
    found: list[Box] = []
    for old, new in zip(before, after, strict=True):
        left, top = min(old[0], new[0]), min(old[1], new[1])
        right = max(old[0] + old[2], new[0] + new[2])
        bottom = max(old[1] + old[3], new[1] + new[3])
        if old != new:
            found.append((left, top, right - left, bottom - top))
    return found
