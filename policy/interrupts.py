"""Ctrl-C that waits until a piece of work is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Interruption:
    """Whether somebody wants to stop."""

    is_wanted: bool = False


@contextmanager
def held_interrupts() -> Generator[Interruption]:
    """Note the first Ctrl-C instead of raising it; a second one is raised as ever.

    Only the main thread hears signals; in any other, nothing changes, nor where Ctrl-C is ignored,
    as in the background of a shell.
    """
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    is_heard = threading.current_thread() is threading.main_thread() and before != signal.SIG_IGN
    if not is_heard:
        yield interruption
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        interruption.is_wanted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
