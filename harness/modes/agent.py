"""One agent in one episode: it acts until it asks, on the clock that it shares with others.

The page's own clock moves with actions only. While an agent waits for a person, or the person reads
and points, the page stands still: how long a queue is changes when things happen, not what happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from harness.actions import is_irreversible
from harness.control import Phase, decide, hand_over
from harness.env.page import Outcome, TaskPage
from harness.errors import InfrastructureError, StoppedError
from harness.gate import Reason
from harness.guard import Guard, GuardRules
from harness.measure.events import (
    DoneClaimed,
    EpisodeEnded,
    EpisodeEvent,
    EpisodeStarted,
    HelpRequested,
    Initiator,
    IrreversibleAct,
    PlannedEpisode,
    StepTaken,
)
from harness.modes.actuator import Actuator, Stopped
from harness.modes.cell import Stage
from harness.modes.operators import Assignment, Question, Request
from harness.modes.triggers import Moment, OperatorMode, Trigger
from harness.tasks.registry import web_task
from recorder.codec import action_to_dict
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Controller,
    Decision,
    Done,
    Observation,
    Wait,
)

_LOST_MS = 100  # that an action takes which cannot be done
_RULES = GuardRules(is_irreversible_allowed=True)  # whether it is sure enough is for its trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What an agent is to do, and when it asks."""

    name: str
    planned: PlannedEpisode
    trigger: Trigger
    mode: OperatorMode
    start_ms: int = 0
    """By the shared clock."""


