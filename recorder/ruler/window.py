"""A window that shows the time, as a process: `python -m recorder.ruler.window X Y`.

It paints the monotonic clock as blocks every few milliseconds, in one request each, so that no
grab sees half of it. When its standard input closes it prints, for each time that it showed, when
the server had painted it for sure, as JSON, and ends.
"""

from __future__ import annotations

import json
import select
import sys
import time
from typing import Any

from recorder.desktop.x11 import Connection, connect
from recorder.ruler.timecode import HEIGHT, WIDTH, white_blocks

_REPAINT_S = 0.003


class TimeWindow:
    """The window; it also listens to input, as the window of an app would."""

    def __init__(self, connection: Connection, x: int, y: int) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        screen = connection.screen()
        self._connection = connection
        self._window: Any = screen.root.create_window(
            x,
            y,
            WIDTH,
            HEIGHT,
            0,
            screen.root_depth,
            override_redirect=True,
            event_mask=X.PointerMotionMask | X.KeyPressMask | X.ButtonPressMask,
        )
        self._image: Any = self._window.create_pixmap(WIDTH, HEIGHT, screen.root_depth)
        self._black: Any = self._image.create_gc(foreground=screen.black_pixel)
        self._white: Any = self._image.create_gc(foreground=screen.white_pixel)
        self._window.map()
        connection.sync()

    def paint(self) -> tuple[int, int]:
        """Show the time; return it, and when it was on the screen for sure."""
        t_ns = time.monotonic_ns()
        self._image.fill_rectangle(self._black, 0, 0, WIDTH, HEIGHT)
        self._image.poly_fill_rectangle(self._white, white_blocks(t_ns))
        self._window.copy_area(self._white, self._image, 0, 0, WIDTH, HEIGHT, 0, 0)
        self._connection.sync()
        shown_ns = time.monotonic_ns()
        while self._connection.pending_events():
            self._connection.next_event()
        return t_ns, shown_ns


def main(place: tuple[int, int]) -> None:
    """Paint until standard input closes."""
    connection = connect(None)
    window = TimeWindow(connection, *place)
    painted = [window.paint()]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], _REPAINT_S)[0]:
        painted.append(window.paint())
    sys.stdout.write(json.dumps(painted))
    connection.close()


if __name__ == "__main__":
    main((int(sys.argv[1]), int(sys.argv[2])))
