"""Experts do what is planned in front of the recorder, several pages side by side."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, suppress
from itertools import count
from pathlib import Path

from harness.demonstrate.browser import RecordableChromium, RecordableTab
from harness.demonstrate.page import Status
from harness.demonstrate.plan import Plan, Unit, open_folder
from harness.demonstrate.stage import Filming, Stage, recorded_stage
from harness.demonstrate.takes import Take, list_recording, take_stock
from harness.env.browsers import Browsers, Lease
from harness.errors import ConfigError, ExpertError, InfrastructureError
from harness.tasks.experts.playing import Manner, deeds
from harness.tasks.registry import web_task

_EPISODES_A_RECORDING = 25  # so much is lost when a recording cannot be saved
_ATTEMPTS = 3
_FILMING = Filming(
    consent="nobody is recorded: scripts do tasks of our own in a browser of their own",
    fps=1,  # each action asks for an image of its own; this keeps the browser from sending more
    settle_ms=100,  # environments give a page as much
)

Told = Callable[[Take], object]


def demonstrate(
    folder: Path, plan: Plan, *, workers: int = 4, told: Told = lambda take: None
) -> list[Unit]:
    """Record what is missing of a plan, and return what could not be recorded.

    Args:
        folder: new, empty, or with part of the same plan.
        plan: what to record.
        workers: pages side by side.
        told: called with each take, those recorded earlier first.

    Raises:
        ConfigError: the plan cannot be done, or the folder holds something else.
        InfrastructureError: there is no browser to be had.
    """
    if workers < 1:
        raise ConfigError(f"cannot record with {workers} workers; allowed: 1 or more")
    missing = missing_units(folder, plan, told)
    crew = _Crew(folder, plan, missing, told)
    if missing:
        asyncio.run(crew.work(min(workers, len(missing))))
    return crew.lost


def missing_units(folder: Path, plan: Plan, told: Told) -> list[Unit]:
    """Open the folder of a plan, tell of all its takes, and return what is still to be recorded.

    Raises:
        ConfigError: the plan cannot be done, or the folder holds something else.
    """
    plan.check()
    open_folder(folder, plan)
    units = dict.fromkeys(plan.units)
    for take in take_stock(folder):
        if take.unit in units:
            del units[take.unit]
            told(take)
    return list(units)


def free_names(folder: Path) -> Iterator[str]:
    """Yield names for new recordings."""
    taken = {path.name for path in (folder / "recordings").iterdir()}
    return (name for number in count(1) if (name := f"{number:04}") not in taken)


class _Crew:
    """Records units until none waits."""

    def __init__(self, folder: Path, plan: Plan, units: Iterable[Unit], told: Told) -> None:
        self.lost: list[Unit] = []
        self._folder = folder
        self._plan = plan
        self._waiting = deque(units)
        self._told = told
        self._attempts: Counter[Unit] = Counter()
        self._names = free_names(folder)

    async def work(self, workers: int) -> None:
        """Record everything with so many pages side by side."""
        async with Browsers(RecordableChromium.start) as browsers:
            group = [asyncio.create_task(self._record_all(browsers)) for _ in range(workers)]
            try:
                await asyncio.gather(*group)
            finally:
                for task in group:
                    task.cancel()
                await asyncio.gather(*group, return_exceptions=True)

    async def _record_all(self, browsers: Browsers[RecordableTab]) -> None:
        while self._waiting:
            name = next(self._names)
            lease = await browsers.open()
            try:
                played = await self._record(name, lease)
            finally:
                await lease.close()
            takes = await asyncio.to_thread(list_recording, self._folder, name)
            for take in takes:
                self._told(take)
            sound = {take.unit for take in takes}
            for unit in played:
                if unit not in sound:
                    self._try_again(unit)

    async def _record(self, name: str, lease: Lease[RecordableTab]) -> list[Unit]:
        played: list[Unit] = []
        folder = self._folder / "recordings" / name
        async with recorded_stage(folder, lease, _FILMING) as stage:
            while self._waiting and len(played) < _EPISODES_A_RECORDING:
                unit = self._waiting.popleft()
                played.append(unit)
                try:
                    await stage.clear()
                    await stage.begin(unit, self._plan.faults)
                    await stage.end(await self._play(stage, unit))
                except InfrastructureError:
                    break
        return played

    async def _play(self, stage: Stage, unit: Unit) -> Status:
        task, page = web_task(unit.task), stage.page
        manner = Manner(paced=self._plan.pace == "human", slips=self._plan.slips)
        status, steps = Status(), 0
        with suppress(ExpertError):  # then the episode ends where it is
            async with aclosing(deeds(page, task, unit.seed, manner)) as found:
                async for deed in found:
                    before = page.milestones
                    await page.look()
                    status = await page.do(stage.expert, deed.action, deed.parts)
                    steps += 1
                    if status.is_over or steps >= task.max_steps:
                        break
                    if page.milestones != before:
                        stage.turn()
        return status

    def _try_again(self, unit: Unit) -> None:
        self._attempts[unit] += 1
        is_lost = self._attempts[unit] >= _ATTEMPTS
        (self.lost if is_lost else self._waiting).append(unit)
