"""A hand that moves at known times, as a process: `python -m recorder.ruler.hand COUNT`.

It moves the pointer 100 times a second to places that it visits only once. It prints what it did as
JSON: what, and between which two times. Options: `--keys` taps a key that does nothing alone;
`--unanswered` does not wait for the server, as no device does. Then a server that has nothing to
say to anybody keeps what it records for others in a buffer, and the truth is less well known.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

from recorder.desktop.x11 import connect

PERIOD_S = 0.01
KEY = "Control_L"
_KEY_EVERY = 10
_MARGIN = 8


def places(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Yield points of a screen, none twice."""
    for y in range(_MARGIN, height - _MARGIN, 2):
        for x in range(_MARGIN, width - _MARGIN, 3):
            yield x, y


def main(count: int, *, keys: bool, unanswered: bool) -> None:
    """Make `count` moves."""
    from Xlib import XK, X  # noqa: PLC0415 - with the desktop extra only
    from Xlib.ext import xtest  # noqa: PLC0415 - with the desktop extra only

    connection = connect(None)
    screen = connection.screen()
    keycode = connection.keysym_to_keycode(XK.string_to_keysym(KEY))
    done: list[tuple[str, int, int]] = []

    def inject(what: str, kind: int, detail: int = 0, x: int = 0, y: int = 0) -> None:
        before_ns = time.monotonic_ns()
        xtest.fake_input(connection, kind, detail, x=x, y=y)
        connection.flush() if unanswered else connection.sync()
        done.append((what, before_ns, time.monotonic_ns()))

    start = time.monotonic()
    path = places(screen.width_in_pixels, screen.height_in_pixels)
    for number, (x, y) in zip(range(count), path, strict=False):
        time.sleep(max(0.0, start + number * PERIOD_S - time.monotonic()))
        inject(f"move {x} {y}", X.MotionNotify, x=x, y=y)
        if keys and number % _KEY_EVERY == 0:
            inject(f"key {keycode} down", X.KeyPress, keycode)
            inject(f"key {keycode} up", X.KeyRelease, keycode)
    connection.sync()  # so that all of it has happened when this process ends
    sys.stdout.write(json.dumps(done))
    connection.close()


if __name__ == "__main__":
    options = sys.argv[2:]
    main(int(sys.argv[1]), keys="--keys" in options, unanswered="--unanswered" in options)
