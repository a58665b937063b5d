"""Long runs: nothing leaks, nothing is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import psutil
import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium, Tab
from harness.env.page import Outcome, TaskPage
from harness.tasks.registry import web_tasks
from recorder.schema import Click, Observation
from tests.harness.crew import chromium
from tests.soak import repeats

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

EPISODES = repeats(120, 1000)
SIZE = 4
NOTHING = Observation(pixels=np.zeros((1, 1, 3), np.uint8), cursor=(0, 0), t_ns=0)
MINIWOB = [task for task in web_tasks().values() if "miniwob" in task.tags]


def memory_mb() -> float:
    """Return what this process and all its children hold, shared pages counted once."""
    me = psutil.Process()
    total = 0
    for process in [me, *me.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:  # it ended while we looked
            continue
    return total / 1e6


async def episode(page: TaskPage, number: int, *, kill: bool) -> Outcome:
    outcome = await page.reset(MINIWOB[number % len(MINIWOB)], number)
    if kill:
        chromium().kill()
    for place in range(4):
        if outcome.terminated or outcome.truncated:
            break
        outcome = await page.step(Click(x=20 + 30 * place, y=120))
    return outcome


async def run(kill_in: int | None) -> tuple[list[Outcome], list[float]]:
    """Play all episodes, the browser killed in one of them.

    Returns:
        How they ended, and memory in megabytes every tenth of the way.
    """
    numbers = list(reversed(range(EPISODES)))
    outcomes: list[Outcome] = []
    memory: list[float] = []

    async def member(browsers: Browsers[Tab]) -> None:
        page = TaskPage(browsers)
        while numbers:
            # an observation kept is memory that grows
            number = numbers.pop()
            outcome = await episode(page, number, kill=number == kill_in)
            outcomes.append(replace(outcome, observation=NOTHING))
            if len(outcomes) % (EPISODES // 10) == 0:
                memory.append(memory_mb())
        await page.close()

    async with Browsers(Chromium.start) as browsers:
        await asyncio.gather(*(member(browsers) for _ in range(SIZE)))
    return outcomes, memory


def test_memory_does_not_grow_and_no_episode_is_lost() -> None:
    outcomes, memory = asyncio.run(run(kill_in=None))
    assert len(outcomes) == EPISODES
    assert not [outcome for outcome in outcomes if "infrastructure_error" in outcome.info]
    # what is not yet collected comes and goes with the pages shown; a leak raises the floor
    assert min(memory[-4:]) <= 1.10 * min(memory[:4])


def test_a_killed_browser_loses_only_the_episodes_in_flight() -> None:
    outcomes, _ = asyncio.run(run(kill_in=EPISODES // 2))
    assert len(outcomes) == EPISODES
    lost = [outcome for outcome in outcomes if "infrastructure_error" in outcome.info]
    assert 1 <= len(lost) <= SIZE
    assert all(outcome.truncated and outcome.reward == 0 for outcome in lost)
