"""How a shift goes on: `reduce(state, event)`, the same for hub, screens and replay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from harness.control import Phase, hand_over
from harness.hub.events import (
    AgentFound,
    AgentJoined,
    AgentLost,
    Answered,
    Applied,
    Closed,
    DriverCame,
    DriverLeft,
    Dropped,
    DroppedByWorker,
    HandedBack,
    Happened,
    Held,
    HeldReason,
    HubEvent,
    HubRestarted,
    HumanStep,
    Latched,
    MomentMarked,
    Outrun,
    Raised,
    Released,
    RequestMarked,
    Seen,
    Sent,
    ShiftClosed,
    ShiftOpened,
    TookOver,
    Unlatched,
    Unseen,
    Withdrawn,
    WorkerEvent,
)
from harness.hub.requests import (
    OPEN,
    PENDING,
    Aftermath,
    Approve,
    Correct,
    Defer,
    Escalate,
    Receipt,
    Reject,
    Stage,
    TakeOver,
    Ticket,
    advance,
)
from harness.hub.state import AgentState, Shift
from harness.hub.untrusted import shown
from harness.measure.errors import EventOrderError
from harness.measure.events import DoneClaimed, EpisodeEnded, EpisodeStarted, StepTaken
from harness.measure.state import reduce as reduce_run
from recorder.schema import Controller

WATCHED_STEPS = 3
"""Of an agent after a hand-back, in which a person keeps an eye on it."""
SOON_STEPS = 3
"""Within which asking again means that an answer did not help."""
_TICKETS_KEPT = 512
"""Those that are over are in the log."""


def fold(events: Iterable[HubEvent], state: Shift | None = None) -> Shift:
    """Return what events come to.

    Raises:
        EventOrderError: an event cannot follow those before it.
        TransitionError: likewise.
    """
    state = state or Shift()
    for event in events:
        state = reduce(state, event)
    return state


def reduce(state: Shift, event: HubEvent) -> Shift:
    """Return the shift after one more event.

    Raises:
        EventOrderError: an event cannot follow those before it.
        TransitionError: likewise.
    """
    state = replace(state, t_ms=max(state.t_ms, event.t_ms))
    match event:
        case Happened() | HumanStep() | Raised() | Applied():
            return _told(_count(state, event), event)
        case DroppedByWorker() | Withdrawn() | Outrun():
            return _told(_count(state, event), event)
        case AgentJoined() | AgentLost() | AgentFound() | Held() | Released():
            return _standing(state, event)
        case TookOver(agent=name):
            return _take_over(state, name, event.t_ms)
        case HandedBack(agent=name):
            agent = _moved(state.agent(name), Phase.AUTONOMOUS, event.t_ms)
            return _with(state, replace(agent, held=HeldReason.HANDBACK))
        case Seen() | Unseen() | Answered() | Sent() | Dropped() | Closed():
            return _decided(state, event)
        case RequestMarked(request=request, mark=mark):
            ticket = state.ticket(request)
            return _filed(state, replace(ticket, marks=(*ticket.marks, mark)))
        case _:
            return _overall(state, event)


def number_of(event: WorkerEvent) -> int:
    """Return the number that a worker gave to what it told."""
    return event.number


def agent_of(event: WorkerEvent) -> str:
    """Return the agent that a worker told it of."""
    return event.request.agent if isinstance(event, Raised) else event.agent


def _overall(
    state: Shift,
    event: ShiftOpened
    | HubRestarted
    | ShiftClosed
    | DriverCame
    | DriverLeft
    | Latched
    | Unlatched
    | MomentMarked,
) -> Shift:
    match event:
        case ShiftOpened():
            return replace(state, manifest=event.manifest, realtime_ns=event.realtime_ns)
        case HubRestarted():
            return replace(state, driver=None)
        case ShiftClosed():
            return replace(state, is_closed=True)
        case DriverCame():
            return replace(state, driver=event.name)
        case DriverLeft():
            return replace(state, driver=None)
        case Latched():
            return replace(state, is_latched=True)
        case Unlatched():
            return replace(state, is_latched=False)
        case MomentMarked():
            return state
        case _:
            assert_never(event)


# Agents -------------------------------------------------------------------------------------------


def _standing(state: Shift, event: AgentJoined | AgentLost | AgentFound | Held | Released) -> Shift:
    if isinstance(event, AgentJoined):
        return _with(state, AgentState(name=event.agent, worker=event.worker))
    agent = state.agent(event.agent)
    match event:
        case AgentLost():
            return _with(state, replace(agent, is_connected=False))
        case AgentFound():
            return _with(state, replace(agent, is_connected=True))
        case Held():
            return _with(state, replace(agent, held=event.reason))
        case Released():
            was_back = agent.held is HeldReason.HANDBACK
            watched = WATCHED_STEPS if was_back else agent.watched
            return _with(state, replace(agent, held=None, watched=watched))
        case _:
            assert_never(event)


def _take_over(state: Shift, name: str, t_ms: int) -> Shift:
    agent = _moved(state.agent(name), Phase.TAKEOVER, t_ms)
    return _with(state, replace(agent, touched_ms=t_ms))


def _moved(agent: AgentState, phase: Phase, t_ms: int) -> AgentState:
    return replace(agent, phase=hand_over(agent.phase, phase, t_ms=t_ms, reason="").target)


# What workers tell --------------------------------------------------------------------------------


def _count(state: Shift, event: WorkerEvent) -> Shift:
    agent, number = state.agent(agent_of(event)), number_of(event)
    if number <= agent.kept:
        raise EventOrderError(f"{agent.name} told number {number} before; it is at {agent.kept}")
    return _with(state, replace(agent, kept=number))


def _told(state: Shift, event: WorkerEvent) -> Shift:
    match event:
        case Happened():
            return _happened(state, event)
        case HumanStep():
            return _with(state, replace(state.agent(event.agent), touched_ms=event.t_ms))
        case Raised():
            return _raised(state, event)
        case Applied():
            return _applied(state, event)
        case DroppedByWorker():
            dropped = advance(state.ticket(event.request), Stage.DROPPED, event.t_ms, event.why)
            return _let_go(_filed(state, dropped), dropped)
        case Withdrawn():
            closed = advance(state.ticket(event.request), event.stage, event.t_ms)
            return _reopened(_filed(state, closed), closed, event.t_ms)
        case Outrun():
            return state
        case _:
            assert_never(event)


def _happened(state: Shift, told: Happened) -> Shift:
    event, agent = told.event, state.agent(told.agent)
    state = replace(state, run=reduce_run(state.run, event))
    match event:
        case EpisodeStarted():
            begun = AgentState(
                name=agent.name,
                worker=agent.worker,
                is_connected=agent.is_connected,
                held=agent.held,
                episode=event.episode,
                kept=agent.kept,
            )
            return _with(state, begun)
        case StepTaken(controller=Controller.POLICY):
            watched = max(0, agent.watched - 1)
            return _with(state, replace(agent, n_steps=agent.n_steps + 1, watched=watched))
        case DoneClaimed(controller=Controller.POLICY):
            return _with(state, replace(agent, is_done_claimed=True))
        case EpisodeEnded():
            return _over(state, agent, event, told.t_ms)
        case _:
            return state


def _over(state: Shift, agent: AgentState, event: EpisodeEnded, t_ms: int) -> Shift:
    if agent.request:
        ticket = state.ticket(agent.request)
        ending = Stage.WITHDRAWN if ticket.stage in OPEN else Stage.DROPPED
        state = _filed(state, advance(ticket, ending, t_ms, shown("the episode ended")))
    if agent.answered:
        state = _judged(state, agent, Aftermath.OK if event.is_verified else Aftermath.FAILED)
    ended = replace(
        agent,
        phase=Phase.ENDED,
        request="",
        is_verified=event.is_verified,
        failure=shown(event.infrastructure_error),
    )
    return _with(state, ended)


def _raised(state: Shift, event: Raised) -> Shift:
    request = event.request
    agent = state.agent(request.agent)
    if request.id in state.tickets or agent.request:
        raise EventOrderError(f"{request.agent} asks {request.id}, and has asked before")
    if agent.answered and agent.n_steps - agent.answered_step <= SOON_STEPS:
        state = _judged(state, agent, Aftermath.RE_ASKED)
    ticket = Ticket(
        request=request, receipts=(Receipt(Stage.QUEUED, event.t_ms),), place=_last_place(state)
    )
    asking = _moved(replace(agent, request=request.id), Phase.ASKING, event.t_ms)
    return _with(_filed(state, ticket), asking)


def _applied(state: Shift, event: Applied) -> Shift:
    ticket = advance(state.ticket(event.request), Stage.APPLIED, event.t_ms)
    agent = state.agent(event.agent)
    done = replace(agent, request="", answered=event.request, answered_step=agent.n_steps)
    return _with(_filed(state, ticket), done)


def _judged(state: Shift, agent: AgentState, aftermath: Aftermath) -> Shift:
    ticket = state.tickets.get(agent.answered)
    if ticket is None or ticket.aftermath is not None:
        return state
    return _filed(state, replace(ticket, aftermath=aftermath))


# Decisions ----------------------------------------------------------------------------------------


def _decided(state: Shift, event: Seen | Unseen | Answered | Sent | Dropped | Closed) -> Shift:
    ticket, t_ms = state.ticket(event.request), event.t_ms
    match event:
        case Seen():
            return _filed(state, advance(ticket, Stage.SEEN, t_ms))
        case Unseen():
            return _filed(state, advance(ticket, Stage.QUEUED, t_ms))
        case Answered():
            return _answered(state, ticket, event)
        case Sent():
            return _filed(state, advance(ticket, Stage.SENT, t_ms))
        case Dropped():
            dropped = advance(ticket, Stage.DROPPED, t_ms, event.why)
            return _let_go(_filed(state, dropped), dropped)
        case Closed():
            closed = advance(ticket, event.stage, t_ms)
            return _reopened(_filed(state, closed), closed, t_ms)
        case _:
            assert_never(event)


def _answered(state: Shift, ticket: Ticket, event: Answered) -> Shift:
    agent = state.agent(ticket.request.agent)
    match event.answer:
        case Defer():
            deferred = advance(ticket, Stage.QUEUED, event.t_ms)
            return _filed(state, replace(deferred, place=_last_place(state)))
        case Escalate():
            escalated = advance(ticket, Stage.QUEUED, event.t_ms)
            return _filed(state, replace(escalated, is_escalated=True))
        case TakeOver():
            answered = replace(advance(ticket, Stage.ANSWERED, event.t_ms), answer=event.answer)
            return _take_over(_filed(state, answered), agent.name, event.t_ms)
        case Approve() | Reject() | Correct():
            answered = advance(ticket, Stage.ANSWERED, event.t_ms)
            answered = replace(answered, answer=event.answer, deed=event.deed)
            going_on = _moved(agent, Phase.AUTONOMOUS, event.t_ms)
            return _with(_filed(state, answered), going_on)
        case _:
            assert_never(event.answer)


def _let_go(state: Shift, ticket: Ticket) -> Shift:
    """Free the agent of a request that will not be carried out."""
    agent = state.agent(ticket.request.agent)
    if agent.request != ticket.request.id:
        return state
    return _with(state, replace(agent, request=""))


def _reopened(state: Shift, ticket: Ticket, t_ms: int) -> Shift:
    """Give the controls back to the agent whose request ended without an answer."""
    agent = state.agent(ticket.request.agent)
    if agent.request != ticket.request.id:
        return state
    agent = replace(agent, request="")
    if agent.phase is Phase.ASKING:
        agent = _moved(agent, Phase.AUTONOMOUS, t_ms)
    return _with(state, agent)


# Parts --------------------------------------------------------------------------------------------


def _with(state: Shift, agent: AgentState) -> Shift:
    return replace(state, agents={**state.agents, agent.name: agent})


def _filed(state: Shift, ticket: Ticket) -> Shift:
    tickets = {**state.tickets, ticket.request.id: ticket}
    if len(tickets) > _TICKETS_KEPT:
        over = (key for key, it in tickets.items() if it.stage not in OPEN | PENDING)
        if (oldest := next(over, None)) is not None:
            del tickets[oldest]
    return replace(state, tickets=tickets)


def _last_place(state: Shift) -> int:
    return 1 + max((each.place for each in state.tickets.values()), default=0)
