"""How much faster than a person a click on the light is, next to the same work step by step."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.bench.speed_ups import Figures, Row, figures
from harness.control import Policy, load_policy, thresholds_of
from harness.demonstrate.browser import RecordableChromium, RecordableTab
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import PageConfig, TaskPage
from harness.env.seeing import decoded, listed
from harness.env.stage import AREA
from harness.errors import ConfigError, MisfitError
from harness.gate import SILENT
from harness.modes.fast_forward.planning import Planner, sees_pixels
from harness.modes.fast_forward.running import PageRan, Runner
from harness.tasks.registry import web_task
from harness.tasks.task import WebTask
from recorder.schema import Action, AgentContext, Click, KeyChord, Observation, TypeText

if TYPE_CHECKING:
    from playwright.async_api import Page

READER = "harness.modes.fast_forward.reader:reader"
TASKS = (
    "miniwob-enter-text",
    "miniwob-enter-text-dynamic",
    "miniwob-login-user",
    "miniwob-enter-password",
    "miniwob-login-user-popup",
    "miniwob-click-checkboxes",
    "miniwob-click-checkboxes-large",
)
"""Tasks of four human seconds and more that the reader can do."""
GOAL = 100.0
"""Times faster than a person."""
_LONGEST = 40
_HELD = {"ctrl": "Control", "shift": "Shift", "alt": "Alt", "meta": "Meta"}


def run(
    *, policy: str, tasks: Sequence[str], episodes: int, seed: int, report: Callable[[str], None]
) -> Figures:
    """Return the speed-up of each task, and over all of them.

    Args:
        policy: it or its name, as `load_policy` takes it.
        tasks: names of web tasks.
        episodes: of each task.
        seed: of the first episode; each next one has the next.
        report: told what is being measured.

    Raises:
        ConfigError: there is no such policy, or a task has several pages.
        UnknownTaskError: no web task of some name.
    """
    asked = [web_task(name) for name in tasks]
    for task in asked:
        if len(task.pages) > 1:  # else the time of all would stand beside the run of one
            raise ConfigError(
                f"{task.name} has {len(task.pages)} pages, each with a light of its own; name "
                "tasks of one page, or play it by `bench suite --mode fast-forward`"
            )
    rows = [Row(task.name, task.human.seconds) for task in asked]
    load_before = os.getloadavg()[0]
    asyncio.run(_measure(load_policy(policy), rows, range(seed, seed + episodes), report))
    said = {"policy": policy, "episodes": episodes, "seed": seed}
    return {**said, "cpus": os.cpu_count(), "load_before": load_before, **figures(rows, GOAL)}


async def _measure(
    policy: Policy, rows: Sequence[Row], seeds: range, report: Callable[[str], None]
) -> None:
    async with Browsers(Chromium.start) as ours, Browsers(RecordableChromium.start) as theirs:
        page = TaskPage(ours, PageConfig(elements=True))
        lease = await theirs.open()
        # what is loaded at first is nobody's to pay for
        await _forward(page, policy, web_task(rows[0].task), seeds.start)
        await _step_by_step(lease.tab, policy, web_task(rows[0].task), seeds.start)
        for row in rows:
            task = web_task(row.task)
            for seed in seeds:
                report(f"{row.task}, episode {seed}")
                row.note(await _forward(page, policy, task, seed))
                row.note_peer(await _step_by_step(lease.tab, policy, task, seed))
        await page.close()
        await lease.close()


async def _forward(page: TaskPage, policy: Policy, task: WebTask, seed: int) -> PageRan | None:
    """Plan a whole episode and run it; None where the plan is not understood."""
    seen = await page.reset(task, seed)
    planner = Planner(policy, thresholds_of(policy) or SILENT, "bench")
    runner = Runner(page, planner, is_pictured=sees_pixels(policy))
    plan = planner.plan(seen.observation, 0)
    if not plan.is_understood:
        return None
    try:
        return await runner.run(await runner.ready(plan), seen, 0)
    except MisfitError:
        return None


# The peer -----------------------------------------------------------------------------------------


async def _step_by_step(
    tab: RecordableTab, policy: Policy, task: WebTask, seed: int
) -> float | None:
    """Return how long the same policy takes by Playwright, in ms; None where it does not succeed.

    It looks at the page before each action, and at nothing but what it needs: the elements, and a
    picture where the policy looks at pictures.
    """
    page = tab.page
    place = [task.pages[0], str(seed)]
    opened = await page.evaluate("([path, seed]) => stage.open(path, seed)", place)
    begun = time.perf_counter()
    for step in range(_LONGEST):
        found = await page.evaluate("() => stage.rest()")
        if found["over"]:
            is_won = found["reward"] == 1
            return 1000 * (time.perf_counter() - begun) if is_won else None
        observation = await _observation(page, policy, opened["goal"], found["elements"])
        (decision,) = policy.decide([AgentContext("peer", observation, step)])
        if not await _done(page, decision.action):
            return None
    return None


async def _observation(
    page: Page, policy: Policy, goal: str, elements: Sequence[dict[str, Any]]
) -> Observation:
    pixels = np.zeros((AREA[1], AREA[0], 3), np.uint8)
    if sees_pixels(policy):
        pixels = decoded(await page.screenshot())
    return Observation(pixels, (0, 0), 0, goal, listed(elements))


async def _done(page: Page, action: Action) -> bool:
    match action:
        case Click():
            await page.mouse.click(action.x, action.y, click_count=action.count)
        case TypeText():
            await page.keyboard.type(action.text)
        case KeyChord():
            chord = "+".join([*(_HELD[name] for name in action.modifiers), action.key])
            for _ in range(action.count):
                await page.keyboard.press(chord)
        case _:
            return False
    return True
