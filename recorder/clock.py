"""One clock for everything: monotonic nanoseconds, with the others written down beside it."""

from __future__ import annotations

import time
from typing import Protocol

from recorder.schema import ClockAnchor

_WRAP_MS = 1 << 32
_STALL_NS = 2_000_000_000
_SUSPEND_NS = 1_000_000_000


class Clock(Protocol):
    """Where times come from; tests bring their own."""

    def now_ns(self) -> int:
        """Return the time on the recording's clock: monotonic, not counting suspends."""
        ...

    def boottime_ns(self) -> int:
        """Return monotonic time that counts suspends."""
        ...

    def realtime_ns(self) -> int:
        """Return wall-clock time since the epoch; it may step."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ns(self) -> int:
        """Return CLOCK_MONOTONIC, which a local X server's event times count in as well."""
        return time.monotonic_ns()

    def boottime_ns(self) -> int:
        """Return CLOCK_BOOTTIME, or the monotonic clock where the platform has none."""
        boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic_ns() if boottime is None else time.clock_gettime_ns(boottime)

    def realtime_ns(self) -> int:
        """Return the wall clock."""
        return time.time_ns()


def anchor(clock: Clock) -> ClockAnchor:
    """Return the clocks side by side."""
    return ClockAnchor(
        t_ns=clock.now_ns(), boottime_ns=clock.boottime_ns(), realtime_ns=clock.realtime_ns()
    )


def unwrap_ms(server_ms: int, now_ns: int) -> int:
    """Return ns for a 32-bit millisecond server time, taking the turn that is nearest to `now_ns`.

    The half millisecond centres the server's truncation.

    >>> unwrap_ms(5, ((1 << 32) + 7) * 1_000_000)
    4294967301500000
    """
    now_ms = now_ns // 1_000_000
    turns = round((now_ms - server_ms) / _WRAP_MS)
    return (server_ms + turns * _WRAP_MS) * 1_000_000 + 500_000


def missed_time(last: ClockAnchor, now: ClockAnchor) -> str | None:
    """Return why events may be missing between two looks at the clocks, None when none is."""
    awake_ns = now.t_ns - last.t_ns
    if now.boottime_ns - last.boottime_ns - awake_ns > _SUSPEND_NS:
        return "suspend"
    return "stall" if awake_ns > _STALL_NS else None
