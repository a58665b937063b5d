"""What is known of the agents that wait, which is all that an allocator goes by."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.gate import Reason
from harness.measure.events import Initiator
from harness.modes.agent import Agent
from harness.modes.allocators import Waiting
from harness.modes.operators import OperatorConfig, Question, Request
from harness.tasks.registry import web_task

_USUAL = 0.95
"""Acceptance of an agent that has not decided anything yet."""


@dataclass(slots=True)
class _Mean:
    total: float
    count: int = 1

    @property
    def value(self) -> float:
        return self.total / self.count

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1


@dataclass(slots=True)
class Outlook:
    """Expects of the next help what help took so far, by the reason that it was asked for."""

    config: OperatorConfig
    """Of the person."""
    _service_s: dict[Reason, _Mean] = field(default_factory=dict[Reason, _Mean])

    def learn(self, request: Request, seconds: float) -> None:
        """Note how long help took, from when the person was there until they let go."""
        if isinstance(request, Question):
            self._mean(request.reason).add(seconds)

    def waiting(self, number: int, agent: Agent, request: Request) -> Waiting:
        """Return what is known of an agent that waits.

        Without help it succeeds if this action is right and all the rest are; with help, if the
        person judges rightly and all the rest are. How many are left is told from how many the
        pages took that are done.

        Args:
            number: of the agent.
            agent: that waits.
            request: what for.
        """
        planned = request.planned
        pages, done = len(web_task(planned.task).pages), agent.page.milestones
        left_s = planned.human.seconds * (pages - done) / pages
        if not isinstance(request, Question):
            return Waiting(
                agent=number,
                since_ms=request.t_ms,
                uncertainty=1.0,
                novelty=0.0,
                is_constraint=False,
                risk=1.0,
                left_s=left_s,
                service_s=left_s,
                p_alone=0.0,
                p_help=1.0,
            )
        decision = request.decision
        rest = _usual(agent) ** _steps_left(request.step, pages, done)
        p_alone = 0.0 if request.reason is Reason.LOOP else decision.p_accept * rest
        return Waiting(
            agent=number,
            since_ms=request.t_ms,
            uncertainty=1 - decision.p_accept,
            novelty=1 - decision.novelty,
            is_constraint=request.initiator is Initiator.RULE,
            risk=1 - p_alone,
            left_s=left_s,
            service_s=self._mean(request.reason).value,
            p_alone=p_alone,
            p_help=(1 - self.config.wrong_approvals) * rest,
        )

    def _mean(self, reason: Reason) -> _Mean:
        config = self.config
        shortest_s = config.diagnose_s + config.answer_s + config.verify_s
        return self._service_s.setdefault(reason, _Mean(shortest_s))


def _usual(agent: Agent) -> float:
    """Return what its decisions are like, but for the one that it asks about."""
    before = [_USUAL, *agent.acceptances[:-1]]
    return sum(before) / len(before)


def _steps_left(steps: int, pages: int, done: int) -> float:
    a_page = steps / done if done else steps + 1
    return max(0.0, (pages - done) * a_page - 1)
