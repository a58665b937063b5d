"""A run: from the click on the light until the checker has spoken, or until something is amiss."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum

from harness.env.page import Outcome as Seen
from harness.env.page import TaskPage
from harness.env.seeing import listed
from harness.errors import InfrastructureError, MisfitError, StoppedError
from harness.latch import Latch
from harness.measure.events import Outcome, TimeSplit
from harness.modes.fast_forward.moves import GuardedMove, Input, inputs_of, moves_of, places_of
from harness.modes.fast_forward.page_guard import Aim, PageGuard
from harness.modes.fast_forward.planning import End, Plan, Planned, Planner
from recorder.schema import Action, Done, Element

_CHUNKS = 20  # more looks than any taught page needs


class Part(StrEnum):
    """What the time of a run is spent on."""

    CAPTURE = "capture"
    DECIDE = "decide"
    INJECT = "inject"
    SETTLE = "settle"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A plan that only waits for the click."""

    plan: Plan
    aim: Aim
    moves: tuple[GuardedMove, ...]
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """What came of a run."""

    outcome: Outcome
    reason: str
    """Why it stopped or was wrong; empty where it was verified."""
    split: TimeSplit
    steps: tuple[Planned, ...]
    """What was done, as far as the guard let it through."""
    waited_ms: int
    """Virtual time that the page took."""
    seen: Seen
    """The page in the end."""


@dataclass(slots=True)
class _Watch:
    """Adds up where the time goes."""

    clock: Callable[[], float]
    spent_ms: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))

    @contextmanager
    def on(self, part: Part) -> Generator[None]:
        """Count what is done within as one part of the run."""
        begun = self.clock()
        try:
            yield
        finally:
            self.spent_ms[part] += 1000 * (self.clock() - begun)

    def split(self, waited_ms: int) -> TimeSplit:
        """Return the sums; a page on virtual time is waited for as long as it says."""
        spent = {f"{part}_ms": ms for part, ms in self.spent_ms.items()}
        return TimeSplit(**{**spent, "settle_ms": spent["settle_ms"] + waited_ms})


@dataclass(slots=True, eq=False)
class _Progress:
    seen: Seen
    begun_ms: int
    steps: list[Planned] = field(default_factory=list[Planned])

    @property
    def is_over(self) -> bool:
        return self.seen.terminated or self.seen.truncated


