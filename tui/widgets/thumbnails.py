"""Small screens of many agents, those first who need somebody; a border says how each stands."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from harness.hub.standing import Standing
from tui.bridge import Bridge, doubtful_ms
from tui.plain import plain
from tui.standings import LOOKS, aged, says_why
from tui.widgets.live_screen import LiveScreen

MOST = 16
"""Agents on a wall."""
_SHAPE = 4 / 3
"""Width by height of a screen that nobody has seen yet."""
_BORDER = 2


class Thumbnail(Widget):
    """One agent: its name and how it stands on the border, its screen within."""

    class Chosen(Message):
        """A person pointed at an agent.

        Args:
            agent: its name.
        """

        def __init__(self, agent: str) -> None:
            super().__init__()
            self.agent = agent

    def __init__(self) -> None:
        super().__init__()
        self.agent = ""
        """Whom it shows; nobody where empty."""
        self._screen = LiveScreen()
        self._title = self._about = Content("")

    def compose(self) -> ComposeResult:
        """Yield the screen."""
        yield self._screen

    def show(self, bridge: Bridge, agent: str, *, is_selected: bool) -> None:
        """Show an agent's standing, and what it works on; nothing where the name is empty."""
        self.agent = agent
        self.display = bool(agent)
        if not agent:
            return
        standing = bridge.standing(agent)
        for each in Standing:
            self.set_class(each is standing, f"-{each.value}")
        self.set_class(is_selected, "-selected")
        title = _title(agent, standing, is_selected=is_selected)
        about = plain(f"{aged(_age_ms(bridge, agent))} {_work(bridge, agent)}".strip())
        # Textual draws all of a widget anew with each word on its border, be it the same or not
        if not title.is_same(self._title):
            self._title = title
            self.border_title = Content.assemble(title)
        if not about.is_same(self._about):
            self._about = about
            self.border_subtitle = Content.assemble(about)

    def show_frame(self, bridge: Bridge) -> None:
        """Show its screen as it is now."""
        frame = bridge.frame(self.agent)
        age_ms = doubtful_ms(bridge, self.agent)
        self._screen.show(None if frame is None else frame.pixels, age_ms)

    def on_click(self, event: events.Click) -> None:
        """Tell who was pointed at."""
        event.stop()
        self.post_message(self.Chosen(self.agent))


class Thumbnails(Container):
    """Up to sixteen agents, as large as there is room for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id)
        self.columns = 1
        """Of agents side by side."""
        self._places = [Thumbnail() for _ in range(MOST)]

    def compose(self) -> ComposeResult:
        """Yield the places; those of nobody take no room."""
        yield from self._places

    @property
    def shown(self) -> Sequence[str]:
        """Names of the agents that are shown, in the order of their places."""
        return [each.agent for each in self._places if each.agent]

    def show(self, bridge: Bridge, selected: str) -> None:
        """Show how all agents stand, those first who need somebody."""
        agents = by_attention(bridge)[:MOST]
        self.columns = columns_for(len(agents), self.size.width, self.size.height, _shape(bridge))
        self.styles.grid_size_columns = self.columns
        self.styles.grid_size_rows = max(1, -(-len(agents) // self.columns))
        names = [*agents, *[""] * (MOST - len(agents))]
        for place, name in zip(self._places, names, strict=True):
            place.show(bridge, name, is_selected=name == selected)

    def show_frames(self, bridge: Bridge) -> None:
        """Show the screens of those who have a place."""
        for place in self._places:
            if place.agent:
                place.show_frame(bridge)


def by_attention(bridge: Bridge) -> list[str]:
    """Return all agents: those first who need somebody, and of these who has waited longest."""
    shift = bridge.shift
    asked = {each.request.agent: place for place, each in enumerate(shift.queue)}
    return sorted(
        shift.agents,
        key=lambda name: (LOOKS[bridge.standing(name)].attention, asked.get(name, len(asked))),
    )


def columns_for(n: int, width: int, height: int, shape: float) -> int:
    """Return how many pictures to put side by side so that they are as large as can be.

    Args:
        n: pictures.
        width: of the room, in cells.
        height: of it, in cells, which are twice as high as wide.
        shape: width by height of a picture.

    >>> columns_for(16, 200, 60, 4 / 3), columns_for(6, 80, 20, 3 / 4), columns_for(0, 80, 20, 1)
    (4, 3, 1)
    """

    def across(columns: int) -> float:
        rows = -(-n // columns)
        return min(width // columns - _BORDER, 2 * shape * (height // rows - _BORDER))

    return max(range(1, n + 1), key=across, default=1)


def _shape(bridge: Bridge) -> float:
    for name in bridge.shift.agents:
        if (frame := bridge.frame(name)) is not None:
            high, wide = frame.pixels.shape[:2]
            return wide / high
    return _SHAPE


def _title(agent: str, standing: Standing, *, is_selected: bool) -> Content:
    name = plain(agent, "bold reverse" if is_selected else "bold")
    return Content.assemble(plain(LOOKS[standing].mark), " ", name)


def _age_ms(bridge: Bridge, agent: str) -> float | None:
    """Return for how long it has asked, or how old its screen is."""
    ticket = bridge.shift.tickets.get(bridge.shift.agents[agent].request)
    if ticket is not None:
        return bridge.t_ms - ticket.raised_ms
    return bridge.frame_age_ms(agent)


def _work(bridge: Bridge, agent: str) -> str:
    """Return what it is held for, or its task."""
    state = bridge.shift.agents[agent]
    if why := says_why(state):
        return why
    episode = bridge.shift.run.running.get(state.episode)
    return "" if episode is None else episode.planned.task.removeprefix("miniwob-")
