"""What works for this terminal and its shift, found by looking and trying."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from textual.app import App

from harness.errors import LatchError
from harness.latch import Latch
from recorder import doctor
from recorder.doctor import Finding
from tui.bridge import Bridge
from tui.standings import aged

LEAST_SIZE = (80, 24)
"""Columns and rows for which all screens are made."""
_SLOW_LINK_MS = 2000
_OLD_FRAME_MS = 3000
_LOW_BYTES = 1_000_000_000
_GB = 1_000_000_000
_COLOURS: Mapping[str | None, tuple[str, str]] = {
    "truecolor": ("16 million", "half blocks in full colour"),
    "256": ("256", "half blocks in 256 colours"),
    "standard": ("16", "half blocks in 16 colours"),
    "windows": ("16", "half blocks in 16 colours"),
    None: ("none", "glyphs of four shades"),
}


def of_terminal(app: App[None]) -> list[Finding]:
    """Return what this terminal can show."""
    columns, rows = app.size
    is_enough = columns >= LEAST_SIZE[0] and rows >= LEAST_SIZE[1]
    colours, images = _COLOURS[None if app.no_color else app.console.color_system]
    return [
        Finding(
            "terminal size",
            "ok" if is_enough else "warn",
            f"{columns} x {rows} cells",
            "" if is_enough else f"make it {LEAST_SIZE[0]} x {LEAST_SIZE[1]} or larger",
        ),
        Finding(
            "colours",
            "ok" if colours == "16 million" else "warn",
            colours,
            "" if colours == "16 million" else "set COLORTERM=truecolor if the terminal has them",
        ),
        Finding("images", "ok", images),
        Finding("animations", "ok", app.animation_level),
    ]


def of_shift(bridge: Bridge) -> list[Finding]:
    """Return how near the hub is, and how fresh what is seen."""
    link_ms = bridge.link_ms
    if link_ms is None:
        return [Finding("hub", "ok", "none: this is a recording")]
    is_near = link_ms <= _SLOW_LINK_MS
    ages = {each: bridge.frame_age_ms(each) for each in bridge.shift.agents}
    old = [each for each, age_ms in ages.items() if age_ms is None or age_ms > _OLD_FRAME_MS]
    oldest = max((age_ms or 0.0 for age_ms in ages.values()), default=None)
    return [
        Finding(
            "hub",
            "ok" if is_near else "fail",
            f"heard {aged(link_ms)} ago",
            "" if is_near else "see whether its process is there: understudy foreman --attach",
        ),
        Finding(
            "frames",
            "warn" if old else "ok",
            f"{len(ages) - len(old)} of {len(ages)} agents fresh, the oldest {aged(oldest)}",
            f"nothing new of {', '.join(old[:4])}" if old else "",
        ),
    ]


def of_machine(folder: Path) -> list[Finding]:
    """Return what this machine has: room for the run, a latch that works, displays, browsers.

    Takes seconds, since browsers are started.
    """
    return [of_disk(folder), of_latch(), *doctor.examine()]


def of_disk(folder: Path) -> Finding:
    """Return how much room there is where the run is kept."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(there).free
    advice = "" if free >= _LOW_BYTES else "make room: a hub that cannot write stops its agents"
    return Finding(
        "room for the run", "ok" if not advice else "fail", f"{free / _GB:.1f} GB free", advice
    )


def of_latch() -> Finding:
    """Return whether a stop latch stops and lets go, tried on one that nobody looks at."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with Latch(Path(folder) / "stop") as latch:
                began_ns = time.monotonic_ns()
                latch.stop()
                is_set = latch.is_stopped("anybody")
                took_us = (time.monotonic_ns() - began_ns) / 1000
                latch.release()
                is_free = not latch.is_stopped("anybody")
        except LatchError as error:
            return Finding("stop latch", "fail", str(error), "F12 would not stop agents")
    if not (is_set and is_free):
        return Finding("stop latch", "fail", "does not work", "F12 would not stop agents")
    return Finding("stop latch", "ok", f"set and released; seen after {took_us:.0f} µs")
