"""One episode of a person at work beside the light, as a unit of a run."""

from __future__ import annotations

from dataclasses import dataclass

from harness.env.page import PageConfig, TaskPage
from harness.errors import InfrastructureError
from harness.measure.events import OnDuty, PlannedEpisode, RunEvent
from harness.modes.cell import Stage
from harness.modes.fast_forward.light import is_lit
from harness.modes.fast_forward.work import Work

PAGE = PageConfig(elements=True)
"""How people and policies see the pages that they work on."""


@dataclass(frozen=True, slots=True)
class ForwardCell:
    """One episode that a scripted person works on, and fast-forwards when the light is on."""

    planned: PlannedEpisode

    @property
    def key(self) -> str:
        """Its name in the run."""
        return self.planned.key

    @property
    def plan(self) -> tuple[PlannedEpisode, ...]:
        """The one episode."""
        return (self.planned,)

    async def play(self, stage: Stage) -> list[RunEvent]:
        """Play it and return what happened; of that, `exec_ms` and its split are real time.

        Raises:
            StoppedError: a person stopped the agents.
        """
        page = TaskPage(stage.browsers, PAGE)
        work = Work(self.planned, page, stage)
        try:
            await _played(work, stage)
        except InfrastructureError as error:
            work.end(str(error))
        finally:
            await page.close()
        return [*work.events, OnDuty(t_start_ms=0, t_end_ms=work.now_ms)]


async def _played(work: Work, stage: Stage) -> None:
    await work.begin()
    has_run = False
    while not work.is_over:
        outlook = work.outlook()
        # after a run that stopped, the person acts before the light may come back
        may_light = not has_run and is_lit(outlook, stage.thresholds, least_s=work.click_s)
        has_run = False
        ready = await work.ready(outlook.plan) if may_light else None
        if ready and not work.overlooks():
            await work.forward(outlook, ready)
            has_run = True
        else:
            await work.act(outlook if ready else None)
    await work.finish()
