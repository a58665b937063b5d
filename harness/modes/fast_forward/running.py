"""A run: from the click on the light until the checker has spoken, or until something is amiss."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from harness.env.page import Outcome as Seen
from harness.env.page import TaskPage
from harness.errors import InfrastructureError, MisfitError, StoppedError
from harness.latch import Latch
from harness.measure.events import Outcome
from harness.modes.fast_forward.aim import Aim, Glance, Listing
from harness.modes.fast_forward.forecast import Scene
from harness.modes.fast_forward.light import SURE
from harness.modes.fast_forward.moves import (
    GuardedMove,
    Input,
    inputs_of,
    meant_at,
    moves_of,
    places_of,
)
from harness.modes.fast_forward.page_guard import PageGuard, Report
from harness.modes.fast_forward.planning import End, Plan, Planned, Planner
from harness.modes.fast_forward.ran import WHY, Part, Ran, Watch
from recorder.schema import Action, Done, Element

_CHUNKS = 20  # more looks than any taught page needs
_SURPRISES = 2  # more than that, and somebody had better look


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A plan that only waits for the click."""

    plan: Plan
    aim: Aim
    moves: tuple[GuardedMove, ...]
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PageRan(Ran):
    """What came of a run on a page."""

    waited_ms: int
    """Virtual time that the page took."""
    seen: Seen
    """The page in the end."""


@dataclass(slots=True, eq=False)
class _Progress:
    seen: Seen
    begun_ms: int
    aim: Aim
    """Of the last plan."""
    steps: list[Planned] = field(default_factory=list[Planned])
    listing: Listing = ()
    """Of the page as it was seen last; nothing where that is not known."""
    left: Plan | None = None
    """What is still to be done of a plan that a surprise broke off."""

    @property
    def is_over(self) -> bool:
        return self.seen.terminated or self.seen.truncated

    @property
    def last(self) -> Action | None:
        """What was done last; None where nothing was."""
        return self.steps[-1].action if self.steps else None


