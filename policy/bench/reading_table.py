"""The figures of the reader's benchmark as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policy.evaluate.tables import Share

_TIMED = {
    "small": "160 x 210 px",
    "dense": "640 x 400 px, {lines:.0f} lines",
    "tile": "of these, one tile changed",
    "same": "nothing changed",
}
_ROWS = {"": "ours", "_rapidocr": "RapidOCR"}


def reading_table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"{'ms a screen, one core':38}{'wall':>10}{'CPU':>10}"]
    for suffix, row in _ROWS.items():
        for name, said in _TIMED.items():
            wall = figures.get(f"read_ms_{name}{suffix}")
            if wall is None:
                continue
            cpu = figures[f"read_cpu_ms_{name}{suffix}"]
            what = f"{row}, {said.format(lines=figures['dense_lines'])}"
            lines.append(f"{what:38}{wall:10.1f}{cpu:10.1f}")
    heads = ("words exact", "in fields", "widgets found", "their states")
    lines += ["", f"{'':30}" + "".join(f"{head:>30}" for head in heads)]
    for suffix, row in _ROWS.items():
        for name, told in figures.get(f"sets{suffix}", {}).items():
            counts = [("exact", "words"), ("field_exact", "field_words")]
            if not suffix:  # the peer reads text alone
                counts += [("found", "widgets"), ("states_right", "found")]
            shares = [Share(told[part], told[whole]) for part, whole in counts]
            cells = "".join(f"{f'{share} of {share.n}':>30}" for share in shares)
            lines.append(f"{f'{row}, {name}':30}{cells}")
    return "\n".join(lines)
