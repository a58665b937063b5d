"""The hub without its socket: who comes and goes, what they tell, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.control import Phase
from harness.errors import TransitionError
from harness.hub.errors import ProtocolError, RefusedError
from harness.hub.events import (
    AgentFound,
    AgentJoined,
    AgentLost,
    Closed,
    DriverCame,
    DriverLeft,
    Dropped,
    Happened,
    HeldReason,
    HubRestarted,
    Raised,
    Unseen,
)
from harness.hub.floor import MS, Driver, Effect, Floor, Peer, Worker
from harness.hub.messages import (
    Alive,
    Beat,
    Card,
    Denied,
    Done,
    Drive,
    GiveBack,
    Hello,
    Incoming,
    Kept,
    Order,
    StopAll,
    TakeAway,
    Tell,
    View,
    Void,
    Welcome,
    Work,
)
from harness.hub.naming import check_names
from harness.hub.orders import Clerk
from harness.hub.proposals import action_of
from harness.hub.protocol import check_agent
from harness.hub.races import overtaken, was_refused
from harness.hub.reducer import agent_of, number_of
from harness.hub.requests import OPEN, PENDING, Stage
from harness.hub.state import AgentState
from harness.hub.untrusted import shown
from harness.measure.errors import EventOrderError
from harness.measure.events import EpisodeEnded


@dataclass(frozen=True, slots=True)
class Places:
    """Where peers find what is not sent to them."""

    folder: Path
    """Of the run."""
    frames: Path
    """Of what screens show now."""


class Core:
    """Takes what peers say and returns what they are to be told.

    Args:
        floor: of the shift.
        places: for peers.
    """

    def __init__(self, floor: Floor, places: Places) -> None:
        self.floor = floor
        self._clerk = Clerk(floor)
        self._places = places
        self._alive_ns = 0
        if floor.lines > 1:
            floor.append(HubRestarted(t_ms=floor.t_ms))
            for name in floor.state.agents:
                floor.append(AgentLost(t_ms=floor.t_ms, agent=name))
            for ticket in floor.state.queue:
                if ticket.stage is Stage.SEEN:
                    floor.append(Unseen(t_ms=floor.t_ms, request=ticket.request.id))
            floor.hold_all(HeldReason.RESTART)

    @property
    def is_over(self) -> bool:
        """The shift was closed; nothing is kept any more."""
        return self.floor.state.is_closed

    def enter(self, peer: Peer, hello: Hello) -> list[Effect]:
        """Let a peer in.

        Raises:
            RefusedError: it may not come in.
        """
        if self.is_over:
            raise RefusedError("the shift is over")
        match hello:
            case Drive():
                self._seat_driver(peer, hello)
            case View():
                self._welcome(peer)
            case Work():
                self._seat_worker(peer, hello)
        if isinstance(hello, Drive | View):
            self.floor.peers.clients.add(peer)
        return self.floor.effects()

    def leave(self, peer: Peer) -> list[Effect]:
        """Note that a peer is gone."""
        floor = self.floor
        if self.is_over:
            return []
        floor.peers.clients.discard(peer)
        if floor.peers.driver and floor.peers.driver.peer == peer:
            self._unseat_driver("left")
        worker = floor.peers.workers.pop(peer, None)
        for name in worker.agents if worker else ():
            floor.append(AgentLost(t_ms=floor.t_ms, agent=name))
        return floor.effects()

    def hear(self, peer: Peer, message: Incoming) -> list[Effect]:
        """Take what a peer says.

        Raises:
            ProtocolError: it has no business to say that, or it cannot be true.
        """
        if self.is_over:
            return []
        driver = self.floor.peers.driver
        is_client = peer in self.floor.peers.clients
        worker = self.floor.peers.workers.get(peer)
        match message:
            case Tell() if worker is not None:
                self._told(worker, message)
            case Beat() if driver is not None and driver.peer == peer:
                # never from the future, so that a wrong clock does not keep agents going
                driver.beat_ns = min(message.t_ns, self.floor.now_ns)
            case Beat():
                pass  # of one that drove until a moment ago
            case Tell() | Drive() | View() | Work():
                raise ProtocolError(f"a {type(message).__name__} from who may not send one")
            case _ if is_client:
                self._obey(peer, message)
            case _:
                raise ProtocolError(f"a {type(message).__name__} from who may not send one")
        if self.is_over:
            for each in [*self.floor.peers.clients, *self.floor.peers.workers]:
                self.floor.dismiss(each, "the shift is over")
        return self.floor.effects()

    def tick(self) -> list[Effect]:
        """Do what is due: called some twenty times a second."""
        floor, now_ns = self.floor, self.floor.now_ns
        driver = floor.peers.driver
        if driver and now_ns - driver.beat_ns > floor.patience.driver_ms * MS:
            floor.dismiss(driver.peer, "no sign of life; drive again")
            self._unseat_driver("no sign of life")
        self._look_at_latch()
        self._expire()
        if now_ns - self._alive_ns >= floor.patience.renewal_ms * MS:
            self._alive_ns = now_ns
            for peer in floor.peers.clients:
                floor.send(peer, Alive(t_ns=now_ns))
        return floor.effects()

    # Terminals ------------------------------------------------------------------------------------

    def _seat_driver(self, peer: Peer, hello: Drive) -> None:
        floor = self.floor
        if seated := floor.peers.driver:
            if not hello.takes_over:
                raise RefusedError(f"{floor.state.driver} drives; take over or only look")
            self._clerk.turn_away(seated)
            floor.dismiss(seated.peer, "somebody else drives now")
        floor.peers.driver = Driver(peer, floor.now_ns)
        floor.append(DriverCame(t_ms=floor.t_ms, name=shown(hello.name, 40)))
        self._welcome(peer)

    def _unseat_driver(self, why: str) -> None:
        floor = self.floor
        if floor.peers.driver:
            self._clerk.turn_away(floor.peers.driver)
        floor.peers.driver = None
        floor.append(DriverLeft(t_ms=floor.t_ms, why=shown(why)))
        floor.hold_all(HeldReason.DEADMAN)

    def _obey(self, peer: Peer, order: Order) -> None:
        floor = self.floor
        try:
            card = self._carry_out(peer, order)
        except (RefusedError, ProtocolError, EventOrderError, TransitionError) as error:
            floor.send(peer, Denied(number=order.number, why=shown(str(error))))
        else:
            floor.send(peer, Done(number=order.number, card=card))

    def _carry_out(self, peer: Peer, order: Order) -> Card | None:
        driver = self.floor.peers.driver
        if driver is not None and driver.peer == peer:
            return self._clerk.obey(driver, order)
        if not isinstance(order, StopAll):
            raise RefusedError("only who drives may do that")
        # whoever sees that something goes wrong may stop it
        self.floor.set_latch()
        return None

    # Workers --------------------------------------------------------------------------------------

    def _seat_worker(self, peer: Peer, hello: Work) -> None:
        floor = self.floor
        for old in [it.peer for it in floor.peers.workers.values() if it.life == hello.worker]:
            # it is here again before its last connection was seen to end
            del floor.peers.workers[old]
            floor.dismiss(old, "connected anew")
        for name in hello.agents:
            check_agent(name)
            if floor.worker_of(name) is not None:
                raise RefusedError(f"{name} is run by another worker")
        floor.peers.workers[peer] = Worker(peer, hello.worker, hello.agents, set(hello.received))
        self._welcome(peer)
        for name in hello.agents:
            self._seat_agent(name, hello.worker)
            floor.send(peer, Kept(agent=name, number=floor.state.agent(name).kept))
            floor.deliver(name)
            self._remind(name)
        for request in hello.waiting:
            ticket = floor.state.tickets.get(request)
            if ticket is not None and ticket.stage not in OPEN | PENDING:
                floor.send(peer, Void(request=request, agent=ticket.request.agent))

    def _remind(self, name: str) -> None:
        """Say again who has the controls: a crash may lie between what was logged and said."""
        is_taken = self.floor.state.agent(name).phase is Phase.TAKEOVER
        self.floor.tell_worker(name, TakeAway(agent=name) if is_taken else GiveBack(agent=name))

    def _seat_agent(self, name: str, life: str) -> None:
        floor = self.floor
        known = floor.state.agents.get(name)
        if known is not None and known.worker == life:
            floor.append(AgentFound(t_ms=floor.t_ms, agent=name))
        else:
            if known is not None:
                self._bury(known)
            floor.append(AgentJoined(t_ms=floor.t_ms, agent=name, worker=life))
            if known is not None and (known.phase is not Phase.ENDED or known.held is not None):
                floor.hold(name, known.held or HeldReason.CRASHED)
        held = floor.state.agent(name).held
        if held is not None:
            # also forgets what was answered and never came
            floor.hold(name, held)
        elif floor.latch.is_stopped(name):
            floor.hold(name, HeldReason.LATCH)

    def _bury(self, agent: AgentState) -> None:
        """Close what an agent left open whose process is gone for good."""
        floor = self.floor
        ticket = floor.state.tickets.get(agent.request)
        if ticket is None:
            return
        event = (
            Closed(t_ms=floor.t_ms, request=agent.request, stage=Stage.LOST)
            if ticket.stage in OPEN
            else Dropped(t_ms=floor.t_ms, request=agent.request, why=shown("its worker is gone"))
        )
        floor.append(event)

    def _welcome(self, peer: Peer) -> None:
        welcome = Welcome(
            origin_ns=self.floor.origin_ns,
            folder=str(self._places.folder),
            frames=str(self._places.frames),
            lines=self.floor.lines,
        )
        self.floor.send(peer, welcome)

    def _told(self, worker: Worker, message: Tell) -> None:
        floor = self.floor
        name, number = agent_of(message.event), number_of(message.event)
        if name not in worker.agents:
            raise ProtocolError(f"a worker tells of {shown(name, 40)}, whom it does not run")
        kept = floor.state.agent(name).kept
        if number > kept + 1:
            raise ProtocolError(f"{name} tells number {number} after {kept}")
        if number == kept + 1:
            try:
                self._keep(message)
            except (EventOrderError, TransitionError) as error:
                raise ProtocolError(f"{name} tells what cannot be: {error}") from error
        floor.send(worker.peer, Kept(agent=name, number=max(number, kept)))

    def _keep(self, message: Tell) -> None:
        check_names(message.event)
        floor = self.floor
        told = msgspec.structs.replace(message.event, t_ms=floor.t_ms)
        event = overtaken(floor.state, told)
        if isinstance(event, Raised):
            self._keep_request(event)
            return
        floor.append(event)
        match told:
            case Raised(request=request):
                floor.tell_worker(request.agent, Void(request=request.id, agent=request.agent))
            case Happened(agent=name, event=EpisodeEnded()):
                # whoever took it over at its very end has nothing in their hands
                floor.tell_worker(name, GiveBack(agent=name))
            case _:
                pass

    def _keep_request(self, event: Raised) -> None:
        floor, request = self.floor, event.request
        for proposed in (request.proposed, *request.alternatives):
            action_of(proposed.deed)
        is_refused = was_refused(floor.state, request)
        floor.append(event)
        if is_refused:
            floor.close(floor.state.ticket(request.id), Stage.WITHDRAWN)
            floor.hold(request.agent, HeldReason.REJECTED)

    # Time -----------------------------------------------------------------------------------------

    def _look_at_latch(self) -> None:
        floor = self.floor
        stops = floor.latch.stops()
        if stops.everybody:
            floor.note_latch()
        elif floor.state.is_latched:
            floor.unset_latch()
        for name in stops.agents:
            agent = floor.state.agents.get(name)
            if agent is not None and agent.held is None:
                floor.hold(name, HeldReason.LATCH)

    def _expire(self) -> None:
        floor, t_ms = self.floor, self.floor.t_ms
        for ticket in floor.state.queue:
            if ticket.request.deadline_ms <= t_ms:
                floor.close(ticket, Stage.EXPIRED)
                floor.hold(ticket.request.agent, HeldReason.EXPIRED)
        for agent in list(floor.state.agents.values()):
            is_idle = t_ms - agent.touched_ms >= floor.patience.idle_ms
            if agent.phase is Phase.TAKEOVER and is_idle:
                floor.hand_back(agent.name, is_idle=True)
