"""When to light the light, and when to run unasked, as a Gymnasium environment.

env = gymnasium.make("harness.env:understudy/FastForward-v0", policy="my_package:factory")
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from enum import IntEnum
from typing import Any, TypeAlias, TypeVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from harness.control import Policy, load_policy, thresholds_of
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium, Tab
from harness.env.loop import LoopThread
from harness.env.page import TaskPage
from harness.errors import ConfigError
from harness.gate import SILENT
from harness.latch import Latch
from harness.measure.events import Outcome, PlannedEpisode
from harness.measure.forward import IGNORED_COST_S
from harness.measure.metrics import REPAIR_FACTOR
from harness.modes.cell import Stage
from harness.modes.fast_forward.cells import PAGE
from harness.modes.fast_forward.planning import End
from harness.modes.fast_forward.running import PageRan
from harness.modes.fast_forward.work import Outlook, Work
from harness.modes.operators import OperatorConfig
from harness.tasks.registry import web_task

Observation: TypeAlias = dict[str, Any]
Result = TypeVar("Result")

AHEAD = 16
"""Planned actions that are told one by one."""
TASKS = ("miniwob-enter-text", "miniwob-login-user", "miniwob-click-checkboxes")
_ENDS = tuple(End)
_MOST_S = 10_000.0
_MOST_STEPS = 10_000


class Choice(IntEnum):
    """What can be done about the light before each of the person's actions."""

    DARK = 0
    """Leave it dark: the person goes on."""
    LIGHT = 1
    """Light it: the person clicks it, unless they overlook it and go on."""
    RUN = 2
    """Run the plan without asking."""


