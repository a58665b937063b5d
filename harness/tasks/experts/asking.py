"""What an expert would do next, asked anew at each step of somebody else."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from harness.errors import ExpertError
from harness.tasks.experts.catalog import has_expert
from harness.tasks.experts.playing import PlayedPage, deeds
from harness.tasks.faults import Fault
from harness.tasks.task import WebTask
from recorder.schema import Action


async def expert_action(page: PlayedPage, task: WebTask, seed: int) -> Action | None:
    """Return what an expert would do next on the page shown, or None where it knows no way.

    Args:
        page: in whatever state somebody left it.
        task: that is played on it.
        seed: of the episode.
    """
    if not has_expert(task.pages[page.milestones]):
        return None
    try:
        async with aclosing(deeds(_AsIs(page), task, seed)) as found:
            async for deed in found:
                return deed.action
    except ExpertError:
        return None
    return None


@dataclass(frozen=True, slots=True)
class _AsIs:
    """A page for an expert that is asked anew at each step.

    It needs no help against what moves: it looks again after each click, where one that coped would
    forever begin by setting it going.
    """

    page: PlayedPage

    @property
    def goal(self) -> str:
        return self.page.goal

    @property
    def milestones(self) -> int:
        return self.page.milestones

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(fault for fault in self.page.faults if fault != Fault.MOVED)

    async def read(self, function: str, *values: Any) -> Any:
        return await self.page.read(function, *values)
