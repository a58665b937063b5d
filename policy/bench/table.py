"""The benchmark's figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ROWS = {"": "pixels and elements", "_elements": "elements only", "_peer": "ResNet + transformer"}


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    heads = ("ms, 1 agent", "of it CPU", "ms, 8 agents", "updates/s", "data wait")
    lines = [f"{'':24}" + "".join(f"{head:>14}" for head in heads)]
    for suffix, label in _ROWS.items():
        one, eight = (figures[f"decision_ms_p50{each}{suffix}"] for each in ("", "_8"))
        rate = figures[f"training_updates_per_s{suffix}"]
        waited = figures.get(f"data_wait_share{suffix}")
        cpu = figures[f"decision_cpu_ms_p50{suffix}"]
        share = f"{waited:14.1%}" if waited is not None else f"{'-':>14}"
        lines.append(f"{label:24}{one:>14.2f}{cpu:>14.2f}{eight:>14.2f}{rate:>14.2f}{share}")
    same, cpu = figures["unchanged_frame_ms"], figures["unchanged_frame_cpu_ms"]
    lines.append(f"{'nothing has changed':24}{same:>14.2f}{cpu:>14.2f}")
    lines.append(f"{'parameters':24}{figures['parameters']:>14,}")
    lines.append(f"{'parameters of the peer':24}{figures['parameters_peer']:>14,}")
    if "mfu" in figures:
        lines.append(f"{'MFU':24}{figures['mfu']:>14.1%}")
    return "\n".join(lines)
