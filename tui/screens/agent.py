"""One agent in full: its screen with what it proposes, when what happened, how sure it was."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.screens.answering import AnsweringScreen
from tui.widgets.agent_headline import AgentHeadline
from tui.widgets.live_screen import LiveScreen
from tui.widgets.request_card import RequestCard
from tui.widgets.timeline import Timeline


class AgentScreen(AnsweringScreen):
    """What one agent does, and what it did."""

    NAME = "agent"

    def compose_body(self) -> ComposeResult:
        """Yield the screen, the card and what happened."""
        yield AgentHeadline()
        with Horizontal(id="agent-body"):
            yield LiveScreen(id="live")
            with Vertical(id="agent-side"):
                yield RequestCard(self.foreman.hands)
        yield Timeline()

    def refresh_shift(self) -> None:
        """Draw all of it."""
        foreman = self.foreman
        self.query_one(AgentHeadline).show(self.bridge, foreman.selected)
        t_ms = self.bridge.t_ms
        self.query_one(Timeline).show(foreman.chronicle.of(foreman.selected, t_ms), t_ms)
        super().refresh_shift()