class Runner:
    """Carries out plans on one task page, chunk by chunk, under the guard.

    A run ends with the page that its light was lit on: the next page of a job has a light of its
    own. It stops at the first thing that is not as expected, and before what cannot be undone. From
    there it goes on only where the policy can tell what it has never seen, knows the page as it now
    is, and is as sure of the rest as the light has to be.

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
        self._freeing: asyncio.Future[Report] | None = None
        """What is left of disarming, with the page free already where people look at it."""

    async def ready(self, plan: Plan, glance: Glance | None = None) -> Ready:
        """Find the targets of a plan, while the person is still at work.

        Args:
            plan: what is to be done.
            glance: at the page, where nobody is waited for before it is done.

        Raises:
            MisfitError: they cannot be found, or be watched together.
            InfrastructureError: the page is gone.
        """
        aim = await self._page_guard().aim(places_of(plan.steps), meant_at(plan.steps), glance)
        if plan.steps and (objection := _unlike(plan.steps[0].scene, aim.elements)):
            raise MisfitError(objection)
        # what nothing on the page can tell need not be paid for: a character costs a millisecond
        whole, moves = not aim.ears.keys, aim.ears.moves
        inputs = await inputs_of(plan.actions, whole=whole, moves=moves)
        return Ready(plan, aim, tuple(moves_of(plan.steps, whole=whole)), tuple(inputs))

    async def run(self, ready: Ready, seen: Seen, step: int) -> PageRan:
        """Carry out a plan, and what the policy plans after it, until the page's task is done.

        Args:
            ready: the plan.
            seen: the page as it was planned for.
            step: actions done in the episode, by anybody.

        Raises:
            InfrastructureError: the page is gone.
            StoppedError: a person stopped the agent.
        """
        watch = Watch(self._clock)
        progress = _Progress(seen, int(seen.info["virtual_ms"]), ready.aim)
        milestones = self._page.milestones
        reason, surprises = "", 0
        try:
            for _ in range(_CHUNKS):
                reason = await self._chunk(ready, progress, watch)
                if progress.is_over or self._page.milestones != milestones:
                    break
                if reason:
                    surprises += 1
                    may_go_on = self._planner.knows_novelty and surprises <= _SURPRISES
                    following = await self._recovered(progress, watch, step) if may_go_on else None
                else:
                    reason, following = await self._following(ready.plan, progress, watch, step)
                if following is None:
                    break
                ready = following
        finally:
            await self._freed()
        waited_ms = int(progress.seen.info["virtual_ms"]) - progress.begun_ms
        is_won = progress.seen.reward == 1 or self._page.milestones != milestones
        outcome = _outcome(progress, is_won=is_won, reason=reason)
        return PageRan(
            outcome=outcome,
            reason="" if is_won else reason or "the checker says no",
            split=watch.split(waited_ms),
            steps=tuple(progress.steps),
            waited_ms=waited_ms,
            seen=progress.seen,
        )

    # Parts ----------------------------------------------------------------------------------------

    async def _chunk(self, ready: Ready, progress: _Progress, watch: Watch) -> str:
        """Do what can be done without looking; return why it may not go on, if so."""
        if not ready.plan.steps:
            return ""
        guard = self._page_guard()
        await self._freed()
        try:
            with watch.on(Part.CAPTURE):
                ready, objection = await self._armed(guard, ready)
            found = None if objection else await self._fired(guard, ready, watch)
        except BaseException:
            await guard.disarm(ready.aim)
            raise
        progress.aim = ready.aim
        report, status = found or await self._rested(guard, ready, watch)
        if objection or report.fault:
            progress.left = ready.plan.rest(report.done)
        if objection:
            observation = await self._page.observe()
            progress.seen, progress.listing = replace(progress.seen, observation=observation), ()
            return objection
        await self._take(ready.plan.actions, status, progress, watch)
        progress.steps += ready.plan.steps[: report.done]
        if progress.is_over or report.is_complete:
            return ""
        return report.fault or "an input was lost"

    async def _armed(self, guard: PageGuard, ready: Ready) -> tuple[Ready, str]:
        """Return what the guard is armed with, and why nothing of it may be done, if so."""
        try:
            objection = await guard.arm(ready.aim, ready.moves)
            if objection and ready.aim.places:  # not all may be in the frame that was glanced at
                await guard.disarm(ready.aim)
                ready = await self.ready(ready.plan)
                objection = await guard.arm(ready.aim, ready.moves)
        except MisfitError as error:
            return ready, str(error)
        return ready, objection

    async def _fired(
        self, guard: PageGuard, ready: Ready, watch: Watch
    ) -> tuple[Report, dict[str, Any]] | None:
        """Send the inputs of a plan; return what `_rested` does, or None if all is not done yet.

        The page is asked right behind them: inputs are faster, so that mostly it is by then.
        """
        if self._latch and self._latch.is_stopped(self._planner.agent):
            raise StoppedError(f"{self._planner.agent} was stopped; release it to go on")
        firing = asyncio.ensure_future(guard.fire(ready.inputs))
        settling = asyncio.ensure_future(guard.settled(ready.aim))
        resting = asyncio.ensure_future(self._page.rested_after(guard.plan))
        # none may be under way still when one of them has failed
        answers = asyncio.gather(firing, settling, resting, return_exceptions=True)
        with watch.on(Part.INJECT):
            await asyncio.wait([firing])
        with watch.on(Part.SETTLE):
            await asyncio.wait([resting])
        with watch.on(Part.VERIFY):
            await answers
        firing.result()
        report, status = settling.result(), resting.result()
        if not report.is_complete:
            return None
        self._freeing = asyncio.ensure_future(guard.disarm(ready.aim))
        if status is None:
            with watch.on(Part.SETTLE):
                status = await self._page.rested()
        return report, status

    async def _freed(self) -> None:
        freeing, self._freeing = self._freeing, None
        if freeing:
            await freeing

    async def _rested(
        self, guard: PageGuard, ready: Ready, watch: Watch
    ) -> tuple[Report, dict[str, Any]]:
        """Return how far the plan came, and the page's status once it has come to rest."""
        disarming = asyncio.ensure_future(guard.disarm(ready.aim))  # both are asked at once
        try:
            with watch.on(Part.SETTLE):
                status = await self._page.rested()
        except BaseException:
            await disarming
            raise
        with watch.on(Part.VERIFY):
            return await disarming, status

    async def _take(
        self,
        actions: Sequence[Action],
        status: dict[str, Any],
        progress: _Progress,
        watch: Watch,
    ) -> None:
        # to show the next page of a job is no part of this one, whose checker has spoken
        timing = nullcontext() if status["over"] else watch.on(Part.VERIFY)
        with timing:
            progress.seen = await self._page.took(actions, status)
        progress.listing = status.get("elements", ())

    async def _following(
        self, plan: Plan, progress: _Progress, watch: Watch, step: int
    ) -> tuple[str, Ready | None]:
        """Return the next plan, or why there is none."""
        if plan.reached is not None:
            with watch.on(Part.VERIFY):
                objection = _unlike(plan.reached, progress.seen.observation.elements)
            if objection or plan.end is not End.DONE:
                return objection or WHY[plan.end], None
            with watch.on(Part.SETTLE):
                status = await self._page.rested()
            await self._take([Done()], status, progress, watch)
            return "", None
        left = progress.left.taken_up(progress.seen.observation) if progress.left else None
        if left is None:
            return await self._anew(progress, watch, step)
        progress.left = None
        return await self._aimed(left, self._glance(progress), watch)

    async def _recovered(self, progress: _Progress, watch: Watch, step: int) -> Ready | None:
        """Return a plan for a page that is not as expected; None where it is not known."""
        _, found = await self._anew(progress, watch, step)
        return found if found and found.plan.p_accept >= SURE else None

    async def _anew(self, progress: _Progress, watch: Watch, step: int) -> tuple[str, Ready | None]:
        """Return a plan for the page as it is, or why there is none."""
        looking = asyncio.ensure_future(self._glance(progress))
        try:
            await asyncio.sleep(0)  # the page works on it while the policy decides
            observation = progress.seen.observation
            if self._is_pictured:
                with watch.on(Part.CAPTURE):
                    observation = await self._page.pictured(observation)
            with watch.on(Part.DECIDE):
                step += len(progress.steps)
                following = self._planner.plan(observation, step, progress.last)
            if not following.is_understood:
                return WHY[following.end], None
            return await self._aimed(following, looking, watch)
        finally:
            looking.cancel()

    async def _aimed(
        self, plan: Plan, looking: Awaitable[Glance | None], watch: Watch
    ) -> tuple[str, Ready | None]:
        try:
            with watch.on(Part.CAPTURE):
                return "", await self.ready(plan, await looking)
        except MisfitError as error:
            return str(error), None

    async def _glance(self, progress: _Progress) -> Glance | None:
        return await self._page_guard().glance(progress.aim, progress.listing)

    def _page_guard(self) -> PageGuard:
        if not self._page.lease:
            raise InfrastructureError("the page is gone")
        if self._guard is None or self._tab is not self._page.lease.tab:
            self._tab = self._page.lease.tab
            self._guard = PageGuard(self._page.lease.tab)
        return self._guard


def _outcome(progress: _Progress, *, is_won: bool, reason: str) -> Outcome:
    if is_won:
        return Outcome.VERIFIED
    return Outcome.WRONG if progress.seen.terminated and not reason else Outcome.STOPPED


def _unlike(scene: Scene, found: tuple[Element, ...]) -> str:
    """Return what is not as expected, empty where all is."""
    expected = scene.observation.elements
    if len(expected) != len(found):
        return f"{len(expected)} elements were expected, {len(found)} are there"
    for one, other in zip(expected, found, strict=True):
        if one != other:
            return f"{one.role} {one.name or one.text!r} is not as expected"
    return ""
