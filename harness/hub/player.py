"""Agents at work under the hub: each plays one episode after another, at the pace of people's time.

What an agent decides is dropped whenever it loses its lease, and decided anew on what is there when
it has one again: nothing that was pending is ever carried over a pause.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from harness.control import load_policy, thresholds_of
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import TaskPage
from harness.errors import HarnessError, InfrastructureError, StoppedError
from harness.gate import SILENT, Reason
from harness.hub.errors import SupersededError
from harness.hub.events import Happened
from harness.hub.frames import FrameWriter
from harness.hub.live_operator import Eyes, LiveOperator
from harness.hub.pictures import Pictures
from harness.hub.playing import PlayerConfig
from harness.hub.worker import LeasedLatch, Supervised
from harness.measure.events import PlannedEpisode, StepTaken
from harness.modes.agent import Agent, Role
from harness.modes.cell import Stage
from harness.modes.contacts import attend
from harness.modes.episodes import PAGE
from harness.modes.operators import Assignment, OperatorConfig, Question
from harness.modes.triggers import Moment, OperatorMode, Trigger, trigger
from recorder.errors import RecorderError
from recorder.schema import Controller, Observation

_LOOK_S = 0.5


async def play(config: PlayerConfig) -> None:
    """Play all the work, and return when it is done.

    Raises:
        ConfigError: there is no such policy or trigger.
        RefusedError: the hub does not want this worker.
    """
    policy = load_policy(config.policy)
    path = Path(config.socket) if config.socket else None
    async with (
        Supervised(config.agents, path) as supervised,
        Browsers(Chromium.start) as browsers,
        _leased(config, supervised) as latch,
    ):
        stage = Stage(
            policy=policy,
            browsers=browsers,
            thresholds=thresholds_of(policy) or SILENT,
            operator=OperatorConfig(),
            seed=config.seed,
            think_ms=config.think_ms,
            latch=latch,
        )
        left = deque(config.items)
        try:
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(supervised.over())
                players = [
                    group.create_task(_play_on(name, stage, supervised, config, left))
                    for name in config.agents
                ]
                await asyncio.wait(players)
                ending.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed


@asynccontextmanager
async def _leased(config: PlayerConfig, supervised: Supervised) -> AsyncGenerator[LeasedLatch]:
    with LeasedLatch(Path(config.latch) if config.latch else None, supervised) as latch:
        yield latch


async def _play_on(
    name: str,
    stage: Stage,
    supervised: Supervised,
    config: PlayerConfig,
    left: deque[PlannedEpisode],
) -> None:
    page = TaskPage(stage.browsers, replace(PAGE, agent=name))
    player = Player(name, page, stage, supervised, config)
    try:
        while await _has_work(name, supervised, left):
            await player.play(left.popleft())
    finally:
        player.close()
        await page.close()


async def _has_work(name: str, supervised: Supervised, left: deque[PlannedEpisode]) -> bool:
    """Wait until an agent may begin, or others have taken all that was left."""
    free = asyncio.create_task(supervised.free(name))
    try:
        while left and not free.done():
            await asyncio.wait([free], timeout=_LOOK_S)
        if free.done():
            free.result()
        return bool(left)
    finally:
        free.cancel()


class Player:
    """One agent, episode after episode.

    Args:
        name: of the agent.
        page: that nothing else uses.
        stage: whose policy decides; its latch knows the lease.
        supervised: the connection to the hub.
        config: how it plays.
    """

    def __init__(
        self,
        name: str,
        page: TaskPage,
        stage: Stage,
        supervised: Supervised,
        config: PlayerConfig,
    ) -> None:
        assert supervised.welcome is not None
        self._name = name
        self._page = page
        self._stage = stage
        self._supervised = supervised
        self._config = config
        self._writer = FrameWriter(Path(supervised.welcome.frames) / name)
        self._agent: LiveAgent | None = None
        self._shown: Observation | None = None
        self._sent = 0
        self._is_in_contact = False
        pictures = Pictures(Path(supervised.welcome.folder) / "pictures")
        self._operator = LiveOperator(
            name,
            supervised,
            stage.latch,
            pictures,
            Eyes(look=self._look, observe=self._observe),
            patience_ms=config.patience_ms,
        )

    def close(self) -> None:
        """Show nothing any more."""
        self._writer.close()

    async def play(self, planned: PlannedEpisode) -> None:
        """Play one episode to its end.

        Raises:
            RefusedError: the hub does not want this worker any more.
        """
        asking = trigger(self._config.trigger, self._stage.thresholds, self._stage.seed)
        role = Role(
            name=self._name,
            planned=planned,
            trigger=_Supervising(asking, self._keep_pace),
            mode=OperatorMode.HELPS,
            start_ms=self._supervised.t_ms,
        )
        self._agent = agent = LiveAgent(role, self._page, self._stage, self._ticked)
        self._sent = 0
        await agent.begin()
        while not agent.is_over:
            self._ticked()
            try:
                await self._turn(agent)
            except InfrastructureError as error:
                agent.end(str(error))
        self._supervised.let_go(self._name)
        self._operator.settle(is_done=False)
        self._ticked()

    async def _turn(self, agent: LiveAgent) -> None:
        await self._stand_by()
        try:
            if self._supervised.is_taken(self._name):
                await self._attend(agent, self._assignment(agent), agent.now_ms)
                return
            # what was approved of is done at once: nothing lies between the last look and the act
            while isinstance(request := await agent.work(), Question):
                self._ticked()
                await self._attend(agent, request, await self._operator.hear(request))
        except (StoppedError, SupersededError):
            self._operator.settle(is_done=False)
            await agent.look_again()

    async def _attend(self, agent: LiveAgent, request: Question | Assignment, seen_ms: int) -> None:
        self._is_in_contact = True
        try:
            await attend(agent, request, self._operator, max(seen_ms, agent.now_ms))
        finally:
            self._is_in_contact = False
            self._ticked()

    async def _stand_by(self) -> None:
        """Wait until somebody may act here, and keep looking meanwhile."""
        supervised, name = self._supervised, self._name
        waited = False
        waiting = asyncio.create_task(supervised.free(name))
        try:
            while not waiting.done():
                await asyncio.wait([waiting], timeout=_LOOK_S)
                if not waiting.done():
                    waited = True
                    await self._look()
            waiting.result()
        finally:
            waiting.cancel()
        if waited and self._agent is not None:
            await self._agent.look_again()

    async def _keep_pace(self) -> None:
        """Let people's time catch up with the agent's, and stop what may no longer act.

        Raises:
            StoppedError: it must not.
        """
        assert self._agent is not None
        ahead_ms = self._agent.now_ms - self._supervised.t_ms
        if ahead_ms > 0:
            await asyncio.sleep(ahead_ms / 1000)
        else:
            self._agent.pass_time(-ahead_ms)
        if not self._supervised.may_act(self._name):
            raise StoppedError(f"{self._name} has no lease")

    # What is seen and told ------------------------------------------------------------------------

    async def _look(self) -> NDArray[np.uint8]:
        pixels = (await self._page.pictured(self._observe())).pixels
        self._writer.show(pixels, time.monotonic_ns())
        return pixels

    def _observe(self) -> Observation:
        assert self._agent is not None
        return self._agent.observation

    def _assignment(self, agent: LiveAgent) -> Assignment:
        return Assignment(
            agent=self._name,
            planned=agent.role.planned,
            t_ms=agent.now_ms,
            observation=agent.observation,
        )

    def _ticked(self) -> None:
        agent = self._agent
        if agent is None:
            return
        if agent.is_showing and agent.observation is not self._shown:
            self._shown = agent.observation
            self._writer.show(self._shown.pixels, time.monotonic_ns())
        if self._is_in_contact:
            return  # what kind of contact it is, is known at its end, and told at its beginning
        for event in agent.events[self._sent :]:
            self._sent += 1
            number = self._supervised.next_number(self._name)
            happened = Happened(t_ms=0, agent=self._name, number=number, event=event)
            self._supervised.tell(self._name, happened)
            if isinstance(event, StepTaken) and event.controller is Controller.POLICY:
                self._operator.settle(is_done=True)


class LiveAgent(Agent):
    """An agent whose screen may change while it waits."""

    @property
    def is_showing(self) -> bool:
        """There is something to see."""
        return self._outcome is not None

    async def look_again(self) -> None:
        """See what is there now."""
        if self._outcome is not None and not self.is_over:
            self._outcome = replace(self._outcome, observation=await self.page.observe())


@dataclass(frozen=True, slots=True)
class _Supervising:
    """Looks after the pace and the lease before each decision counts."""

    inner: Trigger
    before: Callable[[], Awaitable[None]]

    async def reason(self, moment: Moment) -> Reason | None:
        await self.before()
        return await self.inner.reason(moment)


def main() -> int:
    """Play what standard input says, as JSON; return 0, or 1 when that cannot be."""
    logging.basicConfig(level=logging.WARNING, format="worker: %(message)s")
    try:
        config = msgspec.json.decode(sys.stdin.buffer.read(), type=PlayerConfig)
        asyncio.run(_until_told(config))
    except (HarnessError, RecorderError, msgspec.DecodeError) as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - it says what went wrong
        return 1
    return 0


async def _until_told(config: PlayerConfig) -> None:
    playing = asyncio.ensure_future(play(config))
    # in order, so that no browser is left behind
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    with suppress(asyncio.CancelledError):
        await playing


if __name__ == "__main__":
    sys.exit(main())
