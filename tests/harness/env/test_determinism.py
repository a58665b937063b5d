"""The same task, seed and actions give the same pixels and rewards, however busy it is."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from typing import TypeAlias

import pytest

from harness.env.page import Outcome, PageConfig, TaskPage
from harness.env.stage import AREA
from harness.tasks.registry import web_tasks
from harness.tasks.task import WebTask
from recorder.schema import Action, Click, Drag, Element, KeyChord, ScrollBy, TypeText
from tests.harness.crew import crew
from tests.soak import repeats

Trace: TypeAlias = tuple[str, ...]

STEPS = 6
MINIWOB = [task for task in web_tasks().values() if "miniwob" in task.tags]


def inside(element: Element) -> Click:
    x, y, width, height = element.box
    return Click(
        x=min(AREA[0] - 1, max(0, x + width // 2)), y=min(AREA[1] - 1, max(0, y + height // 2))
    )


def some_action(rng: Random, elements: tuple[Element, ...]) -> Action:
    """Return what an agent without much sense would do: mostly click on something."""
    x, y = rng.randrange(AREA[0]), rng.randrange(50, AREA[1])
    chance = rng.random()
    things = [element for element in elements if element.role != "document"]
    if chance < 0.65 and things:
        return inside(rng.choice(things))
    if chance < 0.75:
        return TypeText(text=rng.choice(["hello", "12", "Tea"]))
    if chance < 0.85:
        return KeyChord(key=rng.choice(["Tab", "Enter", "ArrowDown", "Backspace"]))
    if chance < 0.9:
        return ScrollBy(x=x, y=y, dy=rng.choice([-1, 1, 2]))
    return Drag(path=((x, y), (80, 100), (y * 3 % AREA[0], x + 50)))


def digest(outcome: Outcome) -> str:
    seen = outcome.observation
    told = (seen.elements, seen.goal, outcome.reward, outcome.terminated, seen.t_ns)
    return hashlib.sha256(seen.pixels.tobytes() + repr(told).encode()).hexdigest()


async def trace(page: TaskPage, job: tuple[WebTask, int]) -> Trace:
    task, seed = job
    rng = Random(f"{task.name}:{seed}")
    outcome = await page.reset(task, seed)
    found = [digest(outcome)]
    while len(found) <= STEPS and not (outcome.terminated or outcome.truncated):
        outcome = await page.step(some_action(rng, outcome.observation.elements))
        found.append(digest(outcome))
    return tuple(found)


@contextmanager
def hogs(count: int) -> Generator[None]:
    """Keep cores busy."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_contexts_and_load_change_nothing() -> None:
    seeds = range(500, 500 + repeats(1, 5))
    jobs = [(task, seed) for task in MINIWOB[:: repeats(6, 1)] for seed in seeds]
    config = PageConfig(elements=True)
    many = crew(jobs, trace, size=8, config=config)
    with hogs(2):
        one = crew(jobs, trace, size=1, config=config)
    differ = {task.name for task, seed in jobs if many[task, seed] != one[task, seed]}
    assert differ == set()
