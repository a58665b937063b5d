"""A run on a desktop: from the click on the light until the check approves, or until a mismatch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.env.desktop.desk import VirtualDesk
from harness.errors import MisfitError, StoppedError
from harness.latch import Latch
from harness.measure.events import Outcome
from harness.modes.fast_forward.desk_guard import DeskAim, DeskGuard, Sight, stranger
from harness.modes.fast_forward.forecast import Scene
from harness.modes.fast_forward.planning import End, Plan, Planned, Planner
from harness.modes.fast_forward.ran import WHY, Part, Ran, Watch
from harness.tasks.desktop.task import Scene as TaskScene
from recorder.schema import Action, Element, Observation, TypeText

_PATIENCE_S = 3.0  # an app that takes longer to show what is planned for is left to the person
_POLL_S = 0.002
_RELIST_S = 0.1  # a widget that came without a window is looked for this often
_LONGEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class DeskReady:
    """A plan that only waits for the click."""

    plan: Plan
    aim: DeskAim


@dataclass(slots=True, eq=False)
class _Progress:
    sight: Sight
    """The windows that are known to be in their places."""
    observation: Observation
    steps: list[Planned] = field(default_factory=list[Planned])
    expected: Scene | None = None
    """What it is to show by now; None where that cannot be told."""
    listed_s: float = 0.0
    """When all widgets were looked for."""

    @property
    def last(self) -> Action | None:
        """What was done last; None where nothing was."""
        return self.steps[-1].action if self.steps else None


class DeskRunner:
    """Carries out plans on one desktop, chunk by chunk, under the guard.

    It goes on from what shows, never after a time that somebody took: the next chunk begins once
    the policy is sure of what it sees. It stops when nothing that it is sure of shows up, at the
    first thing that is not as it was aimed at, and before what cannot be undone.

    Args:
        desk: where an episode is running.
        scene: of that episode.
        planner: plans anew where a plan did not reach to the end.
        clock: tells seconds of real time.
        latch: looked at last before each chunk.
    """

    def __init__(
        self,
        desk: VirtualDesk,
        scene: TaskScene,
        planner: Planner,
        *,
        clock: Callable[[], float] = time.perf_counter,
        latch: Latch | None = None,
    ) -> None:
        self._desk = desk
        self._scene = scene
        self._planner = planner
        self._clock = clock
        self._latch = latch
        self._guard = DeskGuard(desk.hands)

    def ready(self, plan: Plan) -> DeskReady:
        """Find the targets of a plan, while the person is still at work.

        Raises:
            MisfitError: what is to be typed has no keys, or it points at no window.
        """
        for action in plan.actions:
            if isinstance(action, TypeText) and not self._desk.hands.has_keys_for(action.text):
                raise MisfitError(f"the keyboard lacks keys for {action.text!r}")
        # what was entered is looked at before it is handed in
        is_committing = plan.end is End.OPEN and len(plan.steps) > 1
        steps = plan.steps[:-1] if is_committing else plan.steps
        return DeskReady(plan, self._guard.aim(steps))

    def run(self, ready: DeskReady, observation: Observation, step: int) -> Ran:
        """Carry out a plan, and what the policy plans after it, until the task is done.

        Args:
            ready: the plan.
            observation: the screen as it was planned for.
            step: actions done in the episode, by anybody.

        Raises:
            InfrastructureError: the display or an app is gone.
            StoppedError: a person stopped the agent.
        """
        watch = Watch(self._clock)
        progress = _Progress(ready.aim.sight, observation)
        with watch.on(Part.CAPTURE):
            elements = self._desk.glance()
        reason = "" if elements == observation.elements else "the screen is not as it was"
        while not reason and ready.plan.steps and len(progress.steps) < _LONGEST:
            reason = self._chunk(ready, progress, watch)
            if reason:
                break
            reason, ready = self._following(ready, progress, watch, step)
        with watch.on(Part.VERIFY):
            is_won = not reason and self._is_achieved()
        wrong = Outcome.STOPPED if reason else Outcome.WRONG
        return Ran(
            outcome=Outcome.VERIFIED if is_won else wrong,
            reason="" if is_won else reason or "the checker says no",
            split=watch.split(),
            steps=tuple(progress.steps),
        )

    # Parts ----------------------------------------------------------------------------------------

    def _chunk(self, ready: DeskReady, progress: _Progress, watch: Watch) -> str:
        """Do what can be done without looking; return why it may not go on, if so."""
        if self._latch and self._latch.is_stopped(self._planner.agent):
            raise StoppedError(f"{self._planner.agent} was stopped; release it to go on")
        with watch.on(Part.INJECT):
            done, reason = self._guard.carry_out(ready.aim)
        plan = ready.plan
        progress.steps += plan.steps[:done]
        progress.expected = plan.steps[done].scene if done < len(plan.steps) else plan.reached
        return reason

    def _following(
        self, ready: DeskReady, progress: _Progress, watch: Watch, step: int
    ) -> tuple[str, DeskReady]:
        """Return the next plan as soon as there is one, or why there is none."""
        begun = self._clock()
        until = begun + _PATIENCE_S
        while True:
            if reason := self._seen(progress, watch, begun):
                return reason, ready
            reason = _unlike(progress.expected, progress.observation.elements)
            if not reason:
                with watch.on(Part.DECIDE):
                    done = step + len(progress.steps)
                    plan = self._planner.plan(progress.observation, done, progress.last)
                if plan.is_understood:
                    break
                reason = WHY[plan.end]
                if plan.end is End.IRREVERSIBLE:
                    return reason, ready
            if self._clock() > until:
                return reason, ready
            with watch.on(Part.SETTLE):
                self._desk.check()
                time.sleep(_POLL_S)
        with watch.on(Part.CAPTURE):
            try:
                found = self.ready(plan)
            except MisfitError as error:
                return str(error), ready
        # what came up since is no part of what was planned for
        return stranger(progress.sight, found.aim.sight), found

    def _seen(self, progress: _Progress, watch: Watch, since: float) -> str:
        """Look again; return why that is no place to go on, if so.

        Args:
            progress: so far; what is seen goes there.
            watch: counts the time.
            since: when it was looked for what comes next for the first time.
        """
        with watch.on(Part.SETTLE):
            sight = self._guard.look()
            if reason := stranger(progress.sight, sight):
                return reason
            is_due = self._clock() - max(since, progress.listed_s) > _RELIST_S
            if sight.windows != progress.sight.windows or is_due:
                elements = self._desk.elements()
                progress.listed_s = self._clock()
            else:
                elements = self._desk.glance()
            progress.sight = sight
            progress.observation = replace(progress.observation, elements=elements)
        return ""

    def _is_achieved(self) -> bool:
        """Say whether the task's check approves, as soon as it does or patience ends."""
        until = self._clock() + _PATIENCE_S
        while not self._scene.check(self._desk.folder).achieved:
            if self._clock() > until or not self._scene.spoiled(self._desk.folder).achieved:
                return False
            time.sleep(_POLL_S)
        return True


def _unlike(expected: Scene | None, found: tuple[Element, ...]) -> str:
    """Return which field does not hold what it should by now; empty where all do."""
    if expected is None:
        return ""
    holds = {(each.role, each.box): _held(each) for each in found}
    for each in expected.observation.elements:
        if holds.get((each.role, each.box)) != _held(each):
            return f"{each.role} {each.name!r} does not hold what it should"
    return ""


def _held(element: Element) -> tuple[str, bool]:
    return element.value, "checked" in element.states
