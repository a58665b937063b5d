"""A second opinion on a black screen: asks the windows themselves what they show."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from recorder.desktop.x11 import Window, connect, gone, lost
from recorder.errors import UnsupportedError
from recorder.schema import Box

_STRIPS = 5
_SAMPLE = 97  # every 97th pixel tells a black image from most others
_ASK_NS = 400_000_000


class BlackWatch:
    """Tells a screen that is black from one that only the grabs call black."""

    def __init__(self, display: str | None) -> None:
        self._display = display
        self._raw: bytearray | None = None
        self._is_black = False
        self._asked_ns = 0
        self._shown_since_ns: int | None = None

    def contradicted(self, raw: bytearray, looked_ns: int, now_ns: int) -> bool:
        """Return whether BGRX pixels are all black although windows show something else.

        Args:
            raw: what was grabbed; the same object as long as it stays the same.
            looked_ns: when it was last seen to be so.
            now_ns: the time.
        """
        if raw is not self._raw:
            self._raw, self._is_black = raw, _is_black(raw)
            self._shown_since_ns = None
        if self._is_black and now_ns - self._asked_ns >= _ASK_NS:
            self._asked_ns = now_ns
            if not something_is_shown(self._display):
                self._shown_since_ns = None
            elif self._shown_since_ns is None:
                self._shown_since_ns = now_ns
        # a window that has just come is not in the grab before it: look and ask again
        since_ns = self._shown_since_ns
        return since_ns is not None and min(looked_ns, self._asked_ns) > since_ns


def _is_black(raw: bytearray) -> bool:
    colours = np.frombuffer(raw, np.uint32)
    return not (colours[::_SAMPLE] & 0xFFFFFF).any() and not (colours & 0xFFFFFF).any()


def something_is_shown(display: str | None) -> bool:
    """Return whether a window of an X display shows anything but black.

    Slow (some milliseconds), for doubtful cases only; False where there is no X to ask.
    """
    if sys.platform != "linux":
        return False
    try:
        connection = connect(display)
    except UnsupportedError:
        return False
    try:
        tops = connection.screen().root.query_tree().children
        return any(_shows_something(window) for window in _uncovered(tops))
    except lost():
        return False
    finally:
        connection.close()


def _uncovered(tops: Sequence[Window]) -> Iterator[Window]:
    """Yield the visible windows that no other overlaps: only these are sure to be on the screen."""
    from Xlib import X  # noqa: PLC0415 - with the desktop extra only

    above: list[Box] = []
    for window in reversed(tops):
        try:
            seen, place = window.get_attributes(), window.get_geometry()
        except gone():
            continue
        if seen.map_state == X.IsViewable and seen.win_class == X.InputOutput:
            box = (place.x, place.y, place.width, place.height)
            if not any(_overlap(box, other) for other in above):
                yield window
            above.append(box)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def _shows_something(window: Window) -> bool:
    from Xlib import X  # noqa: PLC0415 - with the desktop extra only

    try:
        size = window.get_geometry()
        for strip in range(_STRIPS):
            y = size.height * (2 * strip + 1) // (2 * _STRIPS)
            found = window.get_image(0, y, size.width, 1, X.ZPixmap, 0xFFFFFF)
            if any(found.data):
                return True
    except gone():  # closed meanwhile, or partly off the screen
        return False
    return False
