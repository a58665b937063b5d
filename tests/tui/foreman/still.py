"""The foreman's terminal with nothing that moves, and what it shows as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

from rich.segment import Segment
from textual.pilot import Pilot

from recorder.doctor import Finding
from tui.app import ForemanApp
from tui.bridge import Bridge
from tui.modes import MODES
from tui.orders import NoOrders
from tui.screens.doctor import DoctorScreen

ROOT = Path(__file__).parents[3]
_PICTURE = frozenset("▀▄░▒▓")
_BUSY = frozenset({"measure", "check", "log"})
_LOOKS_ALIKE = 2


class HealthyDoctor(DoctorScreen):
    """Finds the same on every machine."""

    def examined(self) -> Sequence[Finding]:
        """Return what is well and what is not."""
        return [
            Finding("room for the run", "ok", "64.0 GB free"),
            Finding("stop latch", "ok", "set and released; seen after 60 µs"),
            Finding("display server", "warn", "none: DISPLAY is not set", "start Xvfb"),
        ]


class StillApp(ForemanApp):
    """A terminal without animations."""

    CSS_PATH = ROOT / "tui" / "app.tcss"  # or it would be looked for beside this file
    MODES = {**MODES, "doctor": HealthyDoctor}

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(bridge, NoOrders("nothing can be ordered here"), None)
        self.animation_level = "none"


@asynccontextmanager
async def still(
    bridge: Bridge, mode: str, size: tuple[int, int], selected: str = ""
) -> AsyncGenerator[Pilot[None]]:
    """Show one screen to somebody who presses keys."""
    app = StillApp(bridge)
    async with app.run_test(size=size) as pilot:
        app.selected = selected
        if app.current_mode != mode:
            await app.switch_mode(mode)
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[None]) -> None:
    """Wait until everything is drawn."""
    await pilot.pause()
    while busy := [
        each for each in pilot.app.workers if each.group in _BUSY and not each.is_finished
    ]:
        await pilot.app.workers.wait_for_complete(busy)
        await pilot.pause()
    alike, looked = 0, ""
    while alike < _LOOKS_ALIKE:  # as what is drawn may change the room for what is drawn next
        if isinstance(pilot.app, ForemanApp) and pilot.app.shown is not None:
            pilot.app.shown.refresh_all()
            pilot.app.shown.refresh_frames()
        await pilot.pause()
        before, looked = looked, seen_on(pilot)
        alike = alike + 1 if looked == before else 0


def seen_on(pilot: Pilot[None]) -> str:
    """Return what is on the screen: its lines, and how many cells are in which style.

    Lines that are alike are written once; colours of pictures are left out.
    """
    # Textual offers its cells only as a picture
    strips = pilot.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    return "\n".join([*_once(lines), "", *_styles(each for strip in strips for each in strip)])


def _once(lines: Iterable[str]) -> Iterable[str]:
    for line, alike in groupby(lines):
        n = len(list(alike))
        yield line if n == 1 else f"{line}  ({n} lines)"


def _styles(segments: Iterable[Segment]) -> Sequence[str]:
    cells: Counter[str] = Counter()
    for text, style, _ in segments:
        written = [each for each in text if each not in _PICTURE and each != " "]
        if style is None or not written:
            continue
        colour = style.color.name if style.color else "default"
        marks = [name for name in ("bold", "dim", "reverse") if getattr(style, name)]
        cells[" ".join([colour, *marks])] += len(written)
    return [f"{name}: {n}" for name, n in sorted(cells.items())]
