"""The benchmark's figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.bench.run import AGENTS, TILES, WAYS

_COLUMNS = ("core_percent", "bytes_per_s", "key_ms_p50", "key_ms_p95", "memory_mb")


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"{'':26}{'% of a core':>12}{'kB/s':>8}{'key ms p50':>12}{'p95':>8}{'MB':>7}"]
    rows = {str(n): f"{n} agents" if n > 1 else "1 agent" for n in AGENTS}
    rows |= {f"tiles_{way}": f"{TILES} tiles, {way}" for way in WAYS}
    for suffix, label in rows.items():
        if f"keys_{suffix}" not in figures:
            lines.append(f"{label:26}{'not installed':>12}")
            continue
        core, rate, p50, p95, memory = (figures[f"{column}_{suffix}"] for column in _COLUMNS)
        lines.append(
            f"{label:26}{core:>12.1f}{rate / 1000:>8.1f}{p50:>12.1f}{p95:>8.1f}{memory:>7.0f}"
        )
    return "\n".join(lines)
