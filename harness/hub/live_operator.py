"""The person at the hub, as one agent sees them: it asks, they answer, it does what they say.

What a person approved of is done only if what it is bound to is still as they saw it, to the pixel,
and nothing has stopped the agent since they said so.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from harness.actions import is_irreversible
from harness.errors import ConfigError
from harness.hub.binding import bound
from harness.hub.errors import SupersededError
from harness.hub.events import Applied, DroppedByWorker, HumanStep, Withdrawn
from harness.hub.pictures import Pictures
from harness.hub.proposals import Deed, action_of, proposal, target_of, words_of
from harness.hub.requests import Approve, Correct, HelpRequest, Reject, Stage, TakeOver
from harness.hub.untrusted import shown
from harness.hub.worker import Supervised, Told
from harness.latch import Latch
from harness.measure.events import ContactKind
from harness.modes.operators import Assignment, Desk, Question, Request
from recorder.errors import RecorderError
from recorder.schema import Element, Observation

_WATCH_S = 0.5
_ALTERNATIVES = 3
_WORDS = 200
_PATIENCE_MS = 300_000
_IMPOSSIBLE = (ConfigError, RecorderError)
"""What an action raises that cannot be done, such as a click beside the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyes:
    """How an operator looks at the screen of its agent."""

    look: Callable[[], Awaitable[NDArray[np.uint8]]]
    """Takes a frame of it as it is now, and shows it to whoever watches."""
    observe: Callable[[], Observation]
    """Returns what the agent saw last."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A person approved of what an agent proposed; it is not done yet."""

    request: str
    epoch: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and the screen on which it was made."""

    request: HelpRequest
    seen: Observation


@dataclass(frozen=True, slots=True)
class _Hands:
    """A person's hands on one episode."""

    desk: Desk
    episode: str
    request: str = ""
    """That they answer; empty where they came by themselves."""