class FastForwardEnv(gymnasium.Env[Observation, np.int64]):
    """A scripted person works on web tasks; each step comes before one of their actions.

    An observation says what the policy makes of the page as it is: `p_accept` and `novelty` of the
    actions that it plans, (AHEAD,), 0 where there is none; how many it `planned`; the `end` of the
    plan, by its place in `End`; `left_s`, the human baseline seconds of what it plans; and how many
    `steps` were done. The reward is seconds saved: what was left, less the looks and clicks that it
    cost, for a run that the checker confirms; minus what it cost for one that stopped; minus twice
    the human baseline and its harm for a wrong one; minus the price of a light for one that was
    overlooked. Time is virtual, so that the same seed and choices give the same rewards.

    Args:
        tasks: names of web tasks; each episode is of one of them.
        policy: it or its name, as `load_policy` takes it.
        operator: parameters of the person.

    Raises:
        ConfigError: no tasks, or no such policy.
        UnknownTaskError: no web task of some name.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        tasks: Sequence[str] = TASKS,
        policy: Policy | str = "harness.modes.fast_forward.reader:reader",
        operator: OperatorConfig | None = None,
    ) -> None:
        if not tasks:
            raise ConfigError("no tasks given; an episode needs one")
        self._tasks = [web_task(name) for name in tasks]
        self._policy = load_policy(policy) if isinstance(policy, str) else policy
        self._operator = operator or OperatorConfig()
        self.action_space = spaces.Discrete(len(Choice))
        self.observation_space = _observation_space()
        self._loop: LoopThread | None = None
        self._browsers: Browsers[Tab] | None = None
        self._page: TaskPage | None = None
        self._latch: Latch | None = None
        self._work: Work | None = None
        self._outlook: Outlook | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; each seed is another task and another instance of it."""
        super().reset(seed=seed)
        task = self._tasks[int(self.np_random.integers(len(self._tasks)))]
        instance = int(self.np_random.integers(2**53))
        planned = PlannedEpisode(task=task.name, seed=instance, human=task.human)
        self._work = self._run(self._begun(planned))
        self._outlook = self._work.outlook()
        return self._observation(), {"task": task.name, "seed": instance}

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Do one of `Choice`."""
        work, outlook = self._running()
        reward, ran = self._run(self._chosen(work, outlook, Choice(int(action))))
        self._outlook = outlook if work.is_over else work.outlook()
        seen = work.seen
        info = {"outcome": ran.outcome.value if ran else "", "t_ms": work.now_ms}
        return self._observation(), reward, seen.terminated, seen.truncated, info

    def close(self) -> None:
        """Close the browser; `reset` would start another."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        try:
            loop.run(self._closed())
        finally:
            loop.close()

    # Parts ----------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        self._loop = self._loop or LoopThread()
        return self._loop.run(work)

    def _running(self) -> tuple[Work, Outlook]:
        if self._work is None or self._outlook is None or self._work.is_over:
            raise ConfigError("no episode is running; call reset first")
        return self._work, self._outlook

    async def _begun(self, planned: PlannedEpisode) -> Work:
        if self._browsers is None or self._page is None:
            self._browsers = await Browsers(Chromium.start).__aenter__()
            self._page = TaskPage(self._browsers, PAGE)
        self._latch = self._latch or Latch()
        stage = Stage(
            policy=self._policy,
            browsers=self._browsers,
            thresholds=thresholds_of(self._policy) or SILENT,
            operator=self._operator,
            seed=planned.seed,
            latch=self._latch,
        )
        work = Work(planned, self._page, stage)
        await work.begin()
        return work

    async def _chosen(
        self, work: Work, outlook: Outlook, choice: Choice
    ) -> tuple[float, PageRan | None]:
        """Return the reward of a choice, and the run if there was one."""
        is_offered = choice is not Choice.DARK and bool(outlook.plan.steps)
        ready = await work.ready(outlook.plan) if is_offered else None
        is_overlooked = ready is not None and choice is Choice.LIGHT and work.overlooks()
        if ready is None or is_overlooked:
            await work.act(outlook if is_overlooked else None)
            return (-IGNORED_COST_S if is_overlooked else 0.0), None
        before_ms = work.now_ms
        ran = await work.forward(outlook, ready, is_clicked=choice is Choice.LIGHT)
        return self._saved_s(work, outlook, ran, (work.now_ms - before_ms) / 1000), ran

    def _saved_s(self, work: Work, outlook: Outlook, ran: PageRan, spent_s: float) -> float:
        if ran.outcome is Outcome.VERIFIED:
            return outlook.left_s - spent_s
        if ran.outcome is Outcome.STOPPED:
            return -spent_s
        return -(REPAIR_FACTOR * work.planned.human.seconds + work.harm_s)

    def _observation(self) -> Observation:
        assert self._work is not None
        assert self._outlook is not None
        plan = self._outlook.plan
        decisions = [each.decision for each in plan.steps[:AHEAD]]
        return {
            "p_accept": _padded([each.p_accept for each in decisions]),
            "novelty": _padded([each.novelty for each in decisions]),
            "planned": np.array(len(plan.steps), np.int64),
            "end": np.int64(_ENDS.index(plan.end)),
            "left_s": np.array(min(self._outlook.left_s, _MOST_S), np.float64),
            "steps": np.array(min(self._work.n_steps, _MOST_STEPS), np.int64),
        }

    async def _closed(self) -> None:
        latch, self._latch = self._latch, None
        if latch:
            latch.close()
        page, self._page = self._page, None
        browsers, self._browsers = self._browsers, None
        if page:
            await page.close()
        if browsers:
            await browsers.__aexit__(None, None, None)


def _observation_space() -> spaces.Dict:
    return spaces.Dict(
        {
            "p_accept": spaces.Box(0.0, 1.0, (AHEAD,), np.float64),
            "novelty": spaces.Box(0.0, 1.0, (AHEAD,), np.float64),
            "planned": spaces.Box(0, _MOST_STEPS, (), np.int64),
            "end": spaces.Discrete(len(_ENDS)),
            "left_s": spaces.Box(0.0, _MOST_S, (), np.float64),
            "steps": spaces.Box(0, _MOST_STEPS, (), np.int64),
        }
    )


def _padded(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array([*values, *[0.0] * (AHEAD - len(values))], np.float64)
