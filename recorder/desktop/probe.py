"""A second opinion on a black screen: asks the windows themselves what they show."""

from __future__ import annotations

import sys

import numpy as np

from recorder.desktop.x11 import Connection, Window, connect, gone, lost
from recorder.errors import UnsupportedError

_STRIPS = 5
_SAMPLE = 97  # every 97th pixel tells a black image from most others
_ASK_NS = 1_000_000_000


class BlackWatch:
    """Tells a screen that is black from one that only the grabs call black."""

    def __init__(self, display: str | None) -> None:
        self._display = display
        self._raw: bytearray | None = None
        self._is_black = False
        self._asked_ns = 0
        self._contradicted = False

    def contradicted(self, raw: bytearray, now_ns: int) -> bool:
        """Return whether BGRX pixels are all black although windows show something else."""
        if raw is not self._raw:
            self._raw, self._is_black = raw, _is_black(raw)
        if not self._is_black:
            return False
        # windows may come while grabs stay the same, so ask again, but not more than once a second
        if now_ns - self._asked_ns >= _ASK_NS:
            self._asked_ns = now_ns
            self._contradicted = something_is_shown(self._display)
        return self._contradicted


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
        return any(_shows_something(connection, top) for top in tops)
    except lost():
        return False
    finally:
        connection.close()


def _shows_something(connection: Connection, window: Window) -> bool:
    from Xlib import X  # noqa: PLC0415 - with the desktop extra only

    try:
        seen = window.get_attributes()
        if seen.map_state != X.IsViewable or seen.win_class != X.InputOutput:
            return False
        size = window.get_geometry()
        for strip in range(_STRIPS):
            y = size.height * (2 * strip + 1) // (2 * _STRIPS)
            found = window.get_image(0, y, size.width, 1, X.ZPixmap, 0xFFFFFF)
            if any(found.data):
                return True
    except gone():  # closed meanwhile, or partly off the screen
        return False
    return False
