"""The figures of a benchmark as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recorder.bench.workloads import WORKLOADS

_LIMITS = {
    "event_error_ms_p99": 2.0,
    "event_error_ms_p99_bare": 4.0,
    "frame_error_ms_p99": 10.0,
    "core_percent_idle": 5.0,
    "core_percent_typing": 15.0,
    "core_percent_scroll": 30.0,
    "mb_per_hour_idle": 1.0,
    "mb_per_hour_typing": 200.0,
}
_PEERS = {
    "event_error_ms_p99_unanswered": "event_error_ms_p99_pynput",
    "event_error_ms_p99_unanswered_bare": "event_error_ms_p99_pynput_bare",
    "events_lost": "events_lost_pynput",
}


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures, the limits that we set ourselves, and the peers' figures.

    >>> print(table({"frame_error_ms_p99": 2.5}))
    figure                                 understudy     limit      peer
    frame_error_ms_p99                           2.50     10.00         -
    """
    names = [
        *("event_error_ms_p99", "event_error_ms_p99_bare", "event_error_ms_p99_unanswered"),
        *("event_error_ms_p99_unanswered_bare", "events_lost", "order_errors"),
        *("frame_error_ms_p99", "frame_age_ms_p99"),
        *(f"core_percent_{workload}" for workload in WORKLOADS),
        *(f"mb_per_hour_{workload}" for workload in WORKLOADS),
    ]
    lines = [f"{'figure':<36}{'understudy':>13}{'limit':>10}{'peer':>10}"]
    for name in names:
        if name in figures:
            peer = figures.get(_PEERS.get(name, f"ffmpeg_{name}"))
            limit = _LIMITS.get(name)
            lines.append(
                f"{name:<36}{_number(figures[name]):>13}{_number(limit):>10}{_number(peer):>10}"
            )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
