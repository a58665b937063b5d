"""Cells and policies that need no browser: quick, and the same each time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import msgspec
import numpy as np

from harness.errors import InfrastructureError
from harness.measure.events import OnDuty, PlannedEpisode, RunClosed, RunEvent, RunOpened
from harness.measure.log import read_log
from harness.measure.report.rows import RowName
from harness.modes.cell import Cell, Stage
from harness.run.manifests import Episodes, Frozen, FrozenEpisode, Shifts, freeze
from harness.run.messages import Lost, Settled
from harness.run.playing import Crew, Played, play
from harness.run.rows import Casting
from harness.run.score import runs_in
from harness.run.standing import log_paths
from harness.run.suite import Request
from recorder.schema import AgentContext, Click, Decision, Observation, Thresholds
from tests.harness.measure.stories import Story

CELLS, BROKEN = "tests.harness.run.fakes:cells", "tests.harness.run.fakes:broken_cells"
DEADLY_CELLS, DEADLY = "tests.harness.run.fakes:deadly_cells", "miniwob-click-button/1//"
POLICY = "tests.harness.run.fakes:Clicker"
TASKS = ("miniwob-click-test", "miniwob-click-button", "miniwob-enter-text", "miniwob-click-tab")


class Clicker:
    """Clicks where the goal's hash says, and is as sure as that."""

    def __init__(self) -> None:
        self.thresholds = Thresholds(
            ask_below=0.3, resume_above=0.3, novel_below=0.0, irreversible_below=0.9
        )
        self.agents: set[str] = set()

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        self.agents.update(context.agent for context in batch)
        chances = [Random(f"{each.observation.goal} {each.step}") for each in batch]
        return [
            Decision(Click(x=each.randrange(160), y=60), each.random(), 1.0) for each in chances
        ]


class Other(Clicker):
    """Another policy."""


class FakeCell:
    """Some episodes, told one after another, with one person who is on duty on shifts."""

    def __init__(self, key: str, plan: Sequence[PlannedEpisode], *, has_duty: bool) -> None:
        self.key = key
        self.plan = tuple(plan)
        self._has_duty = has_duty

    async def play(self, stage: Stage) -> list[RunEvent]:
        events: list[RunEvent] = []
        now_ms = 0
        for planned in self.plan:
            chance = Random(f"{stage.seed} {planned.key}")
            story = Story(planned, agent=self.key, now_ms=now_ms)
            for step in range(chance.randrange(1, 6)):
                await asyncio.sleep(chance.random() / 100)
                context = AgentContext(self.key, looking(planned.key), step)
                stage.album.see(planned.key, step, context.observation.pixels)
                (decision,) = stage.policy.decide([context])
                story.steps(1)
                if decision.p_accept < stage.thresholds.ask_below:
                    story.ask().contact(round(3000 * chance.random()))
            story.steps(1).done().end(verified=chance.random() < 0.7)
            now_ms = story.now_ms
            events += story.events
        return [*events, OnDuty(t_start_ms=0, t_end_ms=now_ms)] if self._has_duty else events


class BrokenCell(FakeCell):
    """Its browser breaks the first time that a process plays it, and each time in one task."""

    async def play(self, stage: Stage) -> list[RunEvent]:
        events = await super().play(stage)
        planned = self.plan[0]
        times = _PLAYED[planned.key] = _PLAYED.get(planned.key, 0) + 1
        if planned.task == TASKS[0] and "UNDERSTUDY_TEST_IS_WELL" not in os.environ:
            raise InfrastructureError("the browser is gone")
        if times > 1:
            return events
        return [
            *Story(planned, agent=self.key).steps(1).end(verified=False, broke="it died").events
        ]


class DeadlyCell(FakeCell):
    """Kills whoever plays it, in one episode."""

    async def play(self, stage: Stage) -> list[RunEvent]:
        if self.key == DEADLY:
            os._exit(9)
        return await super().play(stage)


_PLAYED: dict[str, int] = {}


def looking(goal: str) -> Observation:
    """Return what an agent sees: nothing but its goal."""
    return Observation(
        pixels=np.zeros((2, 2, 3), np.uint8), cursor=(0, 0), t_ns=0, goal=goal, elements=()
    )


def cells(frozen: Frozen, name: RowName, casting: Casting) -> list[Cell]:
    """Make the cells of a row."""
    return _cells(frozen, FakeCell)


def broken_cells(frozen: Frozen, name: RowName, casting: Casting) -> list[Cell]:
    """Make the cells of a row whose browser breaks."""
    return _cells(frozen, BrokenCell)


def deadly_cells(frozen: Frozen, name: RowName, casting: Casting) -> list[Cell]:
    """Make the cells of a row of which one kills who plays it."""
    return _cells(frozen, DeadlyCell)


def _cells(frozen: Frozen, kind: type[FakeCell]) -> list[Cell]:
    if isinstance(frozen.work, Shifts):
        return [
            kind(f"shift-{number}", [frozen.planned(each) for each in items], has_duty=True)
            for number, items in enumerate(frozen.work.shifts)
        ]
    plans = [frozen.planned(each) for each in frozen.work.all_episodes]
    return [kind(plan.key, [plan], has_duty=False) for plan in plans]


def episodes(n_seeds: int = 3, tasks: Sequence[str] = TASKS) -> Frozen:
    """Return a manifest of single episodes."""
    every = [FrozenEpisode(task, seed) for task in tasks for seed in range(n_seeds)]
    return freeze("small", Episodes(tuple(every)))


def shifts(n_shifts: int = 4, n_items: int = 6) -> Frozen:
    """Return a manifest of shifts."""
    work = Shifts(
        shifts=tuple(
            tuple(
                FrozenEpisode(TASKS[item % len(TASKS)], number * n_items + item)
                for item in range(n_items)
            )
            for number in range(n_shifts)
        ),
        n_agents=(1, 2, 4),
        allocators=("fifo", "random"),
        reference=(2, "fifo"),
        patience_s=60.0,
        taught=TASKS[:3],
    )
    return freeze("small-shifts", work)


def request(manifest: Frozen | None = None, rows: Sequence[str] = ("ours", "null")) -> Request:
    """Return a suite that is quickly played."""
    return Request(
        manifest=manifest or episodes(), policy=POLICY, rows=tuple(rows), operator={}, cells=CELLS
    )


class Silent:
    """Hears how far a suite is, and counts."""

    def __init__(self) -> None:
        self.settled: list[Settled] = []
        self.lost: list[Lost] = []

    def begin(self, planned: Mapping[str, int], missing: Mapping[str, int]) -> None: ...

    def settle(self, report: Settled) -> None:
        self.settled.append(report)

    def lose(self, report: Lost) -> None:
        self.lost.append(report)


def played(folder: Path, asked: Request, workers: int = 1) -> Played:
    """Play a suite in a folder, or go on with it."""
    return play(folder, asked, tools={}, crew=Crew(workers=workers), told=Silent())


def events_in(folder: Path) -> list[bytes]:
    """Return what happened in all runs of a suite, whoever played it and in whatever order."""
    return sorted(
        str(plan.name).encode() + msgspec.json.encode(event)
        for path, plan in runs_in(folder)
        for log in log_paths(path)
        for event in read_log(log)
        if not isinstance(event, RunOpened | RunClosed)
    )


def bytes_in(folder: Path) -> dict[Path, bytes]:
    """Return every file below a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def big() -> Request:
    """Return a suite that takes long enough to be killed in."""
    return request(shifts(n_shifts=12), rows=("ours/N=2/fifo", "null/N=2/fifo"))


if __name__ == "__main__":
    played(Path(sys.argv[1]), big(), workers=2)
