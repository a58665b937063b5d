"""The default screen: all agents, the screen of one of them, and the card of what it asks."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tui.screens.answering import AnsweringScreen
from tui.widgets.agent_headline import AgentHeadline
from tui.widgets.agent_list import AgentList
from tui.widgets.live_screen import LiveScreen
from tui.widgets.metrics_strip import MetricsStrip
from tui.widgets.request_card import RequestCard


class ForemanScreen(AnsweringScreen):
    """Who does what, who asks, and what."""

    NAME = "foreman"

    def compose_body(self) -> ComposeResult:
        """Yield the list, the screen and the card."""
        with Horizontal(id="foreman-body"):
            yield AgentList(id="agents")
            with Container(id="right"):
                with Vertical(id="focus"):
                    yield AgentHeadline()
                    yield LiveScreen(id="live")
                yield RequestCard(self.foreman.hands)
        yield MetricsStrip()

    def refresh_shift(self) -> None:
        """Draw all three."""
        bridge, foreman = self.bridge, self.foreman
        self.query_one(AgentList).show(bridge, foreman.selected, foreman.chronicle)
        self.query_one(AgentHeadline).show(bridge, foreman.selected)
        self.query_one(MetricsStrip).show(bridge)
        super().refresh_shift()

    def refresh_selected(self) -> None:
        """Draw the agent, and leave what the list says of the others."""
        self.query_one(AgentList).select(self.foreman.selected)
        self.query_one(AgentHeadline).show(self.bridge, self.foreman.selected)
        super().refresh_shift()
