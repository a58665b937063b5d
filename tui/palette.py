"""The command palette: everything that can be done here, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

from textual.command import DiscoveryHit, Hit, Provider

from harness.control import Phase
from harness.hub.state import AgentState
from tui.bridge import Access
from tui.plain import plain
from tui.reel import Mark, Moment
from tui.replay import ReplayBridge
from tui.themes import OFFERED

if TYPE_CHECKING:
    from tui.app import ForemanApp


AGAIN_MS = 30_000
"""That is played again when something went by too fast."""
Deed: TypeAlias = Callable[["ForemanApp"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be done."""

    name: str
    help: str
    do: Deed


def _going(mode: str, agent: str = "") -> Deed:
    """Return how to go to a screen, and to look at an agent there where one is named."""

    async def go(app: ForemanApp) -> None:
        if agent:
            app.look_at(agent)
        await app.switch_mode(mode)

    return go


def _acting(action: str, agent: str = "") -> Deed:
    """Return how to do what a key would, to an agent where one is named."""

    async def act(app: ForemanApp) -> None:
        if agent:
            app.look_at(agent)
        await app.run_action(action)

    return act


def _steering(steer: Callable[[ReplayBridge], object]) -> Deed:
    """Return how to steer a recording."""

    async def turn(app: ForemanApp) -> None:
        if isinstance(app.bridge, ReplayBridge):
            found = steer(app.bridge)
            app.look_at(found.agent if isinstance(found, Moment) else app.selected)

    return turn


def _dressing(theme: str) -> Deed:
    """Return how to change the colours."""

    async def dress(app: ForemanApp) -> None:
        app.theme = theme

    return dress


def _again(replay: ReplayBridge) -> None:
    replay.seek(replay.t_ms - AGAIN_MS)
    replay.play()


_LOOKING = (
    Entry("Foreman", "all agents, one screen, the request", _going("foreman")),
    Entry("Wall", "the screens of all agents", _going("wall")),
    Entry("Agent", "one agent in full", _going("agent")),
    Entry("Metrics", "what the shift was worth so far", _going("metrics")),
    Entry("Request history", "who decided what, and what came of it", _going("audit")),
    Entry("Verify the logs", "whether each line is as it was written", _going("audit")),
    Entry("Explain why it asked", "reason and receipts of each request", _going("audit")),
    Entry("Doctor", "what works here and what does not", _going("doctor")),
    Entry("Keys", "all of them, and what they do", _going("help")),
    Entry("Jump to a panel", "by its letter", _acting("jump")),
    Entry("Zoom", "closer to the screen that is shown, and back", _acting("zoom")),
    Entry("Quit", "leave this terminal", _acting("leave")),
)
_STOPPING = Entry("Stop all", "no agent acts until it is let go on", _acting("stop_all"))
_DRIVING = (
    Entry("Release the latch", "agents stay held, each for itself", _acting("release_latch")),
    Entry("End the shift", "for everybody", _acting("end_shift")),
)
_REPLAYING = (
    Entry(
        "Go to the next disagreement",
        "where a person did not just agree",
        _steering(lambda replay: replay.jump(Mark.DISAGREEMENT)),
    ),
    Entry(
        "Go to the next request",
        "where an agent asks",
        _steering(lambda replay: replay.jump(Mark.REQUEST)),
    ),
    Entry("Replay the last 30 s", "of the recording", _steering(_again)),
    Entry("Replay controls", "all moments of the recording", _going("replay")),
)


class ShiftCommands(Provider):
    """What can be done on this shift by this person now."""

    async def discover(self) -> AsyncGenerator[DiscoveryHit, None]:
        """Yield all of it."""
        for entry in entries(self._foreman):
            yield DiscoveryHit(plain(entry.name), self._run(entry), entry.name, entry.help)

    async def search(self, query: str) -> AsyncGenerator[Hit, None]:
        """Yield what fits a query."""
        matcher = self.matcher(query)
        for entry in entries(self._foreman):
            if (score := matcher.match(entry.name)) > 0:
                shown = matcher.highlight(entry.name)
                yield Hit(score, shown, self._run(entry), entry.name, entry.help)

    @property
    def _foreman(self) -> ForemanApp:
        return cast("ForemanApp", self.app)

    def _run(self, entry: Entry) -> Callable[[], Awaitable[None]]:
        return partial(entry.do, self._foreman)


def entries(app: ForemanApp) -> Iterator[Entry]:
    """Yield everything that can be done now; what cannot is left out."""
    access = app.bridge.access
    if access in (Access.DRIVER, Access.VIEWER):
        yield _STOPPING
    queue = app.bridge.shift.queue
    if queue:
        oldest = min(queue, key=lambda each: each.raised_ms).request.agent
        yield Entry(
            "Go to the oldest request", f"of {oldest}; n turns to it", _going("foreman", oldest)
        )
    if access is Access.DRIVER:
        yield from _DRIVING
    if isinstance(app.bridge, ReplayBridge):
        yield from _REPLAYING
    yield from _LOOKING
    for name in OFFERED:
        yield Entry(f"Theme: {name}", "colours of this terminal", _dressing(name))
    for agent in app.bridge.shift.agents.values():
        yield from _of_agent(agent, access)


def _of_agent(agent: AgentState, access: Access) -> Iterator[Entry]:
    name = agent.name
    yield Entry(f"Look at {name}", "its screen and what it did", _going("agent", name))
    if access is not Access.DRIVER:
        return
    if agent.held is None:
        yield Entry(f"Hold {name}", "it stands still until it is let go on", _acting("hold", name))
    else:
        yield Entry(f"Resume {name}", f"it is held: {agent.held}", _acting("resume", name))
    if agent.phase is Phase.TAKEOVER:
        yield Entry(f"Hand back {name}", "F10 lets go of its controls", _going("takeover", name))
    elif agent.episode and agent.phase is not Phase.ENDED:
        yield Entry(f"Take over {name}", "its controls are yours", _acting("take", name))
