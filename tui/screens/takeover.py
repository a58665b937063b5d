"""At the controls of an agent: keys and strokes go to its page, until they are handed back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from harness.control import Phase
from harness.hub.errors import HubError
from harness.hub.events import HeldReason
from harness.hub.state import AgentState
from recorder.schema import Action, Click, TypeText
from tui.bridge import Access, doubtful_ms
from tui.forwarding import action_of_key, action_of_stroke, action_of_wheel, joined
from tui.half_blocks import Pixels
from tui.plain import plain
from tui.screens.base import ShiftScreen
from tui.standings import aged
from tui.widgets.agent_headline import AgentHeadline
from tui.widgets.live_screen import LiveScreen

SWITCH_KEY = "f10"
_ZOOM_KEY = "f9"
_IDLE_MS = 30_000
_TYPING_S = 0.15
"""What is typed within it goes to the page as one text."""
_CHAIN_S = 0.3
"""Within which a second click makes a double one."""


class TakeoverScreen(ShiftScreen):
    """One agent in full, with its controls in the person's hands or at their fingertips."""

    NAME = "takeover"
    BINDINGS = [
        Binding(SWITCH_KEY, "switch", "take / hand back", id="switch", tooltip="take or hand back"),
        Binding(_ZOOM_KEY, "zoom", "zoom", id="zoom-raw", tooltip="closer while you have it"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._orders: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._pending: Action | None = None
        """Typed or clicked, and perhaps not all of it yet."""
        self._waiting: Timer | None = None
        self._before: Pixels | None = None
        """The screen when it was taken over."""

    def compose_body(self) -> ComposeResult:
        """Yield the banner and the screen."""
        yield Static(id="banner", markup=False)
        yield AgentHeadline()
        with Horizontal(id="takeover-body"):
            yield LiveScreen(id="before")
            yield LiveScreen(id="live")

    def on_mount(self) -> None:
        """Carry out what is done here, one after another."""
        self.run_worker(self._carry_out(), group="takeover")

    # What is shown --------------------------------------------------------------------------------

    @property
    def live(self) -> LiveScreen:
        """The agent's screen."""
        return self.query_one("#live", LiveScreen)

    @property
    def has_controls(self) -> bool:
        """They are in the person's hands."""
        agent = self.foreman.agent
        is_taken = agent is not None and agent.phase is Phase.TAKEOVER
        return is_taken and self.bridge.access is Access.DRIVER

    def refresh_shift(self) -> None:
        """Draw the banner."""
        self.owns_keys = self.has_controls
        banner = self.query_one("#banner", Static)
        banner.update(self._banner())
        banner.set_class(self.has_controls, "-taken")
        self.query_one(AgentHeadline).show(self.bridge, self.foreman.selected)
        self._show_before()
        self.refresh_frames()

    def refresh_frames(self) -> None:
        """Draw the agent's screen."""
        agent, bridge = self.foreman.selected, self.bridge
        frame = bridge.frame(agent) if agent else None
        if frame is not None and not self.has_controls and not self._is_back:
            self._before = frame.pixels
        age_ms = doubtful_ms(bridge, agent) if agent else None
        self.live.show(None if frame is None else frame.pixels, age_ms)

    def zoom(self) -> None:
        """Go closer to the screen, or back."""
        self.live.zoom_in()

    @property
    def _is_back(self) -> bool:
        agent = self.foreman.agent
        return agent is not None and agent.held is HeldReason.HANDBACK

    def _show_before(self) -> None:
        before = self.query_one("#before", LiveScreen)
        before.display = self._is_back
        if self._is_back:
            before.show(self._before)

    def _banner(self) -> Content:
        agent = self.foreman.agent
        if agent is None:
            return plain(" there is no agent", "bold")
        if self.has_controls:
            return _taken(agent, self.bridge.t_ms)
        if self._is_back:
            return plain(
                f" {agent.name} waits: left is how you took it, right how it is now "
                "— r lets it go on · F10 takes it again · esc leaves it held",
                "bold",
            )
        return plain(
            f" LOOKING AT {agent.name} — F10 takes the controls · z zoom · esc back", "bold"
        )

    # The keys -------------------------------------------------------------------------------------

    def takes_key(self, event: events.Key | events.Paste) -> bool:
        """Send every key to the page while the controls are here; F10 takes and hands back."""
        key = event.key if isinstance(event, events.Key) else ""
        if key == SWITCH_KEY:
            self.action_switch()
            return True
        if not self.has_controls:
            return False
        if key == _ZOOM_KEY:
            self.zoom()
        elif isinstance(event, events.Paste):
            self._do(TypeText(text=event.text))
        else:
            if key == "ctrl+x":
                self.foreman.action_chord()
            action = action_of_key(key, event.character)
            if action is None:
                self.foreman.say(f"a page has no key {key}")
            else:
                self._do(action)
        return True

    def on_live_screen_stroked(self, stroked: LiveScreen.Stroked) -> None:
        """Click or drag on the page."""
        if self.has_controls and stroked.screen is self.live:
            self._do(action_of_stroke(stroked.start, stroked.end, stroked.button, stroked.count))

    def on_live_screen_wheeled(self, wheeled: LiveScreen.Wheeled) -> None:
        """Turn the wheel on the page."""
        if self.has_controls and wheeled.screen is self.live:
            self._do(action_of_wheel(wheeled.at, wheeled.dx, wheeled.dy))

    def action_switch(self) -> None:
        """Take the controls, or hand them back."""
        app, agent = self.foreman, self.foreman.agent
        if agent is None:
            app.say("there is no agent")
        elif self.has_controls:
            self._flush()
            self._orders.put_nowait(partial(app.orders.hand_back, agent.name))
        else:
            app.order(app.orders.take_over(agent.name), f"you have {agent.name}")

    # Parts ----------------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        """Do something soon: what belongs to the same typing, or the same click, comes first."""
        whole = None if self._pending is None else joined(self._pending, action)
        if whole is None:
            self._flush()
        self._pending = whole or action
        if self._waiting is not None:
            self._waiting.stop()
        match self._pending:
            case TypeText():
                self._waiting = self.set_timer(_TYPING_S, self._flush)
            case Click(count=1, button="left"):
                self._waiting = self.set_timer(_CHAIN_S, self._flush)
            case _:
                self._flush()

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            order = partial(self.foreman.orders.act, self.foreman.selected, pending)
            self._orders.put_nowait(order)

    async def _carry_out(self) -> None:
        while True:
            order = await self._orders.get()
            try:
                await order()
            except HubError as error:
                self.foreman.say(str(error))


def _taken(agent: AgentState, t_ms: int) -> Content:
    left_ms = max(0, _IDLE_MS - (t_ms - agent.touched_ms))
    return plain(
        f" YOU HAVE {agent.name} — F10 hands back · every key and click goes to its page "
        f"· F9 zoom · idle hand-back in {aged(left_ms)}",
        "bold",
    )
