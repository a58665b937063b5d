"""What a live shift has come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from harness.control import Phase
from harness.hub.events import HeldReason
from harness.hub.requests import OPEN, Ticket
from harness.hub.untrusted import NOTHING, Shown
from harness.measure.errors import EventOrderError
from harness.measure.events import Manifest
from harness.measure.state import Run

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentState:
    """One agent, as the hub knows it."""

    name: str
    worker: str
    """The life of the process that runs it."""
    is_connected: bool = True
    phase: Phase = Phase.AUTONOMOUS
    held: HeldReason | None = None
    episode: str = ""
    n_steps: int = 0
    """In this episode."""
    watched: int = 0
    """Steps that a person still keeps an eye on."""
    request: str = ""
    """That is open, or whose answer is not carried out yet."""
    answered: str = ""
    """The last one that was carried out in this episode."""
    answered_step: int = 0
    touched_ms: int = 0
    """When a person at its controls did something last."""
    is_done_claimed: bool = False
    is_verified: bool | None = None
    """None while the episode runs."""
    failure: Shown = NOTHING
    """What broke that is no fault of the agent."""
    kept: int = 0
    """Number of the last thing that its worker told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A live shift so far."""

    manifest: Manifest | None = None
    realtime_ns: int = 0
    t_ms: int = 0
    """Of the last event."""
    driver: Shown | None = None
    is_latched: bool = False
    is_closed: bool = False
    agents: Mapping[str, AgentState] = field(default_factory=lambda: MappingProxyType({}))
    tickets: Mapping[str, Ticket] = field(default_factory=lambda: MappingProxyType({}))
    """By id, in the order in which they were raised."""
    run: Run = field(default_factory=Run)
    """What is measured, from the agents' own events."""

    @property
    def queue(self) -> list[Ticket]:
        """Those that somebody has to answer, in the order in which to do so."""
        waiting = [each for each in self.tickets.values() if each.stage in OPEN]
        return sorted(waiting, key=lambda each: (not each.is_escalated, each.place))

    def ticket(self, request: str) -> Ticket:
        """Return a request.

        Raises:
            EventOrderError: there is none.
        """
        return _found(self.tickets, request, "request")

    def agent(self, name: str) -> AgentState:
        """Return an agent.

        Raises:
            EventOrderError: there is none.
        """
        return _found(self.agents, name, "agent")


def may_act(shift: Shift, agent: AgentState) -> bool:
    """Say whether an agent's policy has the controls, and somebody watches it."""
    return (
        shift.driver is not None
        and not shift.is_latched
        and agent.is_connected
        and agent.held is None
        and agent.phase is Phase.AUTONOMOUS
    )


def _found(known: Mapping[str, Value], name: str, what: str) -> Value:
    try:
        return known[name]
    except KeyError as error:
        raise EventOrderError(f"there is no {what} {name!r}") from error
