"""How much faster than a person a click on the light is on a desktop, next to step by step."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from harness.bench.speed_ups import Figures, Row, figures
from harness.env.desktop import DesktopEnv
from harness.env.spaces import from_action, to_observation
from harness.errors import InfrastructureError, MisfitError
from harness.gate import SILENT
from harness.modes.fast_forward.by_heart import ByHeart, Deed, rehearsed
from harness.modes.fast_forward.desk_guard import on_a_desktop
from harness.modes.fast_forward.desk_running import DeskRunner
from harness.modes.fast_forward.planning import Planner
from harness.modes.fast_forward.ran import Ran
from harness.tasks.desktop import desktop_task, desktop_tasks, solve
from recorder.schema import Done

TASKS = tuple(task.name for task in desktop_tasks())
GOAL = 30.0
"""Times faster than a person."""


def run(
    *, tasks: Sequence[str], episodes: int, seed: int, report: Callable[[str], None]
) -> Figures:
    """Return the speed-up of each task, and over all of them.

    Each episode is done twice: by the task's expert, through the environment's own steps, and then
    by a policy that knows it by heart from that.

    Args:
        tasks: names of desktop tasks.
        episodes: of each task.
        seed: of the first episode; each next one has the next.
        report: told what is being measured.

    Raises:
        UnknownTaskError: no desktop task of some name.
        InfrastructureError: no display, an app of a task is not installed, or fails every time.
    """
    rows = [Row(task.name, task.human.seconds) for task in map(desktop_task, tasks)]
    load_before = os.getloadavg()[0]
    for row in rows:
        with closing(DesktopEnv(row.task)) as env:
            for number in range(seed, seed + episodes):
                report(f"{row.task}, episode {number}")
                try:
                    _measure(row, env, number)
                except InfrastructureError as error:
                    row.lost.append(str(error))
                    if len(row.lost) == episodes:
                        raise
    said = {"episodes": episodes, "seed": seed}
    return {**said, "cpus": os.cpu_count(), "load_before": load_before, **figures(rows, GOAL)}


def _measure(row: Row, env: DesktopEnv, seed: int) -> None:
    part, took_ms = asyncio.run(rehearse(env, seed))
    ran = forward(env, part, seed)
    row.note_peer(took_ms)
    row.note(ran)


async def rehearse(env: DesktopEnv, seed: int) -> tuple[tuple[Deed, ...], float | None]:
    """Have an expert do an episode step by step.

    Returns:
        What it did to what, and how long it took in ms; None where it did not succeed.

    Raises:
        InfrastructureError: the episode does not begin.
    """
    env.reset(seed=seed)
    part: list[Deed] = []
    begun, looked_s, reward = time.perf_counter(), 0.0, 0.0
    async for action in solve(env.screen):
        if not isinstance(action, Done):
            before_s = time.perf_counter()
            part.append(rehearsed(action, env.desk.elements()))
            looked_s += time.perf_counter() - before_s
        _, reward, terminated, truncated, _ = env.step(from_action(action))
        if terminated or truncated:
            break
    took_ms = 1000 * (time.perf_counter() - begun - looked_s)
    return tuple(part), took_ms if reward == 1 else None


def forward(env: DesktopEnv, part: tuple[Deed, ...], seed: int) -> Ran | None:
    """Run an episode that is known by heart; None where its plan is not understood.

    Raises:
        InfrastructureError: the episode does not begin, or its display or app is gone.
    """
    sample, _ = env.reset(seed=seed)
    observation = to_observation(sample)
    planner = Planner(ByHeart(part), SILENT, "bench", on_a_desktop)
    plan = planner.plan(observation, 0)
    if not plan.is_understood:
        return None
    runner = DeskRunner(env.desk, env.screen.scene, planner)
    try:
        return runner.run(runner.ready(plan), observation, 0)
    except MisfitError:
        return None
