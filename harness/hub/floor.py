"""The floor of a shift: state, log, latch and peers, and which agents may act until when.

Every event is logged and then applied, and only then does anybody hear of it. What cannot follow
is refused before it is logged. Times come in from outside, so that all of it can be tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from harness.hub.arming import Showing
from harness.hub.events import (
    Closed,
    Dropped,
    HandedBack,
    Held,
    HeldReason,
    HubEvent,
    Latched,
    Released,
    Sent,
    Unlatched,
)
from harness.hub.messages import Deliver, GiveBack, Lease, Logged, Outgoing, Refused, Void
from harness.hub.reducer import reduce
from harness.hub.requests import PENDING, Stage, TakeOver, Ticket
from harness.hub.shift_log import ShiftLog
from harness.hub.state import may_act
from harness.hub.untrusted import shown
from harness.latch import Latch

Peer: TypeAlias = int
"""A connection."""
MS = 1_000_000
"""Nanoseconds in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the hub waits for whom, in ms."""

    driver_ms: int = 2000
    """Without a sign of life from whoever drives, until all agents are held."""
    lease_ms: int = 2000
    """That agents may act without a sign of life from the hub."""
    renewal_ms: int = 400
    idle_ms: int = 30_000
    """Without an action of a person who took over, until they have handed back."""


@dataclass(frozen=True, slots=True)
class Send:
    """A message for a peer."""

    peer: Peer
    message: Outgoing


@dataclass(frozen=True, slots=True)
class Hangup:
    """A peer is to go, after what was sent to it."""

    peer: Peer


Effect: TypeAlias = Send | Hangup


@dataclass(slots=True)
class Driver:
    """Whoever decides."""

    peer: Peer
    beat_ns: int
    """Their last sign of life."""
    showing: Showing | None = None
    """What is in front of them."""


@dataclass(slots=True)
class Worker:
    """A process that runs agents."""

    peer: Peer
    life: str
    """Unique to this life of the process."""
    agents: tuple[str, ...]
    received: set[str]
    """Requests whose answer it has."""
    lease: tuple[str, ...] | None = None
    leased_ns: int = 0


@dataclass(slots=True)
class Peers:
    """Who is connected."""

    clients: set[Peer] = field(default_factory=set[Peer])
    """Terminals: the one that drives and those that look."""
    driver: Driver | None = None
    workers: dict[Peer, Worker] = field(default_factory=dict[Peer, Worker])


class Floor:
    """State, log, latch and peers of one shift.

    Args:
        log: of the shift.
        latch: that agents look at.
        patience: with peers.
        clock: the monotonic clock, ns.
        realtime_ns: since the epoch, now.
    """

    def __init__(
        self,
        log: ShiftLog,
        latch: Latch,
        patience: Patience,
        clock: Callable[[], int],
        realtime_ns: int,
    ) -> None:
        self.latch = latch
        self.patience = patience
        self.peers = Peers()
        self.state = log.state
        self._log = log
        self._clock = clock
        self._effects: list[Effect] = []
        t_ms = max(self.state.t_ms, (realtime_ns - self.state.realtime_ns) // MS)
        self.origin_ns = clock() - t_ms * MS
        """Of `t_ms` 0, by the monotonic clock."""

    @property
    def now_ns(self) -> int:
        """The monotonic clock."""
        return self._clock()

    @property
    def t_ms(self) -> int:
        """Time of the shift; never goes back."""
        return max(self.state.t_ms, (self._clock() - self.origin_ns) // MS)

    @property
    def lines(self) -> int:
        """Events logged so far."""
        return self._log.lines

    def append(self, event: HubEvent) -> None:
        """Log an event, apply it, and tell the terminals.

        Raises:
            EventOrderError: it cannot follow; nothing was logged.
            TransitionError: likewise.
            OSError: the disk refused.
        """
        after = reduce(self.state, event)
        self._log.append(event)
        self.state = after
        for peer in self.peers.clients:
            self.send(peer, Logged(line=self._log.lines, event=event))

    # Messages -------------------------------------------------------------------------------------

    def send(self, peer: Peer, message: Outgoing) -> None:
        """Send something to a peer."""
        self._effects.append(Send(peer, message))

    def dismiss(self, peer: Peer, why: str) -> None:
        """Tell a peer to go."""
        self.peers.clients.discard(peer)
        self.send(peer, Refused(why=shown(why)))
        self._effects.append(Hangup(peer))

    def effects(self) -> list[Effect]:
        """Return what is to be sent since the last call."""
        self.renew()
        effects, self._effects = self._effects, []
        return effects

    def worker_of(self, name: str) -> Worker | None:
        """Return who runs an agent, None where nobody does."""
        workers = self.peers.workers.values()
        return next((each for each in workers if name in each.agents), None)

    def tell_worker(self, name: str, message: Outgoing) -> None:
        """Send something to whoever runs an agent, if anybody does."""
        if worker := self.worker_of(name):
            self.send(worker.peer, message)

    # Who may act ----------------------------------------------------------------------------------

    def hold(self, name: str, reason: HeldReason) -> None:
        """Stop an agent, and forget what it was told to do and has not heard of."""
        self.latch.stop(name)
        agent = self.state.agent(name)
        if agent.held is not reason:
            self.append(Held(t_ms=self.t_ms, agent=name, reason=reason))
        if reason is not HeldReason.RESTART:
            self.forget(name, "held before it was carried out")

    def hold_all(self, reason: HeldReason) -> None:
        """Stop all agents that are not held yet."""
        for agent in list(self.state.agents.values()):
            if agent.held is None:
                self.hold(agent.name, reason)

    def release(self, name: str) -> None:
        """Let a held agent go on."""
        self.latch.release(name)
        self.append(Released(t_ms=self.t_ms, agent=name))
        self.renew()
        self.deliver(name)

    def set_latch(self) -> None:
        """Stop everybody: first the byte that all look at, then each for itself."""
        self.latch.stop()
        self.note_latch()

    def unset_latch(self) -> None:
        """Leave each agent held for itself, and everybody else free."""
        for name in self.state.agents:
            self.latch.stop(name)
        self.latch.release()
        self.append(Unlatched(t_ms=self.t_ms))

    def note_latch(self) -> None:
        """Hold everybody, the latch being set."""
        if not self.state.is_latched:
            self.append(Latched(t_ms=self.t_ms))
        self.hold_all(HeldReason.LATCH)

    def renew(self) -> None:
        """Tell workers who of theirs may act, where that changed or is about to run out."""
        now_ns, patience = self._clock(), self.patience
        driver = self.peers.driver
        until_ns = now_ns + patience.lease_ms * MS
        if driver is not None:
            until_ns = min(until_ns, driver.beat_ns + patience.driver_ms * MS)
        for worker in self.peers.workers.values():
            known = (self.state.agents.get(name) for name in worker.agents)
            names = tuple(it.name for it in known if it is not None and may_act(self.state, it))
            is_due = now_ns - worker.leased_ns >= patience.renewal_ms * MS
            if names != worker.lease or is_due:
                worker.lease, worker.leased_ns = names, now_ns
                self.send(worker.peer, Lease(until_ns=until_ns, agents=names))

    # Requests -------------------------------------------------------------------------------------

    def close(self, ticket: Ticket, stage: Stage) -> None:
        """End a request without an answer, and tell the agent not to wait for one."""
        name = ticket.request.agent
        self.append(Closed(t_ms=self.t_ms, request=ticket.request.id, stage=stage))
        self.tell_worker(name, Void(request=ticket.request.id, agent=name))

    def deliver(self, name: str) -> None:
        """Send an agent the answer that it has not had yet, if it may act on it."""
        agent, worker = self.state.agent(name), self.worker_of(name)
        ticket = self.state.tickets.get(agent.request)
        if worker is None or ticket is None or ticket.answer is None:
            return
        is_there = ticket.request.id in worker.received
        is_free = may_act(self.state, agent) or isinstance(ticket.answer, TakeOver)
        if ticket.stage not in PENDING or is_there or not is_free:
            return
        self.append(Sent(t_ms=self.t_ms, request=ticket.request.id))
        # who may act is told first, or the answer would come to an agent that may not
        self.renew()
        worker.received.add(ticket.request.id)
        seen_ms = [each.t_ms for each in ticket.receipts if each.stage is Stage.SEEN]
        deliver = Deliver(
            request=ticket.request.id,
            agent=name,
            answer=ticket.answer,
            deed=ticket.deed,
            seen_ms=seen_ms[-1],
        )
        self.send(worker.peer, deliver)

    def forget(self, name: str, why: str) -> bool:
        """Drop an answer that its agent cannot have had; say whether none is left to carry out."""
        agent, worker = self.state.agent(name), self.worker_of(name)
        ticket = self.state.tickets.get(agent.request)
        if ticket is None or ticket.stage not in PENDING:
            return True
        if ticket.stage is Stage.SENT and (worker is None or ticket.request.id in worker.received):
            return False
        self.append(Dropped(t_ms=self.t_ms, request=ticket.request.id, why=shown(why)))
        self.tell_worker(name, Void(request=ticket.request.id, agent=name))
        return True

    def hand_back(self, name: str, *, is_idle: bool = False) -> None:
        """Take the controls from a person; the agent stays held until they say that it may go."""
        self.latch.stop(name)
        self.append(HandedBack(t_ms=self.t_ms, agent=name, is_idle=is_idle))
        self.tell_worker(name, GiveBack(agent=name))
