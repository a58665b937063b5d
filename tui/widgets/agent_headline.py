"""One line above an agent's screen: who it is, how it stands, what it works on, how old that is."""

from __future__ import annotations

from textual.content import Content

from tui.bridge import Bridge
from tui.plain import plain
from tui.standings import LOOKS, aged, says_why
from tui.widgets.agent_list import standing_style
from tui.widgets.lines import Lines


class AgentHeadline(Lines):
    """One line about one agent."""

    def show(self, bridge: Bridge, selected: str) -> None:
        """Draw it anew."""
        agent = bridge.shift.agents.get(selected)
        if agent is None:
            self.say(plain(" waiting for agents", "$foreground-muted"))
            return
        standing = bridge.standing(selected)
        parts = [
            plain(f" {agent.name}", "bold"),
            plain(LOOKS[standing].mark, standing_style(standing)),
        ]
        if why := says_why(agent):
            parts.append(plain(f"({why})"))
        episode = bridge.shift.run.running.get(agent.episode)
        if episode is not None:
            task = episode.planned.task.removeprefix("miniwob-")
            parts.append(plain(f"{task} #{episode.planned.seed}"))
            parts.append(plain(f"step {agent.n_steps}"))
        if agent.watched:
            parts.append(plain(f"◉ watch {agent.watched} more steps", "$warning"))
        if agent.failure.text:
            parts.append(plain(agent.failure, "$error"))
        parts.append(plain(f"seen {aged(bridge.frame_age_ms(selected))} ago", "$foreground-muted"))
        self.say(Content("  ").join(parts))
