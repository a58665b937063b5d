"""Masks: which rectangles of the screen hold secrets, and since when."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recorder.schema import Box

_MEMORY_NS = 2_000_000_000
_BLOCK = 16
_MARGIN = 4  # as far as a deblocking filter reaches


@dataclass(frozen=True, slots=True)
class _Mask:
    boxes: tuple[Box, ...]
    since_ns: int


class Masks:
    """What to paint over, per source, with a short memory. Thread-safe.

    A frame is covered by all that was secret at any moment from just before it was grabbed until
    it is encoded, so that neither a late message nor a moving field lets anything through.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._history: dict[tuple[str, str], list[_Mask]] = {}

    def put(self, source: str, boxes: Sequence[Box], t_ns: int, page: str = "") -> bool:
        """Replace what `source` says is secret on a page (or the desktop), from `t_ns` on.

        Returns:
            Whether that is anything new, so that what is shown must be captured afresh.
        """
        with self._lock:
            history = self._history.setdefault((page, source), [])
            if (history[-1].boxes if history else ()) == tuple(boxes):
                return False
            history.append(_Mask(tuple(boxes), t_ns))
            while len(history) > 1 and history[1].since_ns < t_ns - _MEMORY_NS:
                del history[0]
            return True

    def hit(self, source: str, x: int, y: int, page: str = "") -> bool:
        """Return whether a place lies in what `source` says is secret now."""
        with self._lock:
            history = self._history.get((page, source))
            boxes = history[-1].boxes if history else ()
        return any(left <= x < left + w and top <= y < top + h for left, top, w, h in boxes)

    def forget(self, page: str, source: str | None = None) -> None:
        """Drop what is known of a page that is gone, or of one source of it."""
        with self._lock:
            for key in [key for key in self._history if key[0] == page]:
                if source is None or key[1] == source:
                    del self._history[key]

    def since(self, t_ns: int, page: str = "") -> list[Box]:
        """Return every box that was secret at any moment from `t_ns` until now."""
        with self._lock:
            found: set[Box] = set()
            for (name, _), history in self._history.items():
                if name != page:
                    continue
                for number, mask in enumerate(history):
                    following = history[number + 1] if number + 1 < len(history) else None
                    if following is None or following.since_ns >= t_ns:
                        found.update(mask.boxes)
            return sorted(found)


def clip(boxes: Sequence[Box], width: int, height: int) -> tuple[Box, ...]:
    """Return boxes clipped to an image, empty ones left out.

    >>> clip([(-5, 2, 10, 4), (50, 50, 1, 1)], 20, 20)
    ((0, 2, 5, 4),)
    """
    clipped: list[Box] = []
    for x, y, w, h in boxes:
        left, top = max(0, x), max(0, y)
        right, bottom = min(width, x + w), min(height, y + h)
        if right > left and bottom > top:
            clipped.append((left, top, right - left, bottom - top))
    return tuple(clipped)


def paint(pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Cover boxes of an image, (H, W, C), with flat grey, in place; return what was covered.

    Boxes grow to the grid of the video's macroblocks, so that compression cannot smear what
    is next to a secret into it, nor the other way round.

    >>> paint(np.zeros((64, 64, 3), np.uint8), [(10, 10, 20, 10)])
    ((0, 0, 48, 32),)
    """
    height, width = pixels.shape[:2]
    grown = reach(boxes, width, height)
    for x, y, w, h in grown:
        pixels[y : y + h, x : x + w] = 96
    return grown


def reach(boxes: Sequence[Box], width: int, height: int) -> tuple[Box, ...]:
    """Return what `paint` covers in an image of that size."""
    return clip([_grow(box) for box in boxes], width, height)


def _grow(box: Box) -> Box:
    x, y, w, h = box
    left, top = (x - _MARGIN) // _BLOCK * _BLOCK, (y - _MARGIN) // _BLOCK * _BLOCK
    right = -(-(x + w + _MARGIN) // _BLOCK) * _BLOCK
    bottom = -(-(y + h + _MARGIN) // _BLOCK) * _BLOCK
    return left, top, right - left, bottom - top
