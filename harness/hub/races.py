"""What a worker tells of a request while a person decides on it: neither waits for the other."""

from __future__ import annotations

from harness.control import Phase
from harness.hub.events import (
    Applied,
    DroppedByWorker,
    Outrun,
    Raised,
    Withdrawn,
    WorkerEvent,
)
from harness.hub.requests import OPEN, PENDING, HelpRequest, Reject
from harness.hub.state import Shift
from harness.hub.untrusted import shown


def overtaken(state: Shift, event: WorkerEvent) -> WorkerEvent:
    """Return what a worker tells as it counts now that something else may have come first.

    A request that was answered before its worker withdrew it is dropped; one that is over stays as
    it is; one that is raised while a person takes the agent over is not.
    """
    match event:
        case Raised(request=request):
            agent = state.agents[request.agent]
            may_ask = agent.phase is Phase.AUTONOMOUS and not agent.request
            return event if may_ask else _outrun(event, request.agent)
        case Withdrawn():
            ticket = state.tickets.get(event.request)
            if ticket is not None and ticket.stage in PENDING:
                return DroppedByWorker(
                    t_ms=event.t_ms,
                    request=event.request,
                    agent=event.agent,
                    number=event.number,
                    why=shown(event.stage),
                )
            is_open = ticket is not None and ticket.stage in OPEN
            return event if is_open else _outrun(event, event.agent)
        case Applied() | DroppedByWorker():
            ticket = state.tickets.get(event.request)
            is_pending = ticket is not None and ticket.stage in PENDING
            return event if is_pending else _outrun(event, event.agent)
        case _:
            return event


def was_refused(state: Shift, request: HelpRequest) -> bool:
    """Say whether a person said no to the same at the same place just before."""
    ticket = state.tickets.get(state.agent(request.agent).answered)
    return (
        ticket is not None
        and isinstance(ticket.answer, Reject)
        and _place_of(ticket.request) == _place_of(request)
        and ticket.request.proposed.deed == request.proposed.deed
    )


def _place_of(request: HelpRequest) -> str:
    return request.surroundings or request.frame


def _outrun(event: WorkerEvent, agent: str) -> Outrun:
    return Outrun(t_ms=event.t_ms, agent=agent, number=event.number)
