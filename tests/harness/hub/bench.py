"""A hub without its socket, on a clock that a test moves."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

from harness.gate import Reason
from harness.hub.core import Core, Places
from harness.hub.events import (
    Applied,
    DroppedByWorker,
    Happened,
    HeldReason,
    Raised,
    ShiftOpened,
    Withdrawn,
    WorkerEvent,
)
from harness.hub.floor import Effect, Floor, Hangup, Patience, Peer, Send
from harness.hub.messages import (
    Beat,
    Card,
    Decide,
    Deliver,
    Denied,
    Done,
    Drive,
    Incoming,
    Lease,
    Look,
    Order,
    Tell,
    View,
    Work,
)
from harness.hub.proposals import proposal
from harness.hub.requests import Answer, HelpRequest, Stage
from harness.hub.shift_log import ShiftLog
from harness.hub.state import Shift
from harness.hub.untrusted import shown
from harness.latch import Latch
from harness.measure.events import EpisodeStarted, Initiator
from recorder.schema import Click
from tests.harness.hub.counters import manifest, planned

Found = TypeVar("Found")
DRIVER, VIEWER, WORKER = 1, 2, 3
_MS = 1_000_000


def request(name: str, agent: str = "a", *, frame: str = "f1", risky: bool = False) -> HelpRequest:
    """Return a request that an agent could raise."""
    return HelpRequest(
        id=name,
        agent=agent,
        episode=planned(agent).key,
        step=1,
        reason=Reason.RISK,
        initiator=Initiator.AGENT,
        proposed=proposal(Click(x=1, y=2), 0.4),
        alternatives=(proposal(Click(x=9, y=9), 0.2),),
        novelty=0.5,
        frame=frame,
        size=(20, 20),
        goal=shown("count"),
        is_irreversible=risky,
        deadline_ms=10_000,
    )


@dataclass
class Bench:
    """One shift on the bench."""

    folder: Path
    agents: tuple[str, ...] = ("a", "b")
    now_ns: int = 1_000_000_000
    told: dict[str, int] = field(default_factory=dict[str, int])
    effects: list[Effect] = field(default_factory=list[Effect])
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.latch = Latch(self.folder / "stop")
        self.core = self._core()

    def _core(self) -> Core:
        opened = ShiftOpened(t_ms=0, manifest=manifest(*self.agents), realtime_ns=0)
        self.log = ShiftLog(self.folder / "run", opened)
        floor = Floor(self.log, self.latch, Patience(), lambda: self.now_ns, self.now_ns)
        return Core(floor, Places(self.folder / "run", self.folder / "frames"))

    @property
    def state(self) -> Shift:
        return self.core.floor.state

    def close(self) -> None:
        self.log.close()
        self.latch.close()

    def restart(self) -> Self:
        """Kill the hub and start another one."""
        self.log.close()
        self.core = self._core()
        return self

    # Peers ----------------------------------------------------------------------------------------

    def drive(self, peer: Peer = DRIVER, *, takes_over: bool = False) -> None:
        self._keep(self.core.enter(peer, Drive(name="me", takes_over=takes_over)))

    def view(self) -> None:
        self._keep(self.core.enter(VIEWER, View(name="you")))

    def work(
        self,
        *agents: str,
        peer: Peer = WORKER,
        life: str = "w",
        received: tuple[str, ...] = (),
        begins: bool = True,
    ) -> None:
        names = agents or self.agents
        hello = Work(worker=life, agents=names, received=received)
        self._keep(self.core.enter(peer, hello))
        for name in names if begins else ():
            self.told[name] = 0
            started = EpisodeStarted(t_ms=0, planned=planned(name), agent=name)
            self.tell(Happened(t_ms=0, agent=name, number=1, event=started), peer=peer)

    def say(self, message: Incoming, peer: Peer = DRIVER) -> list[Effect]:
        return self._keep(self.core.hear(peer, message))

    def beat(self) -> None:
        self.say(Beat(t_ns=self.now_ns))

    def leave(self, peer: Peer) -> None:
        self._keep(self.core.leave(peer))

    def pass_ms(self, ms: int, *, beating: bool = True) -> None:
        """Let time pass, tick by tick."""
        for _ in range(ms // 50):
            self.now_ns += 50 * _MS
            if beating and self.core.floor.peers.driver:
                self.beat()
            self._keep(self.core.tick())

    # Workers --------------------------------------------------------------------------------------

    def tell(self, event: WorkerEvent, peer: Peer = WORKER) -> list[Effect]:
        agent = event.request.agent if isinstance(event, Raised) else event.agent
        self.told[agent] = event.number
        return self.say(Tell(event=event), peer)

    def next(self, agent: str = "a") -> int:
        return self.told.get(agent, 0) + 1

    def ask(self, asked: HelpRequest) -> None:
        self.tell(Raised(t_ms=0, number=self.next(asked.agent), request=asked))

    def applied(self, name: str, agent: str = "a") -> None:
        self.tell(Applied(t_ms=0, request=name, agent=agent, number=self.next(agent)))

    def dropped(self, name: str, agent: str = "a") -> None:
        why, number = shown("the screen changed"), self.next(agent)
        self.tell(DroppedByWorker(t_ms=0, request=name, agent=agent, number=number, why=why))

    def withdrawn(self, name: str, agent: str = "a") -> None:
        number, stage = self.next(agent), Stage.SUPERSEDED
        self.tell(Withdrawn(t_ms=0, request=name, agent=agent, number=number, stage=stage))

    # Orders ---------------------------------------------------------------------------------------

    def number(self) -> int:
        return next(self._numbers)

    def order(self, order: Order, peer: Peer = DRIVER) -> str:
        """Return why an order is refused, empty if it is not."""
        for effect in self.say(order, peer):
            if isinstance(effect, Send) and effect.peer == peer:
                match effect.message:
                    case Done(number=order.number):
                        return ""
                    case Denied(number=order.number, why=why):
                        return why.text
                    case _:
                        pass
        raise AssertionError("no reply")

    def look(self, name: str) -> Card:
        replies = self.say(Look(number=self.number(), request=name))
        for effect in replies:
            if isinstance(effect, Send) and isinstance(effect.message, Done):
                assert effect.message.card
                return effect.message.card
        raise AssertionError(f"no card: {replies}")

    def decided(self, card: Card, answer: Answer, *, frame: str = "f1", **other: int) -> Decide:
        attention = {"quiet_ms": 400, "focused_ms": 500, "digit": card.digit, **other}
        return Decide(
            number=self.number(),
            request=card.request,
            nonce=card.nonce,
            frame=frame,
            answer=answer,
            **attention,
        )

    def answer(self, name: str, answer: Answer) -> str:
        """Look at a request long enough and answer it."""
        card = self.look(name)
        self.pass_ms(600)
        return self.order(self.decided(card, answer))

    # What came out --------------------------------------------------------------------------------

    def sent(self, peer: Peer, kind: type[Found]) -> list[Found]:
        """Return all messages of a kind that a peer got, the last one last."""
        sent = [each for each in self.effects if isinstance(each, Send) and each.peer == peer]
        return [each.message for each in sent if isinstance(each.message, kind)]

    def leased(self) -> tuple[str, ...]:
        """Return who may act, by the last lease, if it still holds."""
        lease = self.sent(WORKER, Lease)[-1]
        return lease.agents if lease.until_ns > self.now_ns else ()

    def deliveries(self) -> list[str]:
        return [each.request for each in self.sent(WORKER, Deliver)]

    def held(self, agent: str = "a") -> HeldReason | None:
        return self.state.agent(agent).held

    def hung_up(self) -> list[Peer]:
        return [each.peer for each in self.effects if isinstance(each, Hangup)]

    def _keep(self, effects: list[Effect]) -> list[Effect]:
        self.effects += effects
        return effects
