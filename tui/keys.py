"""Single key presses from the terminal, where there is one."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

_LOOK_S = 0.1  # how soon a stop from elsewhere is noticed

ReadKey = Callable[[float], str]


@contextmanager
def keys_pressed(stopped: threading.Event) -> Generator[ReadKey]:
    """Give a function that waits up to so many seconds for a key, and returns it or ''.

    It returns at once when `stopped` is set. Without a terminal, and on Windows, no key ever comes.
    """
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield lambda timeout_s: _no_key(stopped, timeout_s)
        return
    import termios  # noqa: PLC0415 - not on Windows
    import tty  # noqa: PLC0415 - not on Windows

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield lambda timeout_s: _read_key(stopped, timeout_s)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _no_key(stopped: threading.Event, timeout_s: float) -> str:
    stopped.wait(timeout_s)
    return ""


def _read_key(stopped: threading.Event, timeout_s: float) -> str:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and not stopped.is_set():
        ready, _, _ = select.select([sys.stdin], [], [], _LOOK_S)
        if ready:
            return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
    return ""
