"""The list of agents: how each stands, how old that is, how sure it was, and what it works on."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from harness.hub.standing import Standing
from harness.hub.state import AgentState
from tui.bridge import Bridge
from tui.chronicle import Chronicle
from tui.plain import plain
from tui.standings import LOOKS, UNKNOWN, aged, says_why
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


class AgentList(Static):
    """Lists all agents, or those around the selected one where there are too many."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id, markup=False)
        self._drawn = Content("")

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
            is_selected = agent.name == selected
            row = _row(bridge, agent, at + 1, is_selected=is_selected)
            recent = doubts(chronicle.latest(agent.name, bridge.t_ms), width - row.cell_length - 1)
            row = Content.assemble(row, " ", plain(recent, "$warning"))
            lines.append(
                row.pad_right(width - row.cell_length).stylize(_SELECTED) if is_selected else row
            )
            if rows_each == _ROWS_EACH:
                lines.append(plain(f"    {_work(bridge, agent, at + 1)}", "$foreground-muted"))
        drawn = Content("\n").join(lines)
        if drawn != self._drawn:
            self._drawn = drawn
            self.update(drawn)


def standing_style(standing: Standing) -> str:
    """Return the style in which a standing is written; it is never said by colour alone."""
    return _STYLES.get(standing, "")


def _row(bridge: Bridge, agent: AgentState, number: int, *, is_selected: bool) -> Content:
    standing = bridge.standing(agent.name)
    return Content.assemble(
        plain("▸" if is_selected else " "),
        plain(f"{number:>2} "),
        plain(f"{LOOKS[standing].mark:<9}", standing_style(standing)),
        plain(f"{aged(_age_ms(bridge, agent)):>5}"),
        plain(f" {_sure(bridge, agent):>4}"),
    )


def _age_ms(bridge: Bridge, agent: AgentState) -> float | None:
    """Return since when it asks, or how old what is known of it is."""
    ticket = bridge.shift.tickets.get(agent.request)
    if ticket is not None and bridge.standing(agent.name) is Standing.ASKING:
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
