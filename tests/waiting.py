"""Waiting in tests for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_PATIENCE_S = 20.0
_POLL_S = 0.01

Found = TypeVar("Found")


def until(
    look: Callable[[], Found | None],
    what: str = "what the test waits for",
    *,
    patience_s: float = _PATIENCE_S,
) -> Found:
    """Return what `look` finds, as soon as that is anything true.

    Raises:
        AssertionError: it finds nothing for a long time; `what` says what was waited for.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(_POLL_S)
    raise AssertionError(f"not within {patience_s:.0f} s: {what}")
