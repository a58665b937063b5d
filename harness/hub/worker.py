"""The side of a worker: its agents act while the hub lets them, and are told what people decide.

A worker may be killed, stopped or cut off at any time, and so may the hub. Whatever a worker tells
is numbered and told again until the hub has kept it; an answer is taken once, whatever comes twice.
Agents act under a lease with an end by the clock that all processes share: no message is needed
for them to stop.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from harness.hub.errors import HubLostError, ProtocolError, RefusedError, SupersededError
from harness.hub.events import Raised, WorkerEvent
from harness.hub.link import Link
from harness.hub.messages import (
    Deliver,
    GiveBack,
    Kept,
    Lease,
    Outgoing,
    Perform,
    TakeAway,
    Tell,
    Void,
    Welcome,
    Work,
)
from harness.hub.proposals import Deed
from harness.hub.protocol import default_socket
from harness.hub.reducer import number_of
from harness.hub.requests import HelpRequest, TakeOver
from harness.latch import Latch

_LOG = logging.getLogger(__name__)
_RETRY_S = 0.2
_MS = 1_000_000


@dataclass(slots=True)
class _Seat:
    """What a worker knows of one of its agents."""

    told: int = 0
    """Number of the last thing that was told."""
    outbox: deque[WorkerEvent] = field(default_factory=deque["WorkerEvent"])
    """Told, and not known to be kept."""
    epoch: int = 0
    """Counts the times that it lost its lease: what was allowed before that is void."""
    is_taken: bool = False
    """A person has its controls."""
    orders: asyncio.Queue[Deed | None] = field(default_factory=asyncio.Queue["Deed | None"])
    """What they do with them; None when they let go."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the time in which it counts."""

    answer: Deliver
    epoch: int
    """Of the agent, when it came."""


