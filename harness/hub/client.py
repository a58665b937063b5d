"""The side of a terminal: what a shift has come to, as it goes on, and what to order."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.events import HubEvent
from harness.hub.frames import FrameReader, LiveFrame
from harness.hub.link import Link
from harness.hub.messages import (
    Act,
    Alive,
    Beat,
    Card,
    CloseShift,
    Decide,
    Denied,
    Done,
    Drive,
    HandBack,
    Hold,
    Logged,
    Look,
    LookAway,
    MarkMoment,
    MarkRequest,
    Order,
    Outgoing,
    ReleaseLatch,
    Resume,
    StopAll,
    TakeControls,
    View,
    Welcome,
)
from harness.hub.pictures import Pictures
from harness.hub.proposals import deed_of
from harness.hub.protocol import default_socket
from harness.hub.reducer import fold, reduce
from harness.hub.requests import Answer, RequestMark
from harness.hub.shift_log import read_shift
from harness.hub.standing import Standing, standing
from harness.hub.state import Shift
from recorder.schema import Action

_MS = 1_000_000
_BEAT_S = 0.5


class HubClient:
    """A connection of a terminal; `shift` is always what is known now.

    Use `HubClient.drive` or `HubClient.view` as an async context.
    """

    def __init__(self, link: Link, welcome: Welcome, shift: Shift) -> None:
        self.shift = shift
        self.folder = Path(welcome.folder)
        self.pictures = Pictures(self.folder / "pictures")
        self.failure: HubLostError | RefusedError | ProtocolError | None = None
        """Why the connection is gone; None while it is there."""
        self._link = link
        self._origin_ns = welcome.origin_ns
        self._frames = Path(welcome.frames)
        self._readers: dict[str, FrameReader] = {}
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Card | None]] = {}
        self._changed = asyncio.Event()
        self._heard_ns = time.monotonic_ns()
        self._listeners: list[Callable[[HubEvent], None]] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def drive(cls, name: str, *, takes_over: bool = False, path: Path | None = None) -> Self:
        """Connect to decide; only one can. Call `beat` twice a second from the loop of the keys.

        Args:
            name: of the person or terminal.
            takes_over: from whoever drives now.
            path: of the hub's socket; the user's own if not said.

        Raises:
            HubLostError: no hub is there.
            RefusedError: somebody else drives.
        """
        return await cls._come(Drive(name=name, takes_over=takes_over), path)

    @classmethod
    async def view(cls, name: str, *, path: Path | None = None) -> Self:
        """Connect to look.

        Raises:
            HubLostError: no hub is there.
        """
        return await cls._come(View(name=name), path)

    @classmethod
    async def _come(cls, hello: Drive | View, path: Path | None) -> Self:
        link, welcome = await Link.connect(path or default_socket(), hello)
        # what is older is in the log, which is read beside the loop: it can be long
        folder, lines = Path(welcome.folder), welcome.lines
        reading = asyncio.create_task(asyncio.to_thread(lambda: fold(read_shift(folder, lines))))
        try:
            while not reading.done():
                link.send(Beat(t_ns=time.monotonic_ns()))
                await asyncio.wait([reading], timeout=_BEAT_S)
        except asyncio.CancelledError:
            await link.close()  # so that it does not drive on with nobody there
            raise
        return cls(link, welcome, reading.result())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up; if this drove, all agents are held."""
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading
        await self._link.close()
        for reader in self._readers.values():
            reader.close()

    # What is seen ---------------------------------------------------------------------------------

    async def views(self) -> AsyncIterator[Shift]:
        """Yield the shift now and whenever it has changed since; skips what nobody waited for.

        Raises:
            HubLostError: the hub is gone.
            RefusedError: it sent us away: somebody else drives, or we gave no sign of life.
            ProtocolError: it cannot be understood.
        """
        while True:
            self._changed.clear()
            yield self.shift
            await self._changed.wait()
            if self.failure is not None:
                raise self.failure

    def listen(self, listener: Callable[[HubEvent], None]) -> None:
        """Call somebody with each event from now on, after it was applied."""
        self._listeners.append(listener)

    @property
    def t_ms(self) -> int:
        """Time of the shift now."""
        return (time.monotonic_ns() - self._origin_ns) // _MS

    @property
    def hub_age_ms(self) -> int:
        """Since the hub gave a sign of life."""
        return (time.monotonic_ns() - self._heard_ns) // _MS

    def frame(self, agent: str) -> LiveFrame | None:
        """Return what an agent's screen shows."""
        return self._reader(agent).read()

    def frame_age_ms(self, agent: str) -> int | None:
        """Return the age of what an agent's screen shows, None if nothing ever did."""
        taken_ns = self._reader(agent).taken_ns()
        return None if taken_ns is None else (time.monotonic_ns() - taken_ns) // _MS

    def standing(self, agent: str) -> Standing:
        """Return how to show an agent.

        Raises:
            EventOrderError: there is none of that name.
        """
        return standing(self.shift.agent(agent), self.frame_age_ms(agent))

    # Orders ---------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Give a sign of life; without one for two seconds, all agents are held."""
        if self.failure is None:
            self._link.send(Beat(t_ns=time.monotonic_ns()))

    async def look(self, request: str) -> Card:
        """Put a request in front of the person; its answer needs what is on the card.

        Raises:
            RefusedError: there is nothing to decide on it. As for all orders.
            HubLostError: the hub is gone. As for all orders.
        """
        card = await self._order(Look(number=next(self._numbers), request=request))
        if card is None:
            raise ProtocolError("a request without a card")
        return card

    async def look_away(self, request: str) -> None:
        """Take it away again."""
        await self._order(LookAway(number=next(self._numbers), request=request))

    async def decide(
        self,
        card: Card,
        answer: Answer,
        *,
        quiet_ms: int,
        focused_ms: int,
        digit: int | None = None,
    ) -> None:
        """Answer the request on a card.

        Args:
            card: from `look`.
            answer: of the person.
            quiet_ms: since a key was pressed that was meant for something else.
            focused_ms: since the terminal got the focus.
            digit: that the person pressed; only to approve of what cannot be undone.
        """
        decided = Decide(
            number=next(self._numbers),
            request=card.request,
            frame=self.shift.ticket(card.request).request.frame,
            nonce=card.nonce,
            quiet_ms=quiet_ms,
            focused_ms=focused_ms,
            digit=digit,
            answer=answer,
        )
        await self._order(decided)

    async def mark_request(self, request: str, mark: RequestMark) -> None:
        """Label a request."""
        await self._order(MarkRequest(number=next(self._numbers), request=request, mark=mark))

    async def mark_moment(self, agent: str, mark: RequestMark) -> None:
        """Label what an agent does now."""
        await self._order(MarkMoment(number=next(self._numbers), agent=agent, mark=mark))

    async def hold(self, agent: str) -> None:
        """Stop one agent."""
        await self._order(Hold(number=next(self._numbers), agent=agent))

    async def resume(self, agent: str) -> None:
        """Let one agent go on, or say that it may after a hand-back."""
        await self._order(Resume(number=next(self._numbers), agent=agent))

    async def stop_all(self) -> None:
        """Set the latch, through the hub; `harness.latch.Latch` does it without."""
        await self._order(StopAll(number=next(self._numbers)))

    async def release_latch(self) -> None:
        """Unset the latch; each agent stays held until it is resumed."""
        await self._order(ReleaseLatch(number=next(self._numbers)))

    async def take_over(self, agent: str) -> None:
        """Take the controls of an agent."""
        await self._order(TakeControls(number=next(self._numbers), agent=agent))

    async def act(self, agent: str, action: Action) -> None:
        """Do something with the controls of an agent that was taken over."""
        await self._order(Act(number=next(self._numbers), agent=agent, deed=deed_of(action)))

    async def hand_back(self, agent: str) -> None:
        """Let go of an agent; it stays held until it is resumed."""
        await self._order(HandBack(number=next(self._numbers), agent=agent))

    async def close_shift(self) -> None:
        """End the shift."""
        await self._order(CloseShift(number=next(self._numbers)))

    # Parts ----------------------------------------------------------------------------------------

    def _reader(self, agent: str) -> FrameReader:
        if agent not in self._readers:
            self._readers[agent] = FrameReader(self._frames / agent)
        return self._readers[agent]

    async def _order(self, order: Order) -> Card | None:
        if self.failure is not None:
            raise self.failure
        reply: asyncio.Future[Card | None] = asyncio.get_running_loop().create_future()
        self._replies[order.number] = reply
        try:
            self._link.send(order)
            return await reply
        finally:
            del self._replies[order.number]

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._link.read())
        except (HubLostError, RefusedError, ProtocolError) as error:
            self.failure = error
            for reply in self._replies.values():
                if not reply.done():
                    reply.set_exception(error)
        finally:
            self._changed.set()

    def _take(self, message: Outgoing) -> None:
        self._heard_ns = time.monotonic_ns()
        match message:
            case Logged(event=event):
                self.shift = reduce(self.shift, event)
                self._changed.set()
                for listener in self._listeners:
                    listener(event)
            case Done() | Denied():
                self._settle(message)
            case Alive():
                pass
            case _:
                raise ProtocolError(f"a {type(message).__name__} that was not asked for")

    def _settle(self, message: Done | Denied) -> None:
        reply = self._replies.get(message.number)
        if reply is None or reply.done():
            return  # whoever asked has stopped waiting
        if isinstance(message, Done):
            reply.set_result(message.card)
        else:
            reply.set_exception(RefusedError(message.why.text))
