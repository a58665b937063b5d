"""The foreman's terminal: owns the bridge, gives signs of life, and has what all screens share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.screen import Screen
from textual.widget import Widget

from harness.errors import LatchError
from harness.hub.arming import QUIET_MS
from harness.hub.errors import HubError, HubLostError
from harness.hub.events import HubEvent, Raised
from harness.hub.state import AgentState
from harness.latch import Latch
from tui.alerts import Alerts, call_for
from tui.bindings import BINDINGS, HOME
from tui.bridge import Access, Bridge, LiveBridge
from tui.chronicle import Chronicle, logged_so_far
from tui.confirm import Confirm
from tui.crew import Crew
from tui.hands import Hands
from tui.jump import JumpScreen, targets_of
from tui.modes import MODES
from tui.moment import now_ms
from tui.orders import Orders
from tui.palette import ShiftCommands
from tui.replay import ReplayBridge
from tui.screens.base import ShiftScreen
from tui.steering import Steering
from tui.themes import THEMES
from tui.widgets.thumbnails import Thumbnail

_BEAT_S = 0.5
_DRAW_S = 0.125
"""Between two looks at the screens of agents."""
_TELL_EVERY = 2
"""Of these, one at which is looked at what has happened to them, too."""
_AGES_S = 1.0
_REATTACH_S = 1.0
_SAID_MS = 10_000
_CHORD_MS = 1000
TERMINAL = "foreman"
"""Name under which this terminal drives."""


class ForemanApp(App[None], inherit_bindings=False):
    """The terminal of one person over one shift.

    Args:
        bridge: to what is shown.
        orders: what goes the other way.
        latch: that F12 sets; None where there is nothing to stop.
        crew: the processes of a shift that was started from here; None where it was not.
    """

    CSS_PATH = "app.tcss"
    COMMANDS = {ShiftCommands}
    TITLE = "understudy"
    DEFAULT_MODE = HOME
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = dict(MODES)
    BINDINGS = BINDINGS

    def __init__(
        self, bridge: Bridge, orders: Orders, latch: Latch | None, crew: Crew | None = None
    ) -> None:
        super().__init__()
        self.bridge = bridge
        self.orders = orders
        self.hands = Hands(now_ms())
        self.selected = ""
        """Name of the agent that is looked at."""
        self.said = ""
        """The sentence in the line above the keys."""
        self.crash: Exception | None = None
        """What broke this terminal, if anything did."""
        self.is_ending = False
        """The person ended the shift from here."""
        self.confirm = Confirm()
        self._latch = latch
        self._crew = crew
        self._steering = Steering(self)
        self._alerts = Alerts()
        self._said_ms = 0
        self._chord_ms = -_CHORD_MS
        self._is_changed = True
        self._draws = 0
        self.chronicle = Chronicle()
        """What happened to each agent."""
        self._meanwhile: list[HubEvent] | None = None
        """Events that came while the log is read; None when it is not."""

    @property
    def screen_types(self) -> tuple[type[ShiftScreen], ...]:
        """The screens there are, for the help."""
        return tuple(MODES.values())

    @property
    def shown(self) -> ShiftScreen | None:
        """The screen in front, unless a palette lies over it or there is none."""
        if not (self.is_running and self.screen_stack):
            return None  # before the first and after the last
        return self.screen if isinstance(self.screen, ShiftScreen) else None

    @property
    def agent(self) -> AgentState | None:
        """The agent that is looked at; None if there is none."""
        return self.bridge.shift.agents.get(self.selected)

    def on_load(self) -> None:
        """Give a sign of life: on a busy machine, the first screen takes seconds."""
        self._beat()

    def on_mount(self) -> None:
        """Listen to the shift, and let time pass."""
        self._beat()
        self.bridge.listen(self._happened)
        self._recall()
        self.set_interval(_BEAT_S, self._beat)
        self.set_interval(_DRAW_S, self._draw)
        self.set_interval(_AGES_S, self._age)
        self.set_interval(_REATTACH_S, self._look_after_link)
        if isinstance(self.bridge, ReplayBridge):
            self.set_interval(_DRAW_S, self.bridge.advance)
        for theme in THEMES:
            self.register_theme(theme)
        self._select_somebody()
        self._steering.go_on_with_takeover()

    # What happens ---------------------------------------------------------------------------------

    def _happened(self, event: HubEvent) -> None:
        self._is_changed = True
        if self._meanwhile is not None:
            self._meanwhile.append(event)
        elif self.bridge.access is not Access.REPLAY:
            self.chronicle.take(event)
        if not isinstance(event, Raised) or self.bridge.access is Access.REPLAY:
            return
        is_away = self.hands.is_away
        if self._alerts.is_new(event.request) and is_away and self._driver is not None:
            self._driver.write(call_for(event.request))

    def _recall(self) -> None:
        """Read what happened before this terminal came, beside the loop of the keys."""
        self._meanwhile = []
        self.run_worker(self._read_log(self.bridge.folder), group="log", exclusive=True)

    async def _read_log(self, folder: Path) -> None:
        logged = await asyncio.to_thread(logged_so_far, folder)
        self.chronicle.recall(logged, self._meanwhile or [])
        self._meanwhile = None
        self._is_changed = True

    def _beat(self) -> None:
        self.orders.beat()

    def _draw(self) -> None:
        screen = self.shown
        if screen is None or not screen.is_ready:
            return
        self._draws += 1
        if self._is_changed and self._draws % _TELL_EVERY == 0:
            self._is_changed = False
            self._select_somebody()
            screen.refresh_all()
        else:
            screen.refresh_frames()

    def _age(self) -> None:
        if self.said and now_ms() - self._said_ms > _SAID_MS:
            self.said = ""
        if self._crew is not None and (news := self._crew.news()):
            self.say(news)
        if self.bridge.shift.is_closed and self.is_ending:
            self.exit()
        self._is_changed = True

    def _select_somebody(self) -> None:
        agents = self.bridge.shift.agents
        if self.selected not in agents:
            self.selected = next(iter(agents), "")

    def _look_after_link(self) -> None:
        bridge = self.bridge
        if not isinstance(bridge, LiveBridge) or not bridge.failure or bridge.shift.is_closed:
            return
        # never a second one beside it: the hub would take the first for somebody else who drives
        if not any(each.group == "link" and not each.is_finished for each in self.workers):
            self.run_worker(self._reattach(bridge), group="link")

    async def _reattach(self, bridge: LiveBridge) -> None:
        try:
            await bridge.reattach(TERMINAL)
        except HubLostError:
            return  # it may come back
        except HubError as error:
            self.say(str(error))
            return
        self.orders = bridge.orders
        # what was in front of the person before is not any more, for the hub
        self.screen.set_focus(None)
        self.say("connected anew; agents stay held until you let them go on, one by one")
        self._steering.go_on_with_takeover()
        self._recall()

    # Keys -----------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """See every key before anything else does: what stops, and when hands were elsewhere."""
        if isinstance(event, events.AppFocus):
            self.hands.focus(now_ms())
        elif isinstance(event, events.AppBlur):
            self.hands.blur()
        elif isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self.hands.pressed(round(1000 * event.time))
            self.confirm.pressed()
            if isinstance(event, events.Key) and event.key == "f12":
                self.action_stop_all()
                return
            if self.shown is not None and self.shown.takes_key(event):
                return
        await super().on_event(event)

    def say(self, sentence: str) -> None:
        """Show a sentence to the person for a while."""
        self.said, self._said_ms, self._is_changed = sentence, now_ms(), True

    def order(self, order: Awaitable[object], after: str = "") -> None:
        """Give an order beside the loop of the keys; say why it was refused, or what follows."""
        self.run_worker(self._ordered(order, after), group="orders")

    async def _ordered(self, order: Awaitable[object], after: str) -> None:
        try:
            await order
        except HubError as error:
            self.say(str(error))
        else:
            if after:
                self.say(after)

    # Actions --------------------------------------------------------------------------------------

    def action_stop_all(self) -> None:
        """Stop everybody: first the byte that agents look at, which takes no hub."""
        try:
            if self._latch is not None:
                self._latch.stop()
        except LatchError as error:
            self.say(str(error))
        if self.bridge.access is not Access.REPLAY:
            self.order(self.orders.stop_all(), "all agents are stopped; U undoes it, r each agent")

    def action_chord(self) -> None:
        """Stop everybody at the second of two presses."""
        pressed_ms = now_ms()
        if pressed_ms - self._chord_ms <= _CHORD_MS:
            self.action_stop_all()
        self._chord_ms = pressed_ms

    async def action_mode(self, name: str) -> None:
        """Go to a screen, or back from it."""
        await self.switch_mode(HOME if name == self.current_mode else name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what cannot be done here."""
        match action, parameters:
            case "mode", ("replay",):
                return self.bridge.access is Access.REPLAY
            case (("hold" | "resume" | "take" | "mark_moment" | "release_latch" | "end_shift"), _):
                return self.bridge.access is not Access.REPLAY
            case "mode", (name,):
                return name in MODES
            case _:
                return True

    def action_select(self, place: int) -> None:
        """Look at an agent by its place in the list, counted from 1."""
        agents = list(self.bridge.shift.agents)
        if place <= len(agents):
            self.look_at(agents[place - 1])

    async def action_next_request(self, step: int) -> None:
        """Turn to another request, and give its card the keys."""
        asking = [each.request.agent for each in self.bridge.shift.queue]
        if not asking:
            self.say("nobody asks")
            return
        if self.hands.rest_ms < QUIET_MS:
            self.say("that came amid other keys; press n by itself")
            return
        self.hands.own()
        screen = self.shown
        if self.selected in asking:
            is_here = screen is not None and screen.is_turned_to(self.selected)
            at = asking.index(self.selected) + (step if is_here else 0)
        else:
            at = 0
        self.look_at(asking[at % len(asking)])
        if screen is None or not screen.HAS_CARD:
            await self.switch_mode(HOME)
        if self.shown is not None:
            self.shown.turn_to_card()

    def look_at(self, agent: str) -> None:
        """Select an agent."""
        self.selected = agent
        self._is_changed = True
        if self.shown is not None and self.shown.is_ready:
            self.shown.refresh_selected()

    def action_jump(self) -> None:
        """Let a letter say which panel gets the keys."""
        if self.shown is not None:
            self.push_screen(JumpScreen(targets_of(self.shown)), self._jumped)

    def _jumped(self, panel: Widget | None) -> None:
        if isinstance(panel, Thumbnail):
            self.look_at(panel.agent)
        elif panel is not None:
            panel.focus()

    def action_zoom(self) -> None:
        """Go closer to the screen that is shown, or back."""
        if self.shown is not None:
            self.shown.zoom()

    def action_hold(self) -> None:
        """Hold the selected agent."""
        self._steering.hold()

    def action_resume(self) -> None:
        """Let it go on."""
        self._steering.resume()

    def action_take(self) -> None:
        """Go to its controls."""
        self._steering.take()

    def action_release_latch(self) -> None:
        """Take back the stop of everybody."""
        self._steering.release_latch()

    def action_mark_moment(self) -> None:
        """Label what the selected agent does."""
        self._steering.mark_moment()

    def action_leave(self) -> None:
        """Leave, after a question."""
        self._steering.leave()

    def action_end_shift(self) -> None:
        """End the shift for everybody, after a question."""
        self._steering.end_shift()

    def action_leave_now(self) -> None:
        """Leave; agents are held when nobody drives."""
        self.exit()

    # The end --------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """Leave with the terminal as it was; the hub holds the agents of a driver that is gone."""
        self.crash = self.crash or error
        if self.is_headless:
            super()._handle_exception(error)
        else:
            # what it would print may hold text from pages
            self.exit(return_code=1)
