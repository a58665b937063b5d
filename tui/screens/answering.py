"""Screens on which requests are answered: one agent's screen, and the card of what it asks."""

from __future__ import annotations

from harness.hub.errors import HubError
from harness.hub.requests import OPEN, HelpRequest, TakeOver, Ticket
from tui.answering import Picking
from tui.bridge import doubtful_ms
from tui.marks import Marks
from tui.moment import now_ms
from tui.screens.base import ShiftScreen
from tui.widgets.live_screen import LiveScreen
from tui.widgets.request_card import RequestCard


class AnsweringScreen(ShiftScreen):
    """Wires the card to the hub; subclasses compose `LiveScreen(id="live")` and `RequestCard`."""

    HAS_CARD = True

    @property
    def card(self) -> RequestCard:
        """The card."""
        return self.query_one(RequestCard)

    @property
    def live(self) -> LiveScreen:
        """The screen of the selected agent."""
        return self.query_one("#live", LiveScreen)

    def on_mount(self) -> None:
        """Let arrows move the cross by cells of the screen."""
        self.card.reach = lambda: self.live.pixels_a_cell

    def turn_to_card(self) -> None:
        """Give the keys to the card."""
        self.refresh_shift()
        self.set_focus(self.card)

    def is_turned_to(self, agent: str) -> bool:
        """Say whether the keys go to the card of an agent."""
        request = self.card.request
        return self.card.has_focus and request is not None and request.agent == agent

    def zoom(self) -> None:
        """Go closer to what is asked, or to the middle."""
        request = self._asked()
        self.live.zoom_in(request.proposed.points[-1] if request and _points(request) else None)

    def refresh_shift(self) -> None:
        """Draw the card."""
        self.card.show(self.bridge, self._shown_request())
        self.refresh_frames()

    def refresh_frames(self) -> None:
        """Draw the agent's screen; while it is answered, the very frame that was asked about."""
        agent, bridge = self.foreman.selected, self.bridge
        request = self._asked()
        marks = _marks(request, self.card)
        asked = bridge.picture(request.frame) if request and self.card.has_focus else None
        if asked is not None:
            self.live.show(asked, marks=marks)
            return
        frame = bridge.frame(agent) if agent else None
        age_ms = doubtful_ms(bridge, agent) if agent else None
        self.live.show(None if frame is None else frame.pixels, age_ms, marks)

    # What the card says ---------------------------------------------------------------------------

    def on_request_card_turned(self, turned: RequestCard.Turned) -> None:
        """Tell the hub what is in front of the person."""
        if turned.is_seen:
            self.run_worker(self._look(turned.request), group="card")
        else:
            self.run_worker(self._look_away(turned.request), group="card")

    def on_request_card_drafted(self) -> None:
        """Show what is pressed so far."""
        self.refresh_shift()

    def on_request_card_refused(self, refused: RequestCard.Refused) -> None:
        """Say why a key did not count."""
        self.foreman.say(refused.why)

    def on_request_card_marked(self, marked: RequestCard.Marked) -> None:
        """Label the request."""
        orders = self.foreman.orders
        self.foreman.order(
            orders.mark_request(marked.request, marked.mark), f"noted: {marked.mark}"
        )

    def on_request_card_answered(self, answered: RequestCard.Answered) -> None:
        """Send the answer."""
        self.run_worker(self._decide(answered), group="card")

    def on_live_screen_stroked(self, stroked: LiveScreen.Stroked) -> None:
        """Move the cross to where the mouse was pressed."""
        if stroked.screen is self.live:
            self.card.pick(stroked.end)

    # Parts ----------------------------------------------------------------------------------------

    async def _look(self, request: str) -> None:
        try:
            card = await self.foreman.orders.look(request)
        except HubError as error:
            self.foreman.say(str(error))
            self.set_focus(None)
            return
        self.card.deal(card, now_ms())
        self.refresh_shift()

    async def _look_away(self, request: str) -> None:
        try:
            await self.foreman.orders.look_away(request)
        except HubError:
            return  # it is in front of nobody then as well

    async def _decide(self, answered: RequestCard.Answered) -> None:
        decided = answered.decided
        try:
            await self.foreman.orders.decide(
                answered.card,
                decided.answer,
                quiet_ms=answered.quiet_ms,
                focused_ms=answered.focused_ms,
                digit=decided.digit,
            )
        except HubError as error:
            self.foreman.say(f"not taken: {error}")
            return
        self.set_focus(None)
        self.foreman.say(f"{type(decided.answer).__name__.lower()}: {answered.card.request}")
        if isinstance(decided.answer, TakeOver):
            await self.foreman.switch_mode("takeover")

    def _asked(self) -> HelpRequest | None:
        """Return the open request of the selected agent."""
        ticket = self._ticket()
        return ticket.request if ticket is not None and ticket.stage in OPEN else None

    def _ticket(self) -> Ticket | None:
        agent, shift = self.foreman.agent, self.bridge.shift
        return None if agent is None else shift.tickets.get(agent.request)

    def _shown_request(self) -> str:
        """Return the request that the agent has open, or the one on the card if it has ended."""
        agent = self.foreman.agent
        if agent is None:
            return ""
        before = self.card.request
        if not agent.request and before is not None and before.agent == agent.name:
            return before.id
        return agent.request


def _points(request: HelpRequest) -> bool:
    return bool(request.proposed.points)


def _marks(request: HelpRequest | None, card: RequestCard) -> Marks:
    if request is None:
        return Marks()
    cross = card.draft.cross if isinstance(card.draft, Picking) else None
    return Marks(target=request.target, pointers=request.proposed.points, cross=cross)
