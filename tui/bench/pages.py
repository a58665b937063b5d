"""Made-up screens of agents at work: lines of text on a page, of which a little changes each time.

    python -m tui.bench.pages SOCKET LATCH AGENTS

shows them as that many agents would, tells the hub of their steps, and has every eighth agent ask.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.gate import Reason
from harness.hub.errors import SupersededError
from harness.hub.events import Happened
from harness.hub.frames import FrameWriter
from harness.hub.pictures import Pictures
from harness.hub.proposals import proposal
from harness.hub.requests import HelpRequest
from harness.hub.untrusted import shown
from harness.hub.worker import LeasedLatch, Supervised
from harness.measure.events import EpisodeStarted, Initiator, PlannedEpisode, StepTaken
from harness.tasks.task import HumanTime
from recorder.schema import Click, Controller
from tui.crew import agent_names

FRAMES_PER_S = 5.0
SIZE = (640, 480)
"""Width and height of a page, px."""
_STEP_EVERY = 10
"""Frames between two steps of an agent."""
_ASKS_EVERY = 8
"""Agents for each one that asks."""
_PATIENCE_MS = 3_600_000
_CYCLE = 16
_LINE_PX, _LETTER_PX, _TITLE_PX = 12, 6, 40


def planned(agent: str) -> PlannedEpisode:
    """Return the work of an agent."""
    human = HumanTime(seconds=10, sd_log=0.4, n=1)
    return PlannedEpisode(task="bench", seed=int(agent.removeprefix("agent-")), human=human)


def pages(seed: int) -> list[NDArray[np.uint8]]:
    """Return frames, (H, W, 3) RGB: one page after another is filled line by line."""
    draws = np.random.default_rng(seed)
    width, height = SIZE
    page = np.full((height, width, 3), 245, np.uint8)
    page[:_TITLE_PX] = draws.integers(0, 200, 3, dtype=np.uint8)
    frames: list[NDArray[np.uint8]] = []
    lines = range(_TITLE_PX, height - _LINE_PX, (height - _TITLE_PX) // _CYCLE)
    for top in list(lines)[:_CYCLE]:
        letters = draws.integers(0, 2, width // _LETTER_PX, dtype=np.uint8)
        row = np.repeat(255 - 215 * letters, _LETTER_PX)
        page[top : top + _LINE_PX, : len(row)] = row[None, :, None]
        frames.append(page.copy())
    return frames


class _Agent:
    def __init__(self, name: str, supervised: Supervised, frames: list[NDArray[np.uint8]]) -> None:
        assert supervised.welcome is not None
        self._name = name
        self._supervised = supervised
        self._frames = frames
        self._writer = FrameWriter(Path(supervised.welcome.frames) / name)
        self._pictures = Pictures(Path(supervised.welcome.folder) / "pictures")

    async def work(self, *, is_asking: bool) -> None:
        self._tell(EpisodeStarted(t_ms=0, planned=planned(self._name), agent=self._name))
        asking = asyncio.create_task(self._ask()) if is_asking else None
        for turn in range(sys.maxsize):
            self._writer.show(self._frames[turn % _CYCLE], time.monotonic_ns())
            is_free = self._supervised.may_act(self._name) and asking is None
            if is_free and turn % _STEP_EVERY == _STEP_EVERY - 1:
                self._tell(_step(self._name, self._supervised.t_ms))
            await asyncio.sleep(1 / FRAMES_PER_S)

    async def _ask(self) -> None:
        for number in range(sys.maxsize):
            try:
                await self._supervised.ask(self._request(f"{self._name}-{number}"))
            except SupersededError:
                continue

    def _request(self, name: str) -> HelpRequest:
        return HelpRequest(
            id=f"{self._supervised.life[:6]}-{name}",
            agent=self._name,
            episode=planned(self._name).key,
            step=0,
            reason=Reason.RISK,
            initiator=Initiator.AGENT,
            proposed=proposal(Click(x=100, y=100), 0.4),
            novelty=0.5,
            frame=self._pictures.keep(self._frames[0]),
            size=SIZE,
            goal=shown("fill the page"),
            is_irreversible=False,
            deadline_ms=self._supervised.t_ms + _PATIENCE_MS,
        )

    def _tell(self, event: EpisodeStarted | StepTaken) -> None:
        number = self._supervised.next_number(self._name)
        told = Happened(t_ms=0, agent=self._name, number=number, event=event)
        self._supervised.tell(self._name, told)


def _step(agent: str, t_ms: int) -> StepTaken:
    return StepTaken(
        episode=planned(agent).key,
        t_ms=t_ms,
        controller=Controller.POLICY,
        action=Click.KIND,
        duration_ms=1,
        p_accept=0.9,
        novelty=0.5,
    )


async def _work(socket: Path, latch: Path, n_agents: int) -> None:
    names = agent_names(n_agents)
    async with Supervised(names, socket) as supervised:
        with LeasedLatch(latch, supervised):
            agents = [_Agent(name, supervised, pages(at)) for at, name in enumerate(names)]
            await asyncio.gather(
                supervised.over(),
                *(each.work(is_asking=not at % _ASKS_EVERY) for at, each in enumerate(agents)),
            )


if __name__ == "__main__":
    try:
        asyncio.run(_work(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
    except HarnessError:
        sys.exit(1)  # it was sent away
