"""The list of agents: how each stands, how old that is, how sure it was, and what it works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from textual.content import Content

from harness.hub.standing import Standing
from harness.hub.state import AgentState
from tui.bridge import Bridge
from tui.chronicle import Chronicle
from tui.plain import plain
from tui.standings import LOOKS, UNKNOWN, aged, says_why
from tui.widgets.lines import Lines
from tui.widgets.timeline import doubts

_STYLES = {
    Standing.ASKING: "$warning bold",
    Standing.STALE: "$error",
    Standing.FAILED: "$error bold",
    Standing.HANDBACK: "$accent",
    Standing.HUMAN: "$accent bold",
    Standing.HELD: "$warning",
    Standing.VERIFIED: "$success",
    Standing.RUNNING: "$success",
    Standing.WATCHED: "$success",
}
_SELECTED = "on $boost bold"
_USUAL_WIDTH, _USUAL_HEIGHT = 26, 20
_ROWS_EACH = 2
_TITLE_ROWS = 1
_ROW_CELLS = 24
"""Of a row, before the bars."""


class AgentList(Lines):
    """Lists all agents, or those around the selected one where there are too many."""

    def show(self, bridge: Bridge, selected: str, chronicle: Chronicle) -> None:
        """Draw the agents anew.

        Args:
            bridge: to the shift.
            selected: name of the agent that is looked at.
            chronicle: of how sure each was.
        """
        agents = list(bridge.shift.agents.values())
        width, height = self.size.width or _USUAL_WIDTH, self.size.height or _USUAL_HEIGHT
        rows_each = _ROWS_EACH if _ROWS_EACH * len(agents) < height else 1
        n_shown = max(1, (height - _TITLE_ROWS) // rows_each)
        place = next((at for at, it in enumerate(agents) if it.name == selected), 0)
        first = min(max(0, place - n_shown // 2), max(0, len(agents) - n_shown))
        lines = [plain(f" {'agents':<12}{'age':>5} sure", "bold $foreground-muted")]
        for at, agent in enumerate(agents[first : first + n_shown], first):
            standing = bridge.standing(agent.name)
            row = _Row(
                number=at + 1,
                standing=standing,
                age=aged(_age_ms(bridge, agent, standing)),
                sure=_sure(bridge, agent),
                recent=doubts(chronicle.latest(agent.name, bridge.t_ms), width - _ROW_CELLS),
                is_selected=agent.name == selected,
            )
            lines.append(_drawn(row, width))
            if rows_each == _ROWS_EACH:
                lines.append(plain(f"    {_work(bridge, agent, at + 1)}", "$foreground-muted"))
        self.say(*lines)


def standing_style(standing: Standing) -> str:
    """Return the style in which a standing is written; it is never said by colour alone."""
    return _STYLES.get(standing, "")


@dataclass(frozen=True, slots=True)
class _Row:
    """What the list says of one agent."""

    number: int
    standing: Standing
    age: str
    sure: str
    recent: str
    """A bar for each of its last decisions."""
    is_selected: bool


@lru_cache(maxsize=256)
def _drawn(row: _Row, width: int) -> Content:
    drawn = Content.assemble(
        plain("▸" if row.is_selected else " "),
        plain(f"{row.number:>2} "),
        plain(f"{LOOKS[row.standing].mark:<9}", standing_style(row.standing)),
        plain(f"{row.age:>5}"),
        plain(f" {row.sure:>4} "),
        plain(row.recent, "$warning"),
    )
    if row.is_selected:
        return drawn.pad_right(width - drawn.cell_length).stylize(_SELECTED)
    return drawn


def _age_ms(bridge: Bridge, agent: AgentState, standing: Standing) -> float | None:
    """Return since when it asks, or how old what is known of it is."""
    ticket = bridge.shift.tickets.get(agent.request)
    if ticket is not None and standing is Standing.ASKING:
        return bridge.t_ms - ticket.raised_ms
    return bridge.frame_age_ms(agent.name)


def _sure(bridge: Bridge, agent: AgentState) -> str:
    ticket = bridge.shift.tickets.get(agent.request)
    episode = bridge.shift.run.running.get(agent.episode)
    step = None if episode is None else episode.last_step
    p = ticket.request.proposed.p if ticket else (step.p_accept if step else None)
    return UNKNOWN if p is None else f"{p:.2f}".removeprefix("0")


def _work(bridge: Bridge, agent: AgentState, number: int) -> str:
    """Return its name where its place does not say it, what it is held for, and its task."""
    episode = bridge.shift.run.running.get(agent.episode)
    parts = (
        "" if agent.name == f"agent-{number}" else agent.name,
        says_why(agent),
        "" if episode is None else episode.planned.task.removeprefix("miniwob-"),
    )
    return " · ".join(filter(None, parts))
