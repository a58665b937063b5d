"""Experts do tasks in a page in front of the recorder."""

from __future__ import annotations

from collections import deque
from contextlib import aclosing, suppress
from pathlib import Path

from harness.demonstrate.browser import RecordableTab
from harness.demonstrate.page import Status
from harness.demonstrate.plan import Plan, Unit
from harness.demonstrate.stage import Filming, Stage, recorded_stage
from harness.env.browsers import Browsers
from harness.errors import ExpertError, InfrastructureError
from harness.tasks.experts.playing import Manner, deeds
from harness.tasks.registry import web_task

EPISODES_A_RECORDING = 25  # so much is lost when a recording cannot be saved
_FILMING = Filming(
    consent="nobody is recorded: scripts do tasks of our own in a browser of their own",
    fps=1,  # each action asks for an image of its own; this keeps the browser from sending more
    settle_ms=100,  # environments give a page as much
)


class PageRecorder:
    """Records in a page at a time, each recording in a new one.

    Args:
        folder: of the demonstrations.
        plan: what is demonstrated.
        browsers: that pages are opened in.
    """

    def __init__(self, folder: Path, plan: Plan, browsers: Browsers[RecordableTab]) -> None:
        self._folder = folder
        self._plan = plan
        self._browsers = browsers

    async def record(self, name: str, waiting: deque[Unit]) -> list[Unit]:
        """Record units that wait, as many as a recording holds, and return what was played."""
        played: list[Unit] = []
        lease = await self._browsers.open()
        try:
            folder = self._folder / "recordings" / name
            async with recorded_stage(folder, lease, _FILMING) as stage:
                while waiting and len(played) < EPISODES_A_RECORDING:
                    unit = waiting.popleft()
                    played.append(unit)
                    try:
                        await stage.clear()
                        await stage.begin(unit, self._plan.faults)
                        await stage.end(await self._play(stage, unit))
                    except InfrastructureError:
                        break
        finally:
            await lease.close()
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
