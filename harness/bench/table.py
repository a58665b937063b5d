"""The benchmark's figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.bench.run import CONTEXTS, FARAMA_PROCESSES


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"{'':24}{'episodes/min':>14}{'steps/s':>10}{'browser MB':>12}"]
    for size in CONTEXTS:
        rate, steps, memory = (
            figures[f"{name}_{size}"]
            for name in ("episodes_per_minute", "steps_per_second", "memory_mb")
        )
        lines.append(f"{f'ours, {size} contexts':24}{rate:>14.0f}{steps:>10.0f}{memory:>12.0f}")
    peers = {f"farama_{n}": f"Farama, {n} processes" for n in FARAMA_PROCESSES}
    for name, label in {**peers, "browsergym": "BrowserGym"}.items():
        rate = figures.get(f"episodes_per_minute_{name}")
        shown = f"{rate:14.0f}" if rate else f"{'not installed':>14}"
        lines.append(f"{label:24}{shown}")
    lines.append(f"{'MB per extra context':24}{figures['memory_mb_per_context']:>14.1f}")
    for peer, label in (("farama", "Farama"), ("farama_2", "Farama twice")):
        ratio = figures[f"ratio_vs_{peer}"]
        lines.append(f"{f'ours at 8 / {label}':24}{f'{ratio:.1f}' if ratio else '-':>14}")
    return "\n".join(lines)
