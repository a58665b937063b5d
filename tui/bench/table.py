"""The benchmark's figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.bench.run import AGENTS, TILES, WAYS

_COLUMNS = {
    "% of a core": ("core_percent", 1),
    "kB/s": ("bytes_per_s", 1e-3),
    "key ms p50": ("key_ms_p50", 1),
    "p95": ("key_ms_p95", 1),
    "MB": ("memory_mb", 1),
    "% stolen": ("stolen_percent", 1),
}
"""Names of the figures, and what one of them is in the unit of the column."""
_LABEL, _WIDTH = 26, 13


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"{'':{_LABEL}}" + "".join(f"{title:>{_WIDTH}}" for title in _COLUMNS)]
    rows = {str(n): f"{n} agents" if n > 1 else "1 agent" for n in AGENTS}
    rows |= {f"tiles_{way}": f"{TILES} tiles, {way}" for way in WAYS}
    for suffix, label in rows.items():
        if f"keys_{suffix}" not in figures:
            lines.append(f"{label:{_LABEL}}{'not installed':>{_WIDTH}}")
            continue
        cells = (figures[f"{name}_{suffix}"] * unit for name, unit in _COLUMNS.values())
        lines.append(f"{label:{_LABEL}}" + "".join(f"{each:>{_WIDTH}.1f}" for each in cells))
    return "\n".join(lines)
