"""Runs something in a child process that dies just before its n-th change to the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_CHANGES = frozenset({"os.rename", "os.remove", "os.truncate", "os.unlink"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def finishes(act: Callable[[], object], *, changes: int) -> bool:
    """Return whether `act` was done within that many changes; otherwise it was killed."""
    child = os.fork()
    if not child:
        _run_and_die(act, changes)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9), f"the child failed with {code}"
    return code == 0


def _run_and_die(act: Callable[[], object], changes: int) -> None:
    left = changes

    def hook(event: str, details: tuple[Any, ...]) -> None:
        nonlocal left
        is_open = event == "open" and isinstance(details[2], int) and details[2] & _WRITING
        if not (is_open or event in _CHANGES):
            return
        if left == 0:
            os._exit(9)
        left -= 1

    sys.addaudithook(hook)
    try:
        act()
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)