class Supervised:
    """A worker's connection to the hub, made again whenever it breaks; an async context.

    Args:
        agents: names of those that it runs.
        path: of the hub's socket; the user's own if not said.
    """

    def __init__(self, agents: Sequence[str], path: Path | None = None) -> None:
        self.life = secrets.token_hex(8)
        self.welcome: Welcome | None = None
        """What the hub said last."""
        self._path = path or default_socket()
        self._seats = {name: _Seat() for name in agents}
        self._lease: Lease | None = None
        self._link: Link | None = None
        self._received: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Told]] = {}
        self._changed = asyncio.Condition()
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run())
        async with self._changed:
            await self._changed.wait_for(lambda: self.welcome or self._is_over)
        if self._is_over:
            self._running.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError, RefusedError, ProtocolError):
                await self._running

    # Who may act ----------------------------------------------------------------------------------

    def may_act(self, agent: str) -> bool:
        """Say whether an agent's policy may act at this very moment."""
        lease = self._lease
        return lease is not None and agent in lease.agents and time.monotonic_ns() < lease.until_ns

    def epoch(self, agent: str) -> int:
        """Return what stands for the time since an agent lost its lease last."""
        return self._seats[agent].epoch

    def is_taken(self, agent: str) -> bool:
        """Say whether a person has the controls of an agent."""
        return self._seats[agent].is_taken

    async def free(self, agent: str) -> None:
        """Wait until an agent may act, or a person has taken it over.

        Raises:
            RefusedError: the hub wants nothing of this worker any more.
            ProtocolError: it cannot be understood.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: self.may_act(agent) or self.is_taken(agent) or self._is_over
            )
        if self._is_over and self._running is not None:
            self._running.result()

    async def over(self) -> None:
        """Wait until the hub wants nothing of this worker any more.

        Raises:
            RefusedError: always, in the end: it says why.
            ProtocolError: it cannot be understood.
        """
        if self._running is not None:
            await asyncio.shield(self._running)

    # What is told and asked -----------------------------------------------------------------------

    @property
    def t_ms(self) -> int:
        """Time of the shift.

        Raises:
            HubLostError: no hub was ever there to say.
        """
        if self.welcome is None:
            raise HubLostError("no hub has said when the shift began")
        return (time.monotonic_ns() - self.welcome.origin_ns) // _MS

    def next_number(self, agent: str) -> int:
        """Return the number of the next thing to tell of an agent."""
        return self._seats[agent].told + 1

    def tell(self, agent: str, event: WorkerEvent) -> None:
        """Tell the hub something, now or when it is there again.

        Args:
            agent: that it is told of.
            event: with the next number of that agent; the hub fills in its time.
        """
        seat = self._seats[agent]
        if number_of(event) != seat.told + 1:
            raise ProtocolError(f"number {number_of(event)} after {seat.told}")
        seat.told += 1
        seat.outbox.append(event)
        if self._link is not None:
            self._link.send(Tell(event=event))

    async def ask(self, request: HelpRequest) -> Told:
        """Ask a person and return the answer, however long that takes.

        Raises:
            SupersededError: there will be none.
        """
        name = request.agent
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answer
        try:
            self.tell(name, Raised(t_ms=0, number=self.next_number(name), request=request))
            return await answer
        finally:
            del self._waiting[request.id]

    async def next_order(self, agent: str) -> Deed | None:
        """Return what a person does next with the controls of an agent, None when they let go."""
        return await self._seats[agent].orders.get()

    def let_go(self, agent: str) -> None:
        """Note that nobody has the controls of an agent whose episode is over."""
        self._seats[agent].is_taken = False

    # The connection -------------------------------------------------------------------------------

    @property
    def _is_over(self) -> bool:
        return self._running is not None and self._running.done()

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._converse()
                except HubLostError as error:
                    _LOG.debug("%s", error)
                await self._lose()
                await asyncio.sleep(_RETRY_S)
        finally:
            await self._lose()

    async def _converse(self) -> None:
        hello = Work(
            worker=self.life,
            agents=tuple(self._seats),
            received=tuple(self._received),
            waiting=tuple(self._waiting),
        )
        link, welcome = await Link.connect(self._path, hello)
        try:
            for seat in self._seats.values():
                for event in seat.outbox:
                    link.send(Tell(event=event))
            self._link = link
            async with self._changed:
                self.welcome = welcome
                self._changed.notify_all()
            while True:
                message = await link.read()
                async with self._changed:
                    self._take(message)
                    self._changed.notify_all()
        finally:
            self._link = None
            await link.close()

    async def _lose(self) -> None:
        async with self._changed:
            self._lease = None
            for seat in self._seats.values():
                seat.epoch += 1
            self._changed.notify_all()

    def _take(self, message: Outgoing) -> None:
        match message:
            case Lease():
                self._take_lease(message)
            case Deliver() | Void():
                self._take_answer(message)
            case TakeAway() | Perform() | GiveBack():
                self._take_order(self._seats[message.agent], message)
            case Kept(agent=agent, number=number):
                outbox = self._seats[agent].outbox
                while outbox and number_of(outbox[0]) <= number:
                    outbox.popleft()
            case _:
                raise ProtocolError(f"a {type(message).__name__} for a worker")

    def _take_answer(self, message: Deliver | Void) -> None:
        waiting = self._waiting.get(message.request)
        if message.request in self._received or waiting is None or waiting.done():
            return  # it came before, or nobody waits for it any more
        if isinstance(message, Void):
            waiting.set_exception(SupersededError(f"no answer to {message.request} will come"))
            return
        self._received.add(message.request)
        seat = self._seats[message.agent]
        if isinstance(message.answer, TakeOver):
            self._take_order(seat, TakeAway(agent=message.agent))
        waiting.set_result(Told(message, seat.epoch))

    @staticmethod
    def _take_order(seat: _Seat, message: TakeAway | Perform | GiveBack) -> None:
        match message:
            case TakeAway():
                while not seat.is_taken and not seat.orders.empty():
                    seat.orders.get_nowait()  # of the time before, which nobody heard of
                seat.is_taken = True
            case Perform(deed=deed):
                seat.orders.put_nowait(deed)
            case GiveBack():
                if seat.is_taken:
                    seat.is_taken = False
                    seat.orders.put_nowait(None)

    def _take_lease(self, lease: Lease) -> None:
        for name, seat in self._seats.items():
            if name not in lease.agents:
                seat.epoch += 1
        self._lease = lease


class LeasedLatch(Latch):
    """A latch that also stops whom the hub does not let act.

    Args:
        path: of the latch; the user's own if not said.
        supervised: the connection to the hub.
    """

    def __init__(self, path: Path | None, supervised: Supervised) -> None:
        super().__init__(path)
        self._supervised = supervised

    def is_stopped(self, agent: str) -> bool:
        """Say whether an agent must not act; the file is looked at last."""
        return not self._supervised.may_act(agent) or super().is_stopped(agent)
