"""Lets an expert play an episode on a task page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from harness.env.page import Outcome, TaskPage
from harness.tasks.experts.playing import FULL_SPEED, Manner, deeds
from harness.tasks.task import WebTask


async def play(
    page: TaskPage,
    task: WebTask,
    seed: int,
    faults: Sequence[str] = (),
    manner: Manner = FULL_SPEED,
) -> Outcome:
    """Let the expert of a task play one episode and return how it ended.

    Raises:
        ConfigError: the task has no expert, or there is no fault of some name.
    """
    outcome = await page.reset(task, seed, faults)
    async with aclosing(deeds(page, task, seed, manner)) as found:
        async for deed in found:
            for action in deed.condensed:
                outcome = await page.step(action)
                if outcome.terminated or outcome.truncated:
                    return outcome
    return outcome
