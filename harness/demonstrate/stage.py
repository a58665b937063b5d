"""The stage with the recorder on: where experts and people do tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.demonstrate.browser import RecordableTab
from harness.demonstrate.page import RecordedPage, Status
from harness.demonstrate.plan import Unit
from harness.env.browsers import Lease
from harness.env.server import HOST
from harness.tasks.registry import web_task
from recorder.align.pieces import (
    FAILURE,
    LIMIT,
    SUCCESS,
    TASK_END,
    TASK_NAME,
    TASK_SEED,
)
from recorder.align.view import TASK_GOAL, TASK_START
from recorder.browser.actor import BrowserActor
from recorder.browser.recorder import BrowserRecorder
from recorder.capture import Capture
from recorder.clock import SystemClock
from recorder.gate import Gate, Rules
from recorder.ledger import Ledger
from recorder.schema import Controller, Mark, Move
from recorder.store import Manifest, RecordingWriter
from recorder.video import VideoSettings

_RULES = Rules(trust_domains=(HOST,))
_VIDEO = VideoSettings(chroma="yuv444p", qp=12)  # so small a page is mostly edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Filming:
    """How a stage is recorded."""

    consent: str
    """The notice that was agreed to."""
    fps: int
    settle_ms: int
    """Real time given to a page to answer an action."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that is being recorded, and who acts on it."""

    capture: Capture
    page: RecordedPage
    expert: BrowserActor
    stagehand: BrowserActor
    """Sets the stage between two episodes."""

    async def begin(self, unit: Unit, faults: tuple[str, ...]) -> None:
        """Show a task; its episode begins.

        Raises:
            InfrastructureError: the page is gone.
        """
        task = web_task(unit.task)
        await self.page.begin(task, unit.seed, faults)
        self.mark(TASK_NAME, task.name)
        self.mark(TASK_SEED, str(unit.seed))
        self.mark(TASK_START, self.page.goal)

    async def clear(self) -> None:
        """Put the pointer into its corner, where every episode finds it."""
        await self.stagehand.perform(Move(x=0, y=0))

    def turn(self) -> None:
        """Note that the page has another goal now."""
        self.mark(TASK_GOAL, self.page.goal)

    async def end(self, status: Status) -> None:
        """End the episode; an outcome on disk says that all before it is on disk."""
        await asyncio.to_thread(self.capture.flush)
        self.mark(TASK_END, _outcome(status))

    def mark(self, label: str, text: str) -> None:
        """Keep a mark."""
        self.capture.note(Mark(t_ns=self.capture.clock.now_ns(), label=label, text=text))


def _outcome(status: Status) -> str:
    if not status.is_over:
        return LIMIT
    return SUCCESS if status.success else FAILURE


@asynccontextmanager
async def recorded_stage(
    folder: Path, lease: Lease[RecordableTab], filming: Filming
) -> AsyncGenerator[Stage]:
    """Record a page with the stage into a new folder, for the length of the block."""
    capture = _open_capture(folder, filming.consent)
    ledger = Ledger()
    try:
        recording = BrowserRecorder(
            lease.tab.context, capture, ledger=ledger, fps=filming.fps, lossless=True
        )
        async with recording as recorder:
            await recorder.ready()
            yield Stage(
                capture,
                RecordedPage(lease, recorder, settle_ms=filming.settle_ms),
                BrowserActor(
                    lease.tab.page, ledger, Controller.SCRIPT, "expert", recorder=recorder
                ),
                BrowserActor(lease.tab.page, ledger, Controller.SCRIPT, "stagehand"),
            )
    finally:
        await asyncio.to_thread(capture.close)


def _open_capture(folder: Path, consent: str) -> Capture:
    """Begin a recording of our own task pages, whose fields hold no secrets."""
    clock = SystemClock()
    manifest = Manifest(
        name=folder.name,
        source="browser",
        started_realtime_ns=clock.realtime_ns(),
        started_ns=clock.now_ns(),
        consent=consent,
        settings={"trust_domains": list(_RULES.trust_domains)},
    )
    return Capture(RecordingWriter(folder, manifest), Gate(_RULES), clock=clock, video=_VIDEO)
