"""How much faster than a person a click on the light is, next to the same work step by step."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from harness.errors import MisfitError
from harness.gate import SILENT
from harness.measure.events import Outcome
from harness.modes.fast_forward.light import is_lit
from harness.modes.fast_forward.planning import Planner, sees_pixels
from harness.modes.fast_forward.ran import Ran, together
from harness.modes.fast_forward.running import PageRan, Runner
from harness.modes.fast_forward.work import Outlook
from harness.tasks.registry import web_task
from harness.tasks.task import WebTask
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    KeyChord,
    Observation,
    TypeText,
    points_of,
)

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

    Each page of a job has a light and a click of its own; the runs of all its pages stand beside
    the time that people take for all of them.

    Args:
        policy: it or its name, as `load_policy` takes it.
        tasks: names of web tasks and jobs.
        episodes: of each task.
        seed: of the first episode; each next one has the next.
        report: told what is being measured.

    Raises:
        ConfigError: there is no such policy.
        UnknownTaskError: no web task of some name.
    """
    rows = [Row(task.name, task.human.seconds) for task in map(web_task, tasks)]
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


async def _forward(page: TaskPage, policy: Policy, task: WebTask, seed: int) -> Ran | None:
    """Run an episode, page by page; None where the light stays dark on one of them."""
    seen = await page.reset(task, seed)
    thresholds = thresholds_of(policy) or SILENT
    planner = Planner(policy, thresholds, "bench")
    runner = Runner(page, planner, is_pictured=sees_pixels(policy))
    done: list[PageRan] = []
    while not done or (done[-1].outcome is Outcome.VERIFIED and not seen.terminated):
        step = sum(len(ran.steps) for ran in done)
        offer = Outlook(planner.plan(seen.observation, step), task.human.seconds)
        if not is_lit(offer, thresholds):
            return None
        try:
            ready = await runner.ready(offer.plan)
        except MisfitError:
            return None
        done.append(await runner.run(ready, seen, step))
        seen = done[-1].seen
        if sees_pixels(policy) and not seen.terminated:  # a run ends without a picture
            observation = await page.pictured(seen.observation)
            seen = replace(seen, observation=observation)
    return together(done)


# The peer -----------------------------------------------------------------------------------------


async def _step_by_step(
    tab: RecordableTab, policy: Policy, task: WebTask, seed: int
) -> float | None:
    """Return how long the same policy takes by Playwright, in ms; None where it does not succeed.

    It looks at the page before each action, and at nothing but what it needs: the elements, and a
    picture where the policy looks at pictures.
    """
    begun, away_s, step = time.perf_counter(), 0.0, 0
    for number, name in enumerate(task.pages):
        opening_s = time.perf_counter()
        place = [name, task.page_seed(str(seed), number)]
        opened = await tab.page.evaluate("([path, seed]) => stage.open(path, seed)", place)
        away_s += time.perf_counter() - opening_s
        done = await _page_step_by_step(tab.page, policy, opened["goal"], step)
        if done is None:
            return None
        step += done
    return 1000 * (time.perf_counter() - begun - away_s)


async def _page_step_by_step(page: Page, policy: Policy, goal: str, step: int) -> int | None:
    """Return how many actions a page took; None where it was not won."""
    cursor, last = (0, 0), None
    for number in range(_LONGEST):
        found = await page.evaluate("() => stage.rest()")
        if found["over"]:
            return number if found["reward"] == 1 else None
        observation = await _observation(page, policy, goal, found["elements"])
        seen = replace(observation, cursor=cursor)
        (decision,) = policy.decide([AgentContext("peer", seen, step + number, last)])
        if not await _done(page, decision.action):
            return None
        last = decision.action
        cursor = next(iter(points_of(last)), cursor)
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