class Runner:
    """Carries out plans on one task page, chunk by chunk, under the guard.

    A run ends with the page that its light was lit on: the next page of a job has a light of its
    own. It stops at the first thing that is not as expected, and before what cannot be undone.

    Args:
        page: where an episode is running; it lists elements.
        planner: plans anew where a plan did not reach to the end.
        clock: tells seconds of real time.
        is_pictured: the policy looks at pictures, so that planning anew takes one.
        latch: looked at last before each chunk.
    """

    def __init__(
        self,
        page: TaskPage,
        planner: Planner,
        *,
        clock: Callable[[], float] = time.perf_counter,
        is_pictured: bool = True,
        latch: Latch | None = None,
    ) -> None:
        self._page = page
        self._planner = planner
        self._clock = clock
        self._is_pictured = is_pictured
        self._latch = latch
        self._guard: PageGuard | None = None
        self._tab: object = None

    async def ready(self, plan: Plan) -> Ready:
        """Find the targets of a plan, while the person is still at work.

        Raises:
            MisfitError: they cannot be found, or be watched together.
            InfrastructureError: the page is gone.
        """
        aim = await self._page_guard().aim(places_of(plan.steps))
        moves = tuple(moves_of(plan.steps))
        return Ready(plan, aim, moves, tuple(await inputs_of(plan.actions)))

    async def run(self, ready: Ready, seen: Seen, step: int) -> Ran:
        """Carry out a plan, and what the policy plans after it, until the page's task is done.

        Args:
            ready: the plan.
            seen: the page as it was planned for.
            step: actions done in the episode, by anybody.

        Raises:
            InfrastructureError: the page is gone.
            StoppedError: a person stopped the agent.
        """
        watch = _Watch(self._clock)
        progress = _Progress(seen, int(seen.info["virtual_ms"]))
        milestones = self._page.milestones
        reason = ""
        for _ in range(_CHUNKS):
            reason = await self._chunk(ready, progress, watch)
            if reason or progress.is_over or self._page.milestones != milestones:
                break
            reason, following = await self._following(ready.plan, progress, watch, step)
            if following is None:
                break
            ready = following
        waited_ms = int(progress.seen.info["virtual_ms"]) - progress.begun_ms
        is_won = progress.seen.reward == 1 or self._page.milestones != milestones
        outcome = _outcome(progress, is_won=is_won, reason=reason)
        return Ran(
            outcome=outcome,
            reason="" if is_won else reason or "the checker says no",
            split=watch.split(waited_ms),
            steps=tuple(progress.steps),
            waited_ms=waited_ms,
            seen=progress.seen,
        )

    # Parts ----------------------------------------------------------------------------------------

    async def _chunk(self, ready: Ready, progress: _Progress, watch: _Watch) -> str:
        """Do what can be done without looking; return why it may not go on, if so."""
        if not ready.plan.steps:
            return ""
        guard = self._page_guard()
        try:
            objection = await self._fired(guard, ready, progress, watch)
        finally:
            with watch.on(Part.VERIFY):
                report = await guard.disarm(ready.aim)
        if objection:
            return objection
        progress.steps += ready.plan.steps[: report.done]
        if progress.is_over or report.is_complete:
            return ""
        return report.fault or "an input was lost"

    async def _fired(
        self, guard: PageGuard, ready: Ready, progress: _Progress, watch: _Watch
    ) -> str:
        try:
            with watch.on(Part.CAPTURE):
                found = await guard.arm(ready.aim, ready.moves)
        except MisfitError as error:
            return str(error)
        objection = _unlike(ready.plan.steps[0].scene.observation.elements, listed(found))
        if objection:
            return objection
        if self._latch and self._latch.is_stopped(self._planner.agent):
            raise StoppedError(f"{self._planner.agent} was stopped; release it to go on")
        with watch.on(Part.INJECT):
            await guard.fire(ready.inputs)
        await self._settle(ready.plan.actions, progress, watch)
        return ""

    async def _settle(self, actions: Sequence[Action], progress: _Progress, watch: _Watch) -> None:
        with watch.on(Part.SETTLE):
            status = await self._page.rested()
        # to show the next page of a job is no part of this one, whose checker has spoken
        timing = nullcontext() if status["over"] else watch.on(Part.VERIFY)
        with timing:
            progress.seen = await self._page.took(actions, status)

    async def _following(
        self, plan: Plan, progress: _Progress, watch: _Watch, step: int
    ) -> tuple[str, Ready | None]:
        """Return the next plan, or why there is none."""
        if plan.reached is not None:
            with watch.on(Part.VERIFY):
                reached = progress.seen.observation.elements
                objection = _unlike(plan.reached.observation.elements, reached)
            if objection or plan.end is not End.DONE:
                return objection or _WHY[plan.end], None
            await self._settle([Done()], progress, watch)
            return "", None
        observation = progress.seen.observation
        if self._is_pictured:
            with watch.on(Part.CAPTURE):
                observation = await self._page.pictured(observation)
        with watch.on(Part.DECIDE):
            following = self._planner.plan(observation, step + len(progress.steps))
        if not following.is_understood:
            return _WHY[following.end], None
        try:
            with watch.on(Part.CAPTURE):
                return "", await self.ready(following)
        except MisfitError as error:
            return str(error), None

    def _page_guard(self) -> PageGuard:
        if not self._page.lease:
            raise InfrastructureError("the page is gone")
        if self._guard is None or self._tab is not self._page.lease.tab:
            self._tab = self._page.lease.tab
            self._guard = PageGuard(self._page.lease.tab)
        return self._guard


_WHY = {
    End.OPEN: "nothing is left to do, and the task is not done",
    End.DONE: "the task is not done",
    End.UNSURE: "the policy is not sure enough",
    End.IRREVERSIBLE: "what comes next cannot be undone",
    End.ASTRAY: "what comes next cannot be guarded",
}


def _outcome(progress: _Progress, *, is_won: bool, reason: str) -> Outcome:
    if is_won:
        return Outcome.VERIFIED
    return Outcome.WRONG if progress.seen.terminated and not reason else Outcome.STOPPED


def _unlike(expected: tuple[Element, ...], found: tuple[Element, ...]) -> str:
    """Return what is not as expected, empty where all is."""
    if len(expected) != len(found):
        return f"{len(expected)} elements were expected, {len(found)} are there"
    for one, other in zip(expected, found, strict=True):
        if one != other:
            return f"{one.role} {one.name or one.text!r} is not as expected"
    return ""