class Agent:
    """Plays one episode and keeps what happened.

    Args:
        role: what it is to do.
        page: that nothing else uses until the episode is over.
        stage: whose policy decides.
        ticked: called whenever its clock has moved.
    """

    def __init__(
        self, role: Role, page: TaskPage, stage: Stage, ticked: Callable[[], None] | None = None
    ) -> None:
        self.role = role
        self.page = page
        self.events: list[EpisodeEvent] = []
        self.hands_on_ms = 0
        """That people were at its controls."""
        self.acceptances: list[float] = []
        """Of its decisions so far."""
        self.phase = Phase.AUTONOMOUS
        self._now_ms = role.start_ms
        self._stage = stage
        self._actuator = Actuator(page, role.name, Guard(_RULES), stage.latch)
        self._ticked = ticked or (lambda: None)
        self._outcome: Outcome | None = None
        self._steps = 0
        self._last: Action | None = None
        self._asked: list[int] = []
        """The page on which each question came."""
        self._allowed: Decision | None = None

    @property
    def now_ms(self) -> int:
        """The shared clock, as far as this agent has come; it never goes back."""
        return self._now_ms

    @property
    def is_over(self) -> bool:
        """The episode has ended."""
        return self.phase is Phase.ENDED

    @property
    def observation(self) -> Observation:
        """What the page shows."""
        return self._seen.observation

    @property
    def is_page_over(self) -> bool:
        """The page has ended the episode, by its own word or a limit."""
        return self._seen.terminated or self._seen.truncated

    # The episode ----------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Show the task."""
        planned = self.role.planned
        started = EpisodeStarted(t_ms=self._now_ms, planned=planned, agent=self.role.name)
        self.events.append(started)
        self._stage.album.begin(planned.key)
        try:
            task = web_task(planned.task)
            self._outcome = await self.page.reset(task, planned.seed, planned.faults)
        except InfrastructureError as error:
            self.end(str(error))

    async def work(self) -> Request | None:
        """Act until somebody is needed; None when the episode is over."""
        if not self.is_over:
            self._hand_over(Phase.AUTONOMOUS, "let go")
        try:
            while not self.is_over:
                if self.role.mode is OperatorMode.DOES_ALL:
                    return self._assignment()
                decision, self._allowed = self._allowed, None
                if decision is None:
                    decision = await self._decide()
                    if reason := await self.role.trigger.reason(self._moment(decision)):
                        return self._question(decision, reason)
                await self._do(decision)
        except InfrastructureError as error:
            self.end(str(error))
        return None

    def allow(self, decision: Decision) -> None:
        """Let it begin with this decision when it works on, without asking again."""
        self._allowed = decision

    def pass_time(self, ms: int) -> None:
        """Move the clock on; the page stands still."""
        self._now_ms += ms
        self._ticked()

    async def obey(self, action: Action, ms: int) -> StepTaken:
        """Do what a person's hands do, which takes them so long, and return the step.

        Raises:
            InfrastructureError: the page is gone.
            TransitionError: the episode is over.
        """
        self._hand_over(Phase.TAKEOVER, "a person acts")
        self._show()
        before, outcome = self._seen, await self.page.step(action)
        step = StepTaken(
            episode=self.role.planned.key,
            t_ms=self._now_ms,
            controller=Controller.HUMAN,
            action=action.KIND,
            duration_ms=max(ms, _page_ms(outcome) - _page_ms(before)),
            deed=json.dumps(action_to_dict(action)),
        )
        self._take(step, outcome, action)
        return step

    def end(self, failure: str = "") -> None:
        """Write down how the episode ended.

        Args:
            failure: what broke down that is no fault of the agent; empty where nothing did.
        """
        self._hand_over(Phase.ENDED, failure or "the end of the episode")
        info = self._outcome.info if self._outcome else {}
        ended = EpisodeEnded(
            episode=self.role.planned.key,
            t_ms=self._now_ms,
            is_verified=not failure and info.get("verified") is True,
            hands_on_s=self.hands_on_ms / 1000,
            damage_s=self._stage.operator.harm_s if info.get("harm") else 0.0,
            infrastructure_error=failure,
        )
        self.events.append(ended)

    # Parts ----------------------------------------------------------------------------------------

    @property
    def _seen(self) -> Outcome:
        if self._outcome is None:
            raise InfrastructureError(f"{self.role.planned.key} shows nothing: it did not begin")
        return self._outcome

    @property
    def _context(self) -> AgentContext:
        # by episode: what is remembered, or drawn by the name, does not depend on who plays it
        return AgentContext(self.role.planned.key, self.observation, self._steps, self._last)

    async def _decide(self) -> Decision:
        self.pass_time(self._stage.think_ms)
        self._show()
        decision = await decide(self._stage.policy, self._context)
        self.acceptances.append(decision.p_accept)
        return decision

    def _show(self) -> None:
        self._stage.album.see(self.role.planned.key, self._steps, self.observation.pixels)

    def _moment(self, decision: Decision) -> Moment:
        return Moment(self.role.planned, self.page, self._context, decision)

    async def _do(self, decision: Decision) -> None:
        if isinstance(decision.action, Ask):  # an alarm, though nobody was to come
            self._note_request(Initiator.AGENT)
        before, action = self._seen, decision.action
        outcome = await self._actuator.act(action, self.observation, self._now_ms)
        if isinstance(outcome, Stopped):
            raise StoppedError(f"{outcome.agent} was stopped; release it to go on")
        if not isinstance(outcome, Outcome):  # refused: the step is lost, the episode goes on
            action = Wait(duration_ms=_LOST_MS)
            outcome = await self.page.step(action)
        step = StepTaken(
            episode=self.role.planned.key,
            t_ms=self._now_ms,
            controller=Controller.POLICY,
            action=action.KIND,
            duration_ms=_page_ms(outcome) - _page_ms(before),
            p_accept=decision.p_accept,
            novelty=decision.novelty,
        )
        self._take(step, outcome, action)
        if self.is_page_over:
            self.end()

    def _take(self, step: StepTaken, outcome: Outcome, action: Action) -> None:
        before, self._outcome = self._seen, outcome
        self._last = action
        self._steps += 1
        self.events.append(step)
        self.pass_time(step.duration_ms)
        self._note_commitment(action, step.controller, before)

    def _question(self, decision: Decision, reason: Reason) -> Question:
        question = Question(
            agent=self.role.name,
            planned=self.role.planned,
            number=len(self._asked),
            on_page=1 + self._asked.count(self.page.milestones),
            step=self._steps,
            t_ms=self._now_ms,
            observation=self.observation,
            decision=decision,
            reason=reason,
        )
        self._asked.append(self.page.milestones)
        self._note_request(question.initiator)
        self._hand_over(Phase.ASKING, reason)
        return question

    def _assignment(self) -> Assignment:
        self._hand_over(Phase.ASKING, "to be done by a person")
        return Assignment(
            agent=self.role.name,
            planned=self.role.planned,
            t_ms=self._now_ms,
            observation=self.observation,
        )

    def _hand_over(self, target: Phase, reason: str) -> None:
        if target is not self.phase or self.is_over:
            self.phase = hand_over(self.phase, target, t_ms=self._now_ms, reason=reason).target

    def _note_request(self, initiator: Initiator) -> None:
        asked = HelpRequested(episode=self.role.planned.key, t_ms=self._now_ms, initiator=initiator)
        self.events.append(asked)

    def _note_commitment(self, action: Action, controller: Controller, before: Outcome) -> None:
        key, now_ms = self.role.planned.key, self._now_ms
        if isinstance(action, Done):
            claimed = DoneClaimed(episode=key, t_ms=now_ms, controller=controller)
            self.events.append(claimed)
        # a page that takes no more was handed in, rightly or wrongly
        elif self._seen.terminated or is_irreversible(action, before.observation.elements):
            done = IrreversibleAct(episode=key, t_ms=now_ms, controller=controller)
            self.events.append(done)


def _page_ms(outcome: Outcome) -> int:
    if failure := outcome.info.get("infrastructure_error"):
        raise InfrastructureError(failure)
    return outcome.info["virtual_ms"]
