"""The clock of the person's side: what keys and cards are timed by."""

from __future__ import annotations

import time

_MS = 1_000_000


def now_ms() -> int:
    """Return the monotonic clock, as Textual stamps keys with it."""
    return time.monotonic_ns() // _MS
