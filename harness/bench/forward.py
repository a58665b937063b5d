"""How much faster than a person a click on the light is, next to the same work step by step."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.control import Policy, load_policy, thresholds_of
from harness.demonstrate.browser import RecordableChromium, RecordableTab
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import PageConfig, TaskPage
from harness.env.seeing import decoded, listed
from harness.env.stage import AREA
from harness.errors import MisfitError
from harness.gate import SILENT
from harness.measure.events import Outcome, TimeSplit
from harness.modes.fast_forward.planning import Planner, sees_pixels
from harness.modes.fast_forward.running import Part, Ran, Runner
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


@dataclass(slots=True)
class _Row:
    """What one task came to."""

    task: WebTask
    dark: int = 0
    """Episodes in which the light stayed dark."""
    failed: int = 0
    """Runs that stopped or were wrong."""
    splits: list[TimeSplit] = field(default_factory=list[TimeSplit])
    """Of verified runs."""
    peer_ms: list[float] = field(default_factory=list[float])
    """Of the same episodes, step by step; verified ones only."""


def run(
    *, policy: str, tasks: Sequence[str], episodes: int, seed: int, report: Callable[[str], None]
) -> dict[str, Any]:
    """Return every figure of the benchmark by its name.

    Args:
        policy: it or its name, as `load_policy` takes it.
        tasks: names of web tasks.
        episodes: of each task.
        seed: of the first episode; each next one has the next.
        report: told what is being measured.

    Raises:
        ConfigError: there is no such policy.
        UnknownTaskError: no web task of some name.
    """
    rows = [_Row(web_task(name)) for name in tasks]
    load_before = os.getloadavg()[0]
    asyncio.run(_measure(load_policy(policy), rows, range(seed, seed + episodes), report))
    return {
        "policy": policy,
        "episodes": episodes,
        "seed": seed,
        "cpus": os.cpu_count(),
        "load_before": load_before,
        "tasks": {row.task.name: _figures(row) for row in rows},
        "all": _overall(rows),
    }


async def _measure(
    policy: Policy, rows: Sequence[_Row], seeds: range, report: Callable[[str], None]
) -> None:
    async with Browsers(Chromium.start) as ours, Browsers(RecordableChromium.start) as theirs:
        page = TaskPage(ours, PageConfig(elements=True))
        lease = await theirs.open()
        # what is loaded at first is nobody's to pay for
        await _forward(page, policy, rows[0].task, seeds.start)
        await _step_by_step(lease.tab, policy, rows[0].task, seeds.start)
        for row in rows:
            for seed in seeds:
                report(f"{row.task.name}, episode {seed}")
                _note(row, await _forward(page, policy, row.task, seed))
                took_ms = await _step_by_step(lease.tab, policy, row.task, seed)
                row.peer_ms += [] if took_ms is None else [took_ms]
        await page.close()
        await lease.close()


def _note(row: _Row, ran: Ran | None) -> None:
    if ran is None:
        row.dark += 1
    elif ran.outcome is Outcome.VERIFIED:
        row.splits.append(ran.split)
    else:
        row.failed += 1


async def _forward(page: TaskPage, policy: Policy, task: WebTask, seed: int) -> Ran | None:
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


# Figures ------------------------------------------------------------------------------------------


def _figures(row: _Row) -> dict[str, Any]:
    human_ms = 1000 * row.task.human.seconds
    ours_ms = [split.total_ms for split in row.splits]
    ours, peer = _median(ours_ms), _median(row.peer_ms)
    return {
        "human_s": row.task.human.seconds,
        "verified": len(row.splits),
        "failed": row.failed,
        "dark": row.dark,
        "median_ms": ours,
        "speed_up": human_ms / ours if ours else None,
        "share_at_goal": _share([human_ms / ms for ms in ours_ms]),
        "split_ms": {
            str(part): _median([getattr(split, f"{part}_ms") for split in row.splits])
            for part in Part
        },
        "peer_verified": len(row.peer_ms),
        "peer_median_ms": peer,
        "peer_speed_up": human_ms / peer if peer else None,
        "peer_share_at_goal": _share([human_ms / ms for ms in row.peer_ms]),
    }


def _overall(rows: Sequence[_Row]) -> dict[str, Any]:
    ours = [1000 * row.task.human.seconds / each.total_ms for row in rows for each in row.splits]
    peer = [1000 * row.task.human.seconds / ms for row in rows for ms in row.peer_ms]
    return {
        "verified": len(ours),
        "failed": sum(row.failed for row in rows),
        "dark": sum(row.dark for row in rows),
        "median_speed_up": _median(ours),
        "share_at_goal": _share(ours),
        "peer_verified": len(peer),
        "peer_median_speed_up": _median(peer),
        "peer_share_at_goal": _share(peer),
    }


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _share(speed_ups: Sequence[float]) -> float | None:
    return sum(each >= GOAL for each in speed_ups) / len(speed_ups) if speed_ups else None


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    parts = [str(part) for part in Part]
    lines = [
        f"{'':32}{'human s':>8}{'ms':>8}{'times':>7}{'≥ 100':>7}"
        + "".join(f"{part:>9}" for part in parts)
        + f"{'stepwise ms':>13}{'times':>7}"
    ]
    for name, row in figures["tasks"].items():
        split = "".join(_cell(row["split_ms"][part], 9, ".1f") for part in parts)
        lines.append(
            f"{name:32}{row['human_s']:8.2f}"
            + _cell(row["median_ms"], 8, ".1f")
            + _cell(row["speed_up"], 7, ".0f")
            + _cell(row["share_at_goal"], 7, ".2f")
            + split
            + _cell(row["peer_median_ms"], 13, ".1f")
            + _cell(row["peer_speed_up"], 7, ".0f")
        )
    whole = figures["all"]
    lines.append(
        f"{'all verified runs':32}{'':16}"
        + _cell(whole["median_speed_up"], 7, ".0f")
        + _cell(whole["share_at_goal"], 7, ".2f")
        + " " * 9 * len(parts)
        + " " * 13
        + _cell(whole["peer_median_speed_up"], 7, ".0f")
    )
    told = f"{whole['verified']} verified, {whole['failed']} failed, {whole['dark']} dark"
    return "\n".join([*lines, told])


def _cell(value: float | None, width: int, form: str) -> str:
    return f"{'-' if value is None else format(value, form):>{width}}"
