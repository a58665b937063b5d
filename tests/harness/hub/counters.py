"""Agents that count: a worker process whose every act is a line in a file, with its time.

    python counters.py SOCKET LATCH FOLDER ASKS AGENT...

ASKS is how many acts lie between two requests for help; 0 asks before each.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.env.page import Outcome
from harness.gate import Reason
from harness.guard import Guard, GuardRules
from harness.hub.errors import RefusedError, SupersededError
from harness.hub.events import Happened
from harness.hub.frames import FrameWriter
from harness.hub.live_operator import Eyes, LiveOperator
from harness.hub.pictures import Pictures
from harness.hub.worker import LeasedLatch, Supervised
from harness.measure.events import ContactKind, EpisodeStarted, Manifest, PlannedEpisode, StepTaken
from harness.modes.actuator import Actuator
from harness.modes.operators import Assignment, Desk, Question
from harness.tasks.experts.playing import PlayedPage
from harness.tasks.task import HumanTime
from recorder.schema import Action, Click, Controller, Decision, Element, Observation

HEIGHT = 120
"""Of the page, px; the button is at its top, the clock at its bottom."""
_PAUSE_S = 0.004
_BUTTON = Element(role="button", box=(0, 0, 20, 20), text="Count")


def planned(agent: str) -> PlannedEpisode:
    """Return the episode of an agent."""
    return PlannedEpisode(task=f"count-{agent}", seed=1, human=HumanTime(seconds=9, sd_log=1, n=1))


def manifest(*agents: str) -> Manifest:
    """Return what a shift of counters is to do."""
    return Manifest(plan=tuple(map(planned, agents)), policy="tests:counters")


class Page:
    """Counts what is done on it, and shows how far it is."""

    def __init__(self, folder: Path, frames: Path, agent: str) -> None:
        self._file = os.open(folder / "acts", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._moved = folder / f"{agent}-moved"
        self._clock = folder / f"{agent}-clock"
        self._writer = FrameWriter(frames / agent)
        self._agent = agent
        self.count = 0
        self.request = ""
        """On whose account the next act is."""

    @property
    def observation(self) -> Observation:
        """What is there now; files of the test's move the button, and start a clock."""
        pixels = np.zeros((HEIGHT, 20, 3), np.uint8)
        pixels[0, 0] = (self.count % 256, self.count // 256 % 256, self.count // 65536)
        pixels[5, 5, 0] = self._moved.exists()
        if self._clock.exists():
            pixels[-1] = time.monotonic_ns() // 1_000_000 % 256
        return Observation(pixels, (0, 0), time.monotonic_ns(), elements=(_BUTTON,))

    async def look(self) -> NDArray[np.uint8]:
        pixels = self.observation.pixels
        self._writer.show(pixels, time.monotonic_ns())
        return pixels

    async def step(self, action: Action) -> Outcome:
        line = f"{time.monotonic_ns()} {self._agent} {action.KIND} {self.request or '-'}\n"
        os.write(self._file, line.encode())
        self.count += 1
        return Outcome(observation=self.observation)


@dataclass
class CounterDesk:
    """What a person has in front of them."""

    counting: Page
    now_ms: int
    is_over: bool = False

    @property
    def page(self) -> PlayedPage:
        raise NotImplementedError

    def spend(self, seconds: float) -> None:
        self.now_ms += round(1000 * seconds)

    def engage(self) -> None:
        pass

    async def act(self, action: Action, ms: int) -> None:
        await self.counting.step(action)


class Counter:
    """One agent that presses the same button for ever."""

    def __init__(self, name: str, folder: Path, supervised: Supervised, latch: LeasedLatch) -> None:
        self._name = name
        assert supervised.welcome
        self._page = Page(folder, Path(supervised.welcome.frames), name)
        self._supervised = supervised
        # its own guard would end a loop, which counting is
        guard = Guard(GuardRules(repeats=1_000_000_000))
        self._actuator = Actuator(self._page, name, guard, latch)
        pictures = Pictures(Path(supervised.welcome.folder) / "pictures")
        eyes = Eyes(look=self._page.look, observe=lambda: self._page.observation)
        self._operator = LiveOperator(name, supervised, latch, pictures, eyes)

    async def work(self, asks: int) -> None:
        started = EpisodeStarted(t_ms=0, planned=planned(self._name), agent=self._name)
        self._tell(started)
        for turn in range(1 << 30):
            with suppress(SupersededError):
                await self._turn(is_asking=not asks or turn % asks == asks - 1)
            await asyncio.sleep(_PAUSE_S)

    async def _turn(self, *, is_asking: bool) -> None:
        while not (self._supervised.may_act(self._name) or self._supervised.is_taken(self._name)):
            await self._page.look()
            await asyncio.sleep(_PAUSE_S)
        desk: Desk = CounterDesk(self._page, self._supervised.t_ms)
        if self._supervised.is_taken(self._name):
            await self._operator.handle(self._assignment(), desk)
            return
        seen = self._page.observation
        if not is_asking:
            await self._act(Click(x=1, y=1), seen)
            return
        question = self._question(seen)
        await self._operator.hear(question)
        if await self._operator.handle(question, desk) is ContactKind.APPROVAL:
            allowed = self._operator.allowed
            self._page.request = allowed.request if allowed else ""
            await self._act(question.decision.action, seen)
            self._page.request = ""

    async def _act(self, action: Action, seen: Observation) -> None:
        now_ms = time.monotonic_ns() // 1_000_000
        outcome = await self._actuator.act(action, seen, now_ms, is_approved=True)
        is_done = isinstance(outcome, Outcome)
        if is_done and self._page.count % 50 == 0:
            self._tell(
                StepTaken(
                    episode=planned(self._name).key,
                    t_ms=0,
                    controller=Controller.POLICY,
                    action=action.KIND,
                    duration_ms=1,
                )
            )
        self._operator.settle(is_done=is_done)
        await self._page.look()

    def _tell(self, event: EpisodeStarted | StepTaken) -> None:
        number = self._supervised.next_number(self._name)
        told = Happened(t_ms=0, agent=self._name, number=number, event=event)
        self._supervised.tell(self._name, told)

    def _question(self, seen: Observation) -> Question:
        return Question(
            agent=self._name,
            planned=planned(self._name),
            number=0,
            on_page=1,
            step=self._page.count,
            t_ms=self._supervised.t_ms,
            observation=seen,
            decision=Decision(
                Click(x=2, y=2), p_accept=0.4, novelty=0.5, alternatives=((Click(x=3, y=3), 0.3),)
            ),
            reason=Reason.RISK,
        )

    def _assignment(self) -> Assignment:
        return Assignment(
            agent=self._name,
            planned=planned(self._name),
            t_ms=self._supervised.t_ms,
            observation=replace(self._page.observation, goal="count"),
        )


async def main(path: Path, latch_path: Path, folder: Path, asks: int, agents: list[str]) -> None:
    async with Supervised(agents, path) as supervised:
        with LeasedLatch(latch_path, supervised) as latch:
            counters = [Counter(name, folder, supervised, latch) for name in agents]
            await asyncio.gather(supervised.over(), *(each.work(asks) for each in counters))


if __name__ == "__main__":
    at, latched, where, often, *names = sys.argv[1:]
    try:
        asyncio.run(main(Path(at), Path(latched), Path(where), int(often), names))
    except RefusedError:
        sys.exit(1)
