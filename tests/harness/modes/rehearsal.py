"""A policy that knows its episodes by heart, with doubts and mistakes where a test wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeVar

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium, Tab
from harness.env.page import TaskPage
from harness.latch import Latch
from harness.measure.events import PlannedEpisode
from harness.modes.cell import Stage
from harness.modes.operators import OperatorConfig
from harness.tasks.experts.playing import deeds
from harness.tasks.registry import web_task
from recorder.schema import Action, AgentContext, Click, Decision, Thresholds, Wait

Result = TypeVar("Result")

DOUBTING = Thresholds(ask_below=0.5, resume_above=0.5, novel_below=0.01, irreversible_below=0.5)
IN_THE_CORNER = Click(x=0, y=209)
"""Presses nothing on any page."""


def planned(task: str, seed: int = 1, faults: tuple[str, ...] = ()) -> PlannedEpisode:
    """Return an episode of a web task, worth what people take for it."""
    return PlannedEpisode(task=task, seed=seed, human=web_task(task).human, faults=faults)


@dataclass(frozen=True)
class Rehearsed:
    """Does what was rehearsed, step by step; a share of its steps is wrong."""

    parts: Mapping[str, Sequence[Action]]
    """What to do in each episode, by key."""
    wrong: float = 0.0
    """Share of steps at which it would press where nothing is."""
    until: int = 1_000_000
    """Steps after which none is wrong."""
    knows: float = 1.0
    """Share of those that it knows to be wrong."""
    novelty: float = 0.5
    """p-value of whatever it sees."""
    first: Callable[[], None] = lambda: None
    """What it does to the world before it decides."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the next action of each."""
        self.first()
        return [self._decision(each) for each in batch]

    def _decision(self, context: AgentContext) -> Decision:
        part = self.parts.get(context.agent, ())
        known = part[context.step] if context.step < len(part) else Wait(duration_ms=100)
        chance = Random(f"{context.agent} {context.step}")
        if chance.random() >= self.wrong or context.step >= self.until:
            return Decision(known, p_accept=0.95, novelty=self.novelty)
        p_accept = 0.1 if chance.random() < self.knows else 0.9
        return Decision(IN_THE_CORNER, p_accept=p_accept, novelty=self.novelty)


@dataclass(frozen=True)
class Idle:
    """Waits for ever."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a wait for each."""
        return [Decision(Wait(duration_ms=1000), p_accept=0.9, novelty=0.5) for _ in batch]


@dataclass
class Theatre:
    """Browsers, and what was rehearsed in them."""

    browsers: Browsers[Tab]
    parts: dict[str, list[Action]] = field(default_factory=dict[str, list[Action]])

    async def rehearse(self, plan: Iterable[PlannedEpisode]) -> None:
        """Learn episodes by heart from their experts."""
        page = TaskPage(self.browsers)
        for each in plan:
            task = web_task(each.task)
            await page.reset(task, each.seed, each.faults)
            self.parts[each.key] = part = []
            async with aclosing(deeds(page, task, each.seed)) as found:
                async for deed in found:
                    part.append(deed.action)
                    outcome = await page.step(deed.action)
                    if outcome.terminated or outcome.truncated:
                        break
        await page.close()

    def stage(
        self, policy: Rehearsed | Idle | None, latch: Path, operator: OperatorConfig | None = None
    ) -> Stage:
        """Return a stage for a policy; without one, for one that does all that was rehearsed."""
        return Stage(
            policy=policy or Rehearsed(self.parts),
            browsers=self.browsers,
            thresholds=DOUBTING,
            operator=operator or OperatorConfig(),
            seed=7,
            latch=Latch(latch),
        )


def in_theatre(work: Callable[[Theatre], Awaitable[Result]]) -> Result:
    """Return what a coroutine returns that is given a theatre."""

    async def run() -> Result:
        async with Browsers(Chromium.start) as browsers:
            return await work(Theatre(browsers))

    return asyncio.run(run())
