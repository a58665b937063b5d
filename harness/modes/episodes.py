"""One episode with a person of its own, who is always there."""

from __future__ import annotations

from dataclasses import dataclass

from harness.env.page import PageConfig, TaskPage
from harness.errors import InfrastructureError
from harness.measure.events import PlannedEpisode, RunEvent
from harness.modes.agent import Agent, Role
from harness.modes.cell import Stage
from harness.modes.contacts import attend
from harness.modes.operators import Operator, SimulatedOperator
from harness.modes.triggers import OperatorMode, TriggerName, trigger

_AGENT = "agent-0"
PAGE = PageConfig(elements=True)
"""How agents see the pages that they work on."""


@dataclass(frozen=True, slots=True)
class EpisodeCell:
    """One episode of one agent and one person: nobody ever waits."""

    planned: PlannedEpisode
    trigger: TriggerName = "own"
    mode: OperatorMode = OperatorMode.HELPS
    person: Operator | None = None
    """Who helps; None for the simulated person of the stage."""

    @property
    def key(self) -> str:
        """Its name in the run."""
        return self.planned.key

    @property
    def plan(self) -> tuple[PlannedEpisode, ...]:
        """The one episode."""
        return (self.planned,)

    async def play(self, stage: Stage) -> list[RunEvent]:
        """Play it and return all that happened."""
        asking = trigger(self.trigger, stage.thresholds, stage.seed)
        role = Role(name=_AGENT, planned=self.planned, trigger=asking, mode=self.mode)
        simulated = SimulatedOperator(stage.operator, stage.seed, beside=_AGENT)
        operator = self.person or simulated
        page = TaskPage(stage.browsers, PAGE)
        agent = Agent(role, page, stage)
        try:
            await agent.begin()
            while request := await agent.work():
                await attend(agent, request, operator, request.t_ms)
        except InfrastructureError as error:
            agent.end(str(error))
        finally:
            await page.close()
        return [*agent.events]
