"""All agents at once: small screens, those first who need somebody."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from tui.plain import plain
from tui.screens.base import ShiftScreen
from tui.widgets.thumbnails import MOST, Thumbnail, Thumbnails

_EVERY = 4
"""Of the moments at which frames may be drawn: small screens change twice a second."""


class WallScreen(ShiftScreen):
    """Up to sixteen small screens."""

    NAME = "wall"
    BINDINGS: list[BindingType] = [
        Binding(
            "left",
            "step(-1)",
            "choose",
            key_display="←→↑↓",
            id="wall-left",
            tooltip="to the one before",
        ),
        Binding("right", "step(1)", "", show=False, id="wall-right", tooltip="to the next one"),
        Binding("up", "row(-1)", "", show=False, id="wall-up", tooltip="to the one above"),
        Binding("down", "row(1)", "", show=False, id="wall-down", tooltip="to the one below"),
        Binding("enter", "open", "open", id="wall-open", tooltip="view this agent in full"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._moments = 0

    def compose_body(self) -> ComposeResult:
        """Yield the screens, and a line for those who have no place."""
        yield Thumbnails(id="wall")
        yield Static(id="wall-more", markup=False)

    def refresh_shift(self) -> None:
        """Draw how everybody stands."""
        wall = self.query_one(Thumbnails)
        wall.show(self.bridge, self.foreman.selected)
        wall.show_frames(self.bridge)
        left = len(self.bridge.shift.agents) - MOST
        more = self.query_one("#wall-more", Static)
        more.display = left > 0
        more.update(plain(f" and {left} more, none of whom needs you sooner", "$foreground-muted"))

    def refresh_frames(self) -> None:
        """Draw new frames, seldom."""
        self._moments += 1
        if self._moments % _EVERY == 0:
            self.query_one(Thumbnails).show_frames(self.bridge)

    def on_thumbnail_chosen(self, message: Thumbnail.Chosen) -> None:
        """Select whom the mouse chose."""
        self.foreman.look_at(message.agent)

    def action_step(self, by: int) -> None:
        """Select the next one, or the one before."""
        shown = self.query_one(Thumbnails).shown
        if not shown:
            return
        at = shown.index(self.foreman.selected) if self.foreman.selected in shown else -by
        self.foreman.look_at(shown[min(max(at + by, 0), len(shown) - 1)])

    def action_row(self, by: int) -> None:
        """Select the one below, or above."""
        self.action_step(by * self.query_one(Thumbnails).columns)

    async def action_open(self) -> None:
        """View the one that is selected."""
        await self.app.run_action("mode('agent')")
