"""What whoever drives orders, and what comes of it."""

from __future__ import annotations

from typing import assert_never

from harness.control import Phase
from harness.hub import arming
from harness.hub.errors import RefusedError
from harness.hub.events import (
    Answered,
    HeldReason,
    MomentMarked,
    RequestMarked,
    Seen,
    ShiftClosed,
    TookOver,
    Unseen,
)
from harness.hub.floor import Driver, Floor
from harness.hub.messages import (
    Act,
    Card,
    CloseShift,
    Decide,
    HandBack,
    Hold,
    Look,
    LookAway,
    MarkMoment,
    MarkRequest,
    Order,
    Perform,
    ReleaseLatch,
    Resume,
    StopAll,
    TakeAway,
    TakeControls,
)
from harness.hub.proposals import Deed, action_of, corrected, deed_of
from harness.hub.requests import OPEN, Approve, Correct, Reject, Stage, Ticket
from harness.hub.state import AgentState


class Clerk:
    """Carries out orders on the floor, or refuses them."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def obey(self, driver: Driver, order: Order) -> Card | None:
        """Carry out an order; return the card where a request was looked at.

        Raises:
            RefusedError: it cannot be carried out now, and why.
            ProtocolError: an action in it is none.
            EventOrderError: there is no such request or agent.
            TransitionError: it cannot follow.
        """
        match order:
            case Look():
                return self._look(driver, order)
            case LookAway() | Decide():
                self._attend(driver, order)
            case MarkRequest() | MarkMoment():
                self._mark(order)
            case StopAll() | ReleaseLatch() | CloseShift():
                self._switch(order)
            case Hold() | Resume() | TakeControls() | Act() | HandBack():
                self._steer(order)
            case _:
                assert_never(order)
        return None

    # Requests -------------------------------------------------------------------------------------

    def _look(self, driver: Driver, order: Look) -> Card:
        floor = self._floor
        ticket = floor.state.ticket(order.request)
        if ticket.stage not in OPEN:
            raise RefusedError(f"request {order.request} is {ticket.stage}; nothing to decide")
        if driver.showing and driver.showing.card.request == order.request:
            return driver.showing.card
        self.turn_away(driver)
        floor.append(Seen(t_ms=floor.t_ms, request=order.request))
        driver.showing = arming.show(order.request, floor.now_ns)
        return driver.showing.card

    def turn_away(self, driver: Driver) -> None:
        """Note that nothing is in front of whoever drives any more."""
        showing, driver.showing = driver.showing, None
        if showing is None:
            return
        ticket = self._floor.state.tickets.get(showing.card.request)
        if ticket is not None and ticket.stage is Stage.SEEN:
            self._floor.append(Unseen(t_ms=self._floor.t_ms, request=showing.card.request))

    def _attend(self, driver: Driver, order: LookAway | Decide) -> None:
        if isinstance(order, LookAway):
            if driver.showing and driver.showing.card.request == order.request:
                self.turn_away(driver)
            return
        floor = self._floor
        ticket = floor.state.ticket(order.request)
        arming.check(order, ticket, driver.showing, floor.now_ns)
        self._check_free(ticket, order)
        deed = _deed(ticket, order)
        # a card decides once, whatever is pressed after it
        driver.showing = None
        answered = Answered(t_ms=floor.t_ms, request=order.request, answer=order.answer, deed=deed)
        floor.append(answered)
        floor.deliver(ticket.request.agent)

    def _check_free(self, ticket: Ticket, order: Decide) -> None:
        agent = self._floor.state.agent(ticket.request.agent)
        if not agent.is_connected:
            raise RefusedError(f"the worker of {agent.name} is not connected")
        if isinstance(order.answer, Approve | Reject | Correct) and agent.held is not None:
            raise RefusedError(f"{agent.name} is held ({agent.held}); let it go on first")

    def _mark(self, order: MarkRequest | MarkMoment) -> None:
        floor = self._floor
        if isinstance(order, MarkRequest):
            floor.append(RequestMarked(t_ms=floor.t_ms, request=order.request, mark=order.mark))
            return
        agent = floor.state.agent(order.agent)
        marked = MomentMarked(
            t_ms=floor.t_ms,
            agent=agent.name,
            episode=agent.episode,
            step=agent.n_steps,
            mark=order.mark,
        )
        floor.append(marked)

    # Everybody ------------------------------------------------------------------------------------

    def _switch(self, order: StopAll | ReleaseLatch | CloseShift) -> None:
        floor = self._floor
        match order:
            case StopAll():
                floor.set_latch()
            case ReleaseLatch():
                if not floor.state.is_latched:
                    raise RefusedError("the latch is not set")
                floor.unset_latch()
            case CloseShift():
                for ticket in floor.state.queue:
                    floor.close(ticket, Stage.WITHDRAWN)
                floor.hold_all(HeldReason.HUMAN)
                floor.append(ShiftClosed(t_ms=floor.t_ms))
            case _:
                assert_never(order)

    # One agent ------------------------------------------------------------------------------------

    def _steer(self, order: Hold | Resume | TakeControls | Act | HandBack) -> None:
        floor = self._floor
        agent = floor.state.agent(order.agent)
        match order:
            case Hold():
                floor.hold(agent.name, HeldReason.HUMAN)
            case Resume():
                self._resume(agent)
            case TakeControls():
                self._take(agent)
            case Act():
                action_of(order.deed)
                self._require_hands_on(agent)
                floor.tell_worker(agent.name, Perform(agent=agent.name, deed=order.deed))
            case HandBack():
                self._require_hands_on(agent)
                floor.hand_back(agent.name)
            case _:
                assert_never(order)

    def _resume(self, agent: AgentState) -> None:
        if agent.held is None:
            raise RefusedError(f"{agent.name} is not held")
        if self._floor.state.is_latched:
            raise RefusedError("the latch is set; release it first")
        if not agent.is_connected:
            raise RefusedError(f"the worker of {agent.name} is not connected")
        self._floor.release(agent.name)

    def _take(self, agent: AgentState) -> None:
        floor = self._floor
        if not agent.is_connected or not agent.episode or agent.phase is Phase.ENDED:
            raise RefusedError(f"{agent.name} is doing nothing that could be taken over")
        if agent.phase is Phase.TAKEOVER:
            raise RefusedError(f"{agent.name} is taken over already")
        ticket = floor.state.tickets.get(agent.request)
        if ticket is not None and ticket.stage in OPEN:
            floor.close(ticket, Stage.WITHDRAWN)
        elif not floor.forget(agent.name, "a person took over"):
            raise RefusedError(f"{agent.name} is carrying out an answer; hold it first")
        floor.append(TookOver(t_ms=floor.t_ms, agent=agent.name))
        floor.tell_worker(agent.name, TakeAway(agent=agent.name))

    def _require_hands_on(self, agent: AgentState) -> None:
        if agent.phase is not Phase.TAKEOVER:
            raise RefusedError(f"nobody has taken over {agent.name}")
        if not agent.is_connected:
            raise RefusedError(f"the worker of {agent.name} is not connected")


def _deed(ticket: Ticket, order: Decide) -> Deed:
    match order.answer:
        case Approve():
            return ticket.request.proposed.deed
        case Correct(correction):
            request = ticket.request
            return deed_of(corrected(request.proposed, request.alternatives, correction))
        case _:
            return ""
