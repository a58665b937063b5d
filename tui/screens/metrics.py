"""What the shift was worth so far: every figure with its interval, and two curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static
from textual_plotext import PlotextPlot

from tui.measuring import Measuring
from tui.plain import plain
from tui.screens.base import ShiftScreen
from tui.standings import aged

if TYPE_CHECKING:
    from tui.figure import Figure
    from tui.figures import ShiftFigures

_NAME_CELLS = 24
_VALUE_CELLS = 10
_LIMITS_CELLS = 18
_MEANING_FROM = 170
"""Columns of a terminal from which on there is room for what figures mean."""
_OLDEST = 8
"""Requests that are listed with their age."""
_BAR_CELLS = 20


class MetricsScreen(ShiftScreen):
    """Figures on the left, curves on the right, or below where it is narrow."""

    NAME = "metrics"

    def __init__(self) -> None:
        super().__init__()
        self.measuring = Measuring()

    def compose_body(self) -> ComposeResult:
        """Yield figures, ages and curves."""
        with Horizontal(id="metrics-body"):
            with VerticalScroll(id="metrics-figures"):
                yield Static(plain(" measuring …"), id="figures", markup=False)
                yield Static(id="queue-ages", markup=False)
            with VerticalScroll(id="metrics-curves", can_focus=False):
                yield PlotextPlot(id="reliability")
                yield PlotextPlot(id="thresholds")

    def on_mount(self) -> None:
        """Let the keys scroll."""
        self.query_one("#metrics-figures").focus()

    def refresh_shift(self) -> None:
        """Draw the ages, and measure anew where that is due."""
        self.set_class(self.app.size.width < 110, "-narrow")
        self.query_one("#queue-ages", Static).update(self._ages())
        if self.measuring.is_due(self.bridge.shift):
            self.run_worker(self._measure(), group="measure")

    async def _measure(self) -> None:
        found = await self.measuring.measure(self.bridge.shift, self.bridge.t_ms)
        is_wide = self.app.size.width >= _MEANING_FROM
        groups = (
            ("what it was worth", found.output),
            ("how they ask", found.asking),
            ("how they are answered", found.answering),
        )
        lines = [line for name, each in groups for line in _group(name, each, is_wide=is_wide)]
        self.query_one("#figures", Static).update(Content("\n").join(lines))
        self._draw_reliability(found)
        self._draw_thresholds(found)

    def _ages(self) -> Content:
        """Return the requests that wait, the oldest first."""
        t_ms = self.bridge.t_ms
        waiting = sorted(self.bridge.shift.queue, key=lambda each: each.raised_ms)[:_OLDEST]
        lines = [plain(f" {len(self.bridge.shift.queue)} wait for an answer", "bold $accent")]
        longest_ms = max((t_ms - each.raised_ms for each in waiting), default=1)
        for each in waiting:
            age_ms = t_ms - each.raised_ms
            bar = "█" * max(1, round(_BAR_CELLS * age_ms / max(1, longest_ms)))
            who = plain(f"   {each.request.agent:<{_NAME_CELLS - 3}.{_NAME_CELLS - 3}}")
            lines.append(
                Content.assemble(who, plain(f"{aged(age_ms):>6} "), plain(bar, "$warning"))
            )
        return Content("\n").join(lines)

    def _draw_reliability(self, figures: ShiftFigures) -> None:
        drawn = self.query_one("#reliability", PlotextPlot)
        plot = drawn.plt
        plot.clear_figure()
        plot.title("share approved, by the p it said")
        plot.plot([0, 1], [0, 1], marker="dot", color="gray")
        if bins := figures.reliability:
            p, right = [each.confidence for each in bins], [each.right for each in bins]
            plot.plot(p, right, marker="braille", color="cyan")
            plot.scatter(p, right, marker="●", color="cyan")
        plot.xlim(0, 1)
        plot.ylim(0, 1)
        drawn.refresh()

    def _draw_thresholds(self, figures: ShiftFigures) -> None:
        drawn = self.query_one("#thresholds", PlotextPlot)
        plot = drawn.plt
        plot.clear_figure()
        plot.title("asked only below p: ● asks ▲ changes")
        if points := figures.thresholds:
            at = [each.threshold for each in points]
            plot.plot(at, [each.asked for each in points], marker="●", color="yellow")
            plot.plot(at, [each.caught for each in points], marker="▲", color="cyan")
        plot.xlim(0, 1)
        plot.ylim(0, 1)
        drawn.refresh()


def _group(name: str, figures: Sequence[Figure], *, is_wide: bool) -> list[Content]:
    title = plain(f" {name}", "bold $accent")
    return [title, *(_line(each, is_wide=is_wide) for each in figures)]


def _line(figure: Figure, *, is_wide: bool) -> Content:
    counted = f"{figure.n:,} {figure.of}"
    return Content.assemble(
        plain(f"   {figure.name:<{_NAME_CELLS}}"),
        plain(f"{figure.value:>{_VALUE_CELLS}} ", "bold"),
        plain(f"{figure.limits:<{_LIMITS_CELLS}}", "$foreground-muted"),
        plain(f"{counted:<20}" if is_wide else counted, "$foreground-muted"),
        plain(f" {figure.meaning}" if is_wide else ""),
    )
