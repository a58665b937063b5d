"""The list of agents: how each stands, how old that is, how sure it was, and what it works on."""

from __future__ import annotations

from collections.abc import Sequence
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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id)
        self._rows: Sequence[_Row] = ()

    def show(self, bridge: Bridge, selected: str, chronicle: Chronicle) -> None:
        """Draw the agents anew.

        Args:
            bridge: to the shift.
            selected: name of the agent that is looked at.
            chronicle: of how sure each was.
        """
        agents = list(bridge.shift.agents.values())
        width, height = self._width, self.size.height or _USUAL_HEIGHT
        has_works = _ROWS_EACH * len(agents) < height
        n_shown = max(1, (height - _TITLE_ROWS) // (_ROWS_EACH if has_works else 1))
        place = next((at for at, it in enumerate(agents) if it.name == selected), 0)
        first = min(max(0, place - n_shown // 2), max(0, len(agents) - n_shown))
        self._rows = [
            _Row(
                name=agent.name,
                number=number,
                standing=(standing := bridge.standing(agent.name)),
                age=aged(_age_ms(bridge, agent, standing)),
                sure=_sure(bridge, agent),
                recent=doubts(chronicle.latest(agent.name, bridge.t_ms), width - _ROW_CELLS),
                work=_work(bridge, agent, number) if has_works else None,
            )
            for number, agent in enumerate(agents[first : first + n_shown], first + 1)
        ]
        self.select(selected)

    def select(self, name: str) -> None:
        """Mark another agent as the one that is looked at, as far as it is shown."""
        width = self._width
        lines = [plain(f" {'agents':<12}{'age':>5} sure", "bold $foreground-muted")]
        for row in self._rows:
            lines.append(_drawn(row, width, is_selected=row.name == name))
            if row.work is not None:
                lines.append(plain(f"    {row.work}", "$foreground-muted"))
        self.say(*lines)

    @property
    def _width(self) -> int:
        return self.size.width or _USUAL_WIDTH


def standing_style(standing: Standing) -> str:
    """Return the style in which a standing is written; it is never said by colour alone."""
    return _STYLES.get(standing, "")


@dataclass(frozen=True, slots=True)
class _Row:
    """What the list says of one agent."""

    name: str
    number: int
    standing: Standing
    age: str
    sure: str
    recent: str
    """A bar for each of its last decisions."""
    work: str | None
    """What it works on; None where there is no room to say so."""


@lru_cache(maxsize=256)
def _drawn(row: _Row, width: int, *, is_selected: bool) -> Content:
    drawn = Content.assemble(
        plain("▸" if is_selected else " "),
        plain(f"{row.number:>2} "),
        plain(f"{LOOKS[row.standing].mark:<9}", standing_style(row.standing)),
        plain(f"{row.age:>5}"),
        plain(f" {row.sure:>4} "),
        plain(row.recent, "$warning"),
    )
    if is_selected:
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