class LiveOperator:
    """A person who helps one agent through the hub.

    Args:
        agent: its name.
        supervised: the connection to the hub.
        latch: looked at before what a person said is done.
        pictures: of the run.
        eyes: on its screen.
        patience_ms: after which a request expires, and the agent is held.
    """

    def __init__(
        self,
        agent: str,
        supervised: Supervised,
        latch: Latch,
        pictures: Pictures,
        eyes: Eyes,
        *,
        patience_ms: int = _PATIENCE_MS,
    ) -> None:
        self.allowed: Allowed | None = None
        """What is to be reported once it is done."""
        self._agent = agent
        self._supervised = supervised
        self._latch = latch
        self._pictures = pictures
        self._eyes = eyes
        self._patience_ms = patience_ms
        self._numbers = itertools.count(1)
        self._told: tuple[_Asked, Told] | None = None

    async def hear(self, question: Question) -> int:
        """Ask the person and wait; return the time of the run at which they turned to it.

        Raises:
            SupersededError: there is no answer: the screen changed, nobody came, or nobody may.
        """
        request = self._request(question)
        binding = bound(question.decision.action, question.observation)
        asking = asyncio.create_task(self._supervised.ask(request))
        try:
            while not asking.done():
                await asyncio.wait([asking], timeout=_WATCH_S)
                is_there = binding.holds(await self._eyes.look())
                if not asking.done() and not is_there:
                    self._withdraw(request)
            told = asking.result()
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError, SupersededError):
                await asking
        self._told = _Asked(request, question.observation), told
        return told.answer.seen_ms

    async def handle(self, request: Request, desk: Desk) -> ContactKind:
        """Do what the person says and return what it was.

        Raises:
            SupersededError: it must not be done any more.
            InfrastructureError: the page is gone.
        """
        if isinstance(request, Assignment):
            desk.engage()
            return await self._serve(_Hands(desk, request.planned.key))
        if self._told is None:
            await self.hear(request)
        assert self._told is not None
        (asked, told), self._told = self._told, None
        desk.engage()
        self._catch_up(desk)
        return await self._do_as_told(asked, told, desk)

    async def _do_as_told(self, asked: _Asked, told: Told, desk: Desk) -> ContactKind:
        name = asked.request.id
        hands = _Hands(desk, asked.request.episode, name)
        match told.answer.answer:
            case Approve():
                await self._check(asked, told)
                self.allowed = Allowed(name, told.epoch)
                return ContactKind.APPROVAL
            case Reject():
                self._applied(name)
                return ContactKind.CLARIFICATION
            case Correct():
                pixels = await self._check(asked, told)
                try:
                    await self._perform(hands, told.answer.deed, self._pictures.keep(pixels))
                except _IMPOSSIBLE as error:
                    self._dropped(name, str(error))
                    raise SupersededError(f"{name}: {error}") from error
                self._applied(name)
                return ContactKind.CORRECTION
            case TakeOver():
                self._applied(name)
                return await self._serve(hands)

    def settle(self, *, is_done: bool) -> None:
        """Report whether what was approved of was done; nothing, if nothing was."""
        allowed, self.allowed = self.allowed, None
        if allowed is None:
            return
        if is_done:
            self._applied(allowed.request)
        else:
            self._dropped(allowed.request, "the agent was stopped")

    # Asking ---------------------------------------------------------------------------------------

    def _request(self, question: Question) -> HelpRequest:
        seen, decision = question.observation, question.decision
        height, width = seen.pixels.shape[:2]
        target = target_of(decision.action, seen.elements)
        return HelpRequest(
            id=f"{self._supervised.life[:6]}-{self._agent}-{next(self._numbers)}",
            agent=self._agent,
            episode=question.planned.key,
            step=question.step,
            reason=question.reason,
            initiator=question.initiator,
            proposed=proposal(decision.action, decision.p_accept, seen.elements),
            alternatives=tuple(
                proposal(action, p, seen.elements)
                for action, p in decision.alternatives[:_ALTERNATIVES]
            ),
            novelty=float(np.nan_to_num(decision.novelty)),
            frame=self._pictures.keep(seen.pixels),
            surroundings=bound(decision.action, seen).hash,
            size=(width, height),
            target=target.box if target else None,
            target_text=shown(target.text or target.name, _WORDS) if target else shown(""),
            goal=shown(seen.goal),
            title=shown(question.planned.task),
            is_irreversible=is_irreversible(decision.action, seen.elements),
            deadline_ms=self._supervised.t_ms + self._patience_ms,
        )

    def _withdraw(self, request: HelpRequest) -> None:
        self._supervised.tell(
            self._agent,
            Withdrawn(
                t_ms=0,
                request=request.id,
                agent=self._agent,
                number=self._supervised.next_number(self._agent),
                stage=Stage.SUPERSEDED,
            ),
        )
        raise SupersededError(f"the screen of {request.id} changed")

    # Doing ----------------------------------------------------------------------------------------

    async def _check(self, asked: _Asked, told: Told) -> NDArray[np.uint8]:
        """Make sure that what was answered may be done now, and return what is there now."""
        pixels = await self._eyes.look()
        supervised, name = self._supervised, asked.request.id
        if not bound(action_of(told.answer.deed), asked.seen).holds(pixels):
            why = "the screen changed"
        elif supervised.epoch(self._agent) != told.epoch or self._latch.is_stopped(self._agent):
            why = "the agent was stopped"
        else:
            return pixels
        self._dropped(name, why)
        raise SupersededError(f"{name}: {why}")

    async def _serve(self, hands: _Hands) -> ContactKind:
        """Do what the person does, until they let go or the episode is over."""
        while (deed := await self._next_order()) is not None:
            frame = self._pictures.keep(await self._eyes.look())
            with suppress(*_IMPOSSIBLE):  # nothing happens, as the person sees
                await self._perform(hands, deed, frame)
            if hands.desk.is_over:
                self._supervised.let_go(self._agent)
                break
        self._catch_up(hands.desk)
        return ContactKind.TAKEOVER

    async def _next_order(self) -> Deed | None:
        """Return what the person does next, None when they let go; keep looking meanwhile."""
        ordered = asyncio.create_task(self._supervised.next_order(self._agent))
        try:
            while not ordered.done():
                await asyncio.wait([ordered], timeout=_WATCH_S)
                if not ordered.done():
                    await self._eyes.look()
            return ordered.result()
        finally:
            ordered.cancel()

    async def _perform(self, hands: _Hands, deed: Deed, frame: str) -> None:
        """Do one action of the person's at once, and keep what it was done on."""
        seen, action = self._eyes.observe(), action_of(deed)
        self._catch_up(hands.desk)
        start_ns = time.monotonic_ns()
        await hands.desk.act(action, 0)
        step = HumanStep(
            t_ms=0,
            agent=self._agent,
            number=self._supervised.next_number(self._agent),
            episode=hands.episode,
            goal=_whole(seen.goal),
            request=hands.request,
            deed=deed,
            words=words_of(action, seen.elements),
            frame=frame,
            cursor=seen.cursor,
            elements=_to_json(seen.elements),
            t_ns=start_ns,
            end_ns=time.monotonic_ns(),
        )
        self._supervised.tell(self._agent, step)

    def _catch_up(self, desk: Desk) -> None:
        """Let the time pass that the person took."""
        desk.spend(max(0, self._supervised.t_ms - desk.now_ms) / 1000)

    def _applied(self, request: str) -> None:
        number = self._supervised.next_number(self._agent)
        applied = Applied(t_ms=0, request=request, agent=self._agent, number=number)
        self._supervised.tell(self._agent, applied)

    def _dropped(self, request: str, why: str) -> None:
        number = self._supervised.next_number(self._agent)
        dropped = DroppedByWorker(
            t_ms=0, request=request, agent=self._agent, number=number, why=shown(why)
        )
        self._supervised.tell(self._agent, dropped)


def _to_json(elements: tuple[Element, ...]) -> str:
    return json.dumps([asdict(each) for each in elements], separators=(",", ":"))


def _whole(text: str) -> str:
    """Return text without halves of characters, which no file can hold."""
    return text.encode(errors="replace").decode()
