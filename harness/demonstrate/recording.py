"""Experts do what is planned in front of the recorder, several pages side by side."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from harness.demonstrate.page import RecordedPage, Status
from harness.demonstrate.plan import Plan, Unit, open_folder
from harness.demonstrate.takes import Take, list_recording, take_stock
from harness.env.browsers import Browsers, Lease
from harness.env.server import HOST
from harness.errors import ConfigError, InfrastructureError
from harness.tasks.experts.playing import deeds
from harness.tasks.registry import web_task
from recorder.align.pieces import (
    FAILURE,
    LIMIT,
    SUCCESS,
    TASK_END,
    TASK_NAME,
    TASK_SEED,
    TASK_START,
)
from recorder.browser.actor import BrowserActor
from recorder.browser.recorder import BrowserRecorder
from recorder.capture import Capture
from recorder.clock import SystemClock
from recorder.gate import Gate, Rules
from recorder.ledger import Ledger
from recorder.schema import Controller, Mark, Move
from recorder.store import Manifest, RecordingWriter
from recorder.video import VideoSettings

AGENT = "expert"
RULES = Rules(trust_domains=(HOST,))
_CONSENT = "nobody is recorded: scripts do tasks of our own in a browser of their own"
_EPISODES_A_RECORDING = 25  # so much is lost when a recording cannot be saved
_ATTEMPTS = 3
_SETTLE_MS = 100  # real time for a page to answer an action; environments give it as much
_QUIET_FPS = 1  # each action asks for its own image; this keeps the browser from sending more

_VIDEO = VideoSettings(chroma="yuv444p", qp=12)  # so small a page is mostly edges

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
    plan.check()
    open_folder(folder, plan)
    units = dict.fromkeys(plan.units)
    for take in take_stock(folder):
        if take.unit in units:
            del units[take.unit]
            told(take)
    crew = _Crew(folder, plan, units, told)
    if units:
        asyncio.run(crew.work(min(workers, len(units))))
    return crew.lost


@dataclass(frozen=True, slots=True)
class _Set:
    """A stage with the recorder on, and who acts on it."""

    capture: Capture
    page: RecordedPage
    expert: BrowserActor
    stagehand: BrowserActor
    """Sets the stage between two episodes."""

    def mark(self, label: str, text: str) -> None:
        """Keep a mark."""
        self.capture.note(Mark(t_ns=self.capture.clock.now_ns(), label=label, text=text))


class _Crew:
    """Records units until none waits."""

    def __init__(
        self, folder: Path, plan: Plan, units: Iterator[Unit] | dict[Unit, None], told: Told
    ) -> None:
        self.lost: list[Unit] = []
        self._folder = folder
        self._plan = plan
        self._waiting = deque(units)
        self._told = told
        self._attempts: Counter[Unit] = Counter()
        self._names = _free_names(folder)

    async def work(self, workers: int) -> None:
        """Record everything with so many pages side by side."""
        async with Browsers() as browsers, asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._record_all(browsers))

    async def _record_all(self, browsers: Browsers) -> None:
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

    async def _record(self, name: str, lease: Lease) -> list[Unit]:
        played: list[Unit] = []
        async with self._stage(name, lease) as stage:
            while self._waiting and len(played) < _EPISODES_A_RECORDING:
                unit = self._waiting.popleft()
                played.append(unit)
                try:
                    await self._play(stage, unit)
                except InfrastructureError:
                    break
        return played

    def _try_again(self, unit: Unit) -> None:
        self._attempts[unit] += 1
        is_lost = self._attempts[unit] >= _ATTEMPTS
        (self.lost if is_lost else self._waiting).append(unit)

    @asynccontextmanager
    async def _stage(self, name: str, lease: Lease) -> AsyncGenerator[_Set]:
        capture = open_capture(self._folder / "recordings" / name, _CONSENT)
        ledger = Ledger()
        try:
            recording = BrowserRecorder(
                lease.context, capture, ledger=ledger, fps=_QUIET_FPS, lossless=True
            )
            async with recording as recorder:
                await recorder.ready()
                yield _Set(
                    capture,
                    RecordedPage(lease, recorder, settle_ms=_SETTLE_MS),
                    BrowserActor(lease.page, ledger, Controller.SCRIPT, AGENT, recorder=recorder),
                    BrowserActor(lease.page, ledger, Controller.SCRIPT, "stagehand"),
                )
        finally:
            await asyncio.to_thread(capture.close)

    async def _play(self, stage: _Set, unit: Unit) -> None:
        task = web_task(unit.task)
        await stage.stagehand.perform(Move(x=0, y=0))
        await stage.page.begin(task, unit.seed, self._plan.faults)
        stage.mark(TASK_NAME, task.name)
        stage.mark(TASK_SEED, str(unit.seed))
        stage.mark(TASK_START, stage.page.goal)
        status, steps = Status(), 0
        async with aclosing(deeds(stage.page, task, unit.seed)) as found:
            async for deed in found:
                await stage.page.look()
                status = await stage.page.do(stage.expert, deed.action, deed.parts)
                steps += 1
                if status.is_over or steps >= task.max_steps:
                    break
        # an outcome on disk says that all before it is on disk
        await asyncio.to_thread(stage.capture.flush)
        stage.mark(TASK_END, outcome(status))


def outcome(status: Status) -> str:
    """Return how an episode ended, in the words of a mark."""
    if not status.is_over:
        return LIMIT
    return SUCCESS if status.success else FAILURE


def open_capture(folder: Path, consent: str) -> Capture:
    """Begin a recording of our own task pages, whose fields hold no secrets."""
    clock = SystemClock()
    manifest = Manifest(
        name=folder.name,
        source="browser",
        started_realtime_ns=clock.realtime_ns(),
        started_ns=clock.now_ns(),
        consent=consent,
        settings={"trust_domains": list(RULES.trust_domains)},
    )
    return Capture(RecordingWriter(folder, manifest), Gate(RULES), clock=clock, video=_VIDEO)


def _free_names(folder: Path) -> Iterator[str]:
    taken = {path.name for path in (folder / "recordings").iterdir()}
    return (name for number in count(1) if (name := f"{number:04}") not in taken)
