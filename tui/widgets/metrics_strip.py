"""One line of figures: what the shift was worth, and how it is asked and answered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from textual.content import Content

from tui.bridge import Bridge
from tui.measuring import Measuring
from tui.plain import plain
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from tui.figures import ShiftFigures

LEAST_ROWS = 28
"""Of a terminal that has room for it."""
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "output per intervention": "output/intervention",
        "asks per 10 min": "asks/10 min",
        "withdrawn": "withdrawn",
        "changed": "changed",
        "seen, p95": "seen p95",
        "fan-out": "fan-out",
        "rubber-stamped": "rubber-stamped",
        "lost waiting": "lost waiting",
        "missed": "missed",
    }
)
"""Of figures, the most telling first, and what they are called where there is little room."""


class MetricsStrip(Lines):
    """Shows as many figures as there is room for; measures anew every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.measuring = Measuring()

    def show(self, bridge: Bridge) -> None:
        """Draw what was measured last, and measure anew where that is due."""
        self.display = self.app.size.height >= LEAST_ROWS
        if self.display and self.measuring.is_due(bridge.shift):
            self.run_worker(self._measure(bridge), group="measure")

    async def _measure(self, bridge: Bridge) -> None:
        found = await self.measuring.measure(bridge.shift, bridge.t_ms)
        self.say(words_of(found, self.size.width))


def words_of(figures: ShiftFigures, width: int) -> Content:
    """Return figures in a line of that many cells."""
    line = Content(" ")
    for number, (name, short) in enumerate(_NAMES.items()):
        figure = figures.named(name)
        longer = Content.assemble(
            line,
            plain(" · " if number else "", "$foreground-muted"),
            plain(f"{short} "),
            plain(figure.value, "bold"),
            plain(f" {figure.limits}" if figure.limits else "", "$foreground-muted"),
        )
        if longer.cell_length >= width:
            break
        line = longer
    return line
