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

    Only the main thread hears signals; in any other, nothing changes.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        interruption.is_wanted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
