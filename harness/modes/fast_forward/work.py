"""A person's work on one episode beside the light: what happens, when, and what was done."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from harness.actions import is_irreversible
from harness.env.page import Outcome as Seen
from harness.env.page import TaskPage
from harness.errors import InfrastructureError, MisfitError
from harness.measure.events import (
    ContactClosed,
    ContactKind,
    ContactOpened,
    DoneClaimed,
    EpisodeEnded,
    EpisodeEvent,
    EpisodeStarted,
    Initiator,
    IrreversibleAct,
    LightIgnored,
    LightLit,
    LightRun,
    Outcome,
    PlannedEpisode,
    StepTaken,
)
from harness.modes.cell import Stage
from harness.modes.fast_forward.light import left_of
from harness.modes.fast_forward.person import HumanStep, ScriptedPerson
from harness.modes.fast_forward.planning import Plan, Planner, sees_pixels
from harness.modes.fast_forward.running import PageRan, Ready, Runner
from harness.tasks.human import human_time
from harness.tasks.registry import web_task
from recorder.codec import action_to_dict
from recorder.schema import Action, Controller, Done

AGENT = "agent-0"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the policy makes of the page as it is."""

    plan: Plan
    left_s: float
    """Human baseline seconds of what the plan would do."""


class Work:
    """Keeps the clock and the events of one episode; whoever plays it says when the light is on.

    Args:
        planned: the episode.
        page: that nothing else uses until it is over.
        stage: whose policy decides, and whose person works.
    """

    def __init__(self, planned: PlannedEpisode, page: TaskPage, stage: Stage) -> None:
        self.events: list[EpisodeEvent] = []
        self.now_ms = 0
        self.planned = planned
        self._page = page
        self._stage = stage
        self._task = web_task(planned.task)
        self._person = ScriptedPerson(planned, stage.operator, stage.seed)
        self._planner = Planner(stage.policy, stage.thresholds, AGENT)
        self._runner = Runner(
            page,
            self._planner,
            is_pictured=sees_pixels(stage.policy),
            latch=stage.latch,
        )
        self._seen: Seen | None = None
        self._hands_on_ms = 0
        self._n_steps = 0
        self._on_page: list[Action] = []
        """What was done on the page that is shown."""

    async def begin(self) -> None:
        """Show the task.

        Raises:
            InfrastructureError: no browser shows it.
        """
        planned = self.planned
        self.events.append(EpisodeStarted(t_ms=0, planned=planned, agent=AGENT))
        self._seen = await self._page.reset(self._task, planned.seed, planned.faults)

    @property
    def is_over(self) -> bool:
        """The page has ended the episode, by its own word or a limit."""
        return self._now.terminated or self._now.truncated

    @property
    def seen(self) -> Seen:
        """What the page shows."""
        return self._now

    @property
    def n_steps(self) -> int:
        """Actions done so far, by anybody."""
        return self._n_steps

    @property
    def click_s(self) -> float:
        """Seconds that seeing the light, clicking it and looking at the result usually take."""
        return (self._person.usual_click_ms(self._page) + self._person.review_ms) / 1000

    def overlooks(self) -> bool:
        """Say whether the person leaves a light alone that is on."""
        return self._person.overlooks()

    def outlook(self) -> Outlook:
        """Return what the policy would do from here on."""
        last = self._on_page[-1] if self._on_page else None
        plan = self._planner.plan(self._now.observation, self._n_steps, last)
        page = self._task.pages[self._page.milestones].removesuffix(".html")
        return Outlook(plan, left_of(human_time(page).seconds, self._on_page, plan))

    async def ready(self, plan: Plan) -> Ready | None:
        """Return a plan that waits for the click; None where its targets cannot be watched."""
        try:
            return await self._runner.ready(plan)
        except MisfitError:
            return None

    async def act(self, ignored: Outlook | None = None) -> None:
        """Let the person do one thing, or give up.

        Args:
            ignored: what the light is on for, if it is; it goes out.

        Raises:
            ConfigError: a page of the task has no expert.
            InfrastructureError: the page is gone.
        """
        if ignored:
            self.events.append(self._lit(ignored))
        following = await self._person.next(self._page)
        if following is None:
            await self._give_up()
        else:
            await self._do(following)
        if ignored:
            self.events.append(LightIgnored(episode=self.planned.key, t_ms=self.now_ms))

    async def forward(self, found: Outlook, ready: Ready, *, is_clicked: bool = True) -> PageRan:
        """Light the light, have the person click it, and return what came of it.

        Args:
            found: what it is lit for.
            ready: the same plan.
            is_clicked: else it is run without asking them, and costs only their look at the result.

        Raises:
            InfrastructureError: the page is gone.
            StoppedError: a person stopped the agents.
        """
        key, lit_ms = self.planned.key, self.now_ms
        self.events.append(self._lit(found))
        await self._person.look_up()
        review_ms = self._person.review_ms
        click_ms = self._person.click_ms(self._page) if is_clicked else 0
        self.now_ms += click_ms
        opened = ContactOpened(
            episode=key,
            contact=ContactKind.CLICK,
            initiator=Initiator.HUMAN,
            t_request_ms=None,
            t_notice_ms=lit_ms,
            t_engage_ms=lit_ms,
        )
        self.events.append(opened)
        clicked_ms = self.now_ms
        ran = await self._runner.run(ready, self._now, self._n_steps)
        await self._take(ran)
        self.now_ms += review_ms
        self._hands_on_ms += click_ms + review_ms
        self.events.append(_light_run(key, clicked_ms, review_ms, ran, self.harm_s))
        released = ContactClosed(
            episode=key, t_first_action_ms=clicked_ms, t_release_ms=self.now_ms, n_actions=1
        )
        self.events.append(released)
        return ran

    async def finish(self) -> None:
        """Put everything down once it is over."""
        await self._person.look_up()
        self.end()

    def end(self, failure: str = "") -> None:
        """Write down how the episode ended, and what broke that is no fault of the agent."""
        info = self._seen.info if self._seen else {}
        failure = failure or info.get("infrastructure_error", "")
        ended = EpisodeEnded(
            episode=self.planned.key,
            t_ms=self.now_ms,
            is_verified=not failure and info.get("verified") is True,
            hands_on_s=self._hands_on_ms / 1000,
            damage_s=self._stage.operator.harm_s if info.get("harm") else 0.0,
            infrastructure_error=failure,
        )
        self.events.append(ended)

    # Parts ----------------------------------------------------------------------------------------

    @property
    def _now(self) -> Seen:
        assert self._seen is not None
        return self._seen

    async def _take(self, ran: PageRan) -> None:
        before = self._now
        for number, planned in enumerate(ran.steps):
            is_last = number + 1 == len(ran.steps)
            step = StepTaken(
                episode=self.planned.key,
                t_ms=self.now_ms,
                controller=Controller.POLICY,
                action=planned.action.KIND,
                duration_ms=ran.waited_ms if is_last else 0,
                p_accept=planned.decision.p_accept,
                novelty=planned.decision.novelty,
            )
            self._note(step, planned.action)
        self._turn(before, ran.seen)
        if ran.seen.terminated and ran.steps:
            self._note_commitment(ran.steps[-1].action, Controller.POLICY, before)
        if not self.is_over and sees_pixels(self._stage.policy):  # a run ends without a picture
            observation = await self._page.pictured(ran.seen.observation)
            self._seen = replace(ran.seen, observation=observation)

    def _lit(self, found: Outlook) -> LightLit:
        return LightLit(episode=self.planned.key, t_ms=self.now_ms, left_s=found.left_s)

    async def _do(self, following: HumanStep) -> None:
        before = self._now
        seen = await self._page.step(following.action)
        if failure := seen.info.get("infrastructure_error"):
            raise InfrastructureError(failure)
        page_ms = seen.info["virtual_ms"] - before.info["virtual_ms"]
        step = StepTaken(
            episode=self.planned.key,
            t_ms=self.now_ms,
            controller=Controller.HUMAN,
            action=following.action.KIND,
            duration_ms=max(following.duration_ms, page_ms),
            deed=json.dumps(action_to_dict(following.action)),
        )
        self._hands_on_ms += step.duration_ms
        self._note(step, following.action)
        self._turn(before, seen)
        self._note_commitment(following.action, Controller.HUMAN, before)

    async def _give_up(self) -> None:
        """Say that it is done, in the time that the whole task would take."""
        lost_ms = round(1000 * self.planned.human.seconds)
        self.now_ms += lost_ms
        self._hands_on_ms += lost_ms
        before, self._seen = self._now, await self._page.step(Done())
        self._note_commitment(Done(), Controller.HUMAN, before)

    def _note(self, step: StepTaken, action: Action) -> None:
        self.events.append(step)
        self.now_ms += step.duration_ms
        self._n_steps += 1
        self._on_page.append(action)

    def _turn(self, before: Seen, seen: Seen) -> None:
        self._seen = seen
        if seen.info["milestones"] != before.info["milestones"]:
            self._on_page = []

    def _note_commitment(self, action: Action, controller: Controller, before: Seen) -> None:
        if isinstance(action, Done):
            event = DoneClaimed
        elif self._now.terminated or is_irreversible(action, before.observation.elements):
            event = IrreversibleAct
        else:
            return
        self.events.append(event(episode=self.planned.key, t_ms=self.now_ms, controller=controller))

    @property
    def harm_s(self) -> float:
        """Human seconds that the harm done so far costs beyond doing the task anew."""
        return self._stage.operator.harm_s if self._now.info["harm"] else 0.0


def _light_run(key: str, clicked_ms: int, review_ms: int, ran: PageRan, harm_s: float) -> LightRun:
    return LightRun(
        episode=key,
        t_click_ms=clicked_ms,
        exec_ms=ran.split.total_ms,
        review_ms=review_ms,
        outcome=ran.outcome,
        damage_s=harm_s if ran.outcome is Outcome.WRONG else 0.0,
        split=ran.split,
    )
