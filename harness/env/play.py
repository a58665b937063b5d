"""Lets an expert play an episode on a task page."""

from __future__ import annotations

from contextlib import aclosing
from random import Random

from harness.env.page import Outcome, TaskPage
from harness.tasks.experts.catalog import expert_of
from harness.tasks.task import WebTask


async def play(page: TaskPage, task: WebTask, seed: int) -> Outcome:
    """Let the expert of a task play one episode and return how it ended.

    Raises:
        ConfigError: the task has no expert.
    """
    rng = Random(f"{task.name}:{seed}")
    outcome = await page.reset(task, seed)
    while not (outcome.terminated or outcome.truncated):
        before = page.milestones
        expert = expert_of(task.pages[before])
        async with aclosing(expert(page, rng)) as actions:  # pyright: ignore[reportArgumentType]
            async for action in actions:
                outcome = await page.step(action)
                if outcome.terminated or outcome.truncated or page.milestones != before:
                    break
            else:
                return outcome
    return outcome
