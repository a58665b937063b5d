"""A desktop task as a Gymnasium environment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from harness.env.desktop.desk import VirtualDesk
from harness.env.spaces import Sample, action_space, from_observation, observation_space, to_action
from harness.errors import ConfigError, InfrastructureError
from harness.tasks.desktop import desktop_task
from harness.tasks.desktop.task import DesktopTask, Elements, Scene, Verdict
from harness.tasks.task import env_id
from recorder.ledger import Ledger
from recorder.schema import Action, Controller, Done, Observation, Wait

Found = TypeVar("Found")

SIZE = (800, 600)
_PATIENCE_S = 30.0
_POLL_S = 0.02
_ACTION_NS = 100_000_000
_LONGEST = 200  # a character that no key has costs a change of the keyboard's layout


class DesktopEnv(gymnasium.Env[Sample, Sample]):
    """One desktop task on an X display of its own, with real apps.

    `terminated` says that the agent said `Done`, or did what cannot be undone; `truncated` that the
    limit of steps was reached, or that what the episode runs on died: then
    `info["infrastructure_error"]` says what. The reward is 1 where the task's check approves, and 0
    for all else. The display stays from one episode to the next; apps, their settings and all files
    are new each time. Times in observations are nominal: 0.1 s an action, and waits in full.

    Args:
        task: a task or its name.
        size: of the screen, in px.
        elements: list what the accessibility tree shows in each observation.
        max_steps: actions after which an episode is truncated; the task's own limit when left out.
        render_mode: `rgb_array`, or None.
        controller: who acts.
        agent: its name.
        ledger: shared with whoever records the display.

    Raises:
        UnknownTaskError: no desktop task of that name.
        ConfigError: no such render mode.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.DISABLED,
    }

    def __init__(  # noqa: PLR0913 - what `gymnasium.make` may set
        self,
        task: DesktopTask | str,
        *,
        size: tuple[int, int] = SIZE,
        elements: bool = True,
        max_steps: int | None = None,
        render_mode: str | None = None,
        controller: Controller = Controller.POLICY,
        agent: str = "agent",
        ledger: Ledger | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ConfigError(f"no render mode {render_mode!r}; allowed: rgb_array, None")
        self.task = desktop_task(task) if isinstance(task, str) else task
        # real apps run in real time: what an action looks like depends on how busy the machine is
        self.spec = EnvSpec(
            env_id(self.task),
            entry_point="harness.env.desktop:DesktopEnv",
            nondeterministic=True,
            disable_env_checker=True,
            kwargs={"task": self.task, "size": size, "elements": elements},
        )
        self.render_mode = render_mode
        self.action_space = action_space(size, longest=_LONGEST)
        self.observation_space = observation_space(size, elements=elements)
        self._size, self._has_elements = size, elements
        self._max_steps = max_steps or self.task.max_steps
        self._controller, self._agent, self._ledger = controller, agent, ledger
        self._desk: VirtualDesk | None = None
        self._scene: Scene | None = None
        self._steps = self._t_ns = 0
        self._last: Observation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Sample, dict[str, Any]]:
        """Begin an episode; each seed is another instance of the task.

        Raises:
            InfrastructureError: not even a new display brings the apps up.
        """
        super().reset(seed=seed)
        del options
        instance = int(self.np_random.integers(2**53)) if seed is None else seed
        self._scene = None
        self._steps = self._t_ns = 0
        try:
            begun = self._begin(instance)
        except InfrastructureError:
            # what broke in the episode before is not this one's fault
            self.close()
            begun = self._begin(instance)
        self._scene, self._last = begun
        return self._sample(), {**self._info({}), "task": self.task.name, "seed": instance}

    def step(self, action: Sample) -> tuple[Sample, float, bool, bool, dict[str, Any]]:
        """Do one action of the action space."""
        desk, scene = self._running()
        asked = to_action(action)
        self._steps += 1
        self._t_ns += nominal_ns(asked)
        try:
            desk.perform(asked)
            self._last = self._observe(scene)
        except InfrastructureError as error:
            self._scene = None
            ended = {"verified": False, "infrastructure_error": str(error)}
            return self._sample(), 0.0, False, True, self._info(ended)
        spoiled = scene.spoiled(desk.folder)
        if isinstance(asked, Done) or not spoiled.achieved:
            verdict = scene.check(desk.folder) if spoiled.achieved else spoiled
            claim = {"claim": "done"} if isinstance(asked, Done) else {}
            return self._ended(verdict, **claim)
        if self._steps >= self._max_steps:
            self._scene = None
            return self._sample(), 0.0, False, True, self._info({"verified": False})
        return self._sample(), 0.0, False, False, self._info({})

    def render(self) -> NDArray[np.uint8] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the screen as last observed, (H, W, 3) RGB."""
        if self.render_mode is None or self._last is None:
            return None
        return self._last.pixels.copy()

    def close(self) -> None:
        """End every process and delete every file; `reset` would start anew."""
        desk, self._desk, self._scene = self._desk, None, None
        if desk:
            desk.close()

    # What recorders and experts may use -----------------------------------------------------------

    @property
    def display(self) -> str:
        """The X display, such as `:7`, once an episode has begun."""
        return self._running()[0].display.name

    @property
    def desk(self) -> VirtualDesk:
        """The desktop, once an episode has begun; for hands other than `step`'s."""
        return self._running()[0]

    @property
    def screen(self) -> DesktopScreen:
        """The screen for the expert of the episode; a policy has no business with it."""
        return DesktopScreen(*self._running())

    # Parts ----------------------------------------------------------------------------------------

    def _begin(self, instance: int) -> tuple[Scene, Observation]:
        if not self._desk:
            self._desk = VirtualDesk(
                self._size, controller=self._controller, agent=self._agent, ledger=self._ledger
            )
        scene = self._desk.begin(self.task, np.random.default_rng(instance))
        return scene, self._observe(scene)

    def _running(self) -> tuple[VirtualDesk, Scene]:
        if not self._desk or not self._scene:
            raise ConfigError("no episode is running; call reset first")
        return self._desk, self._scene

    def _observe(self, scene: Scene) -> Observation:
        assert self._desk
        elements = self._desk.elements() if self._has_elements else ()
        return Observation(
            pixels=self._desk.pixels(),
            cursor=self._desk.cursor(),
            t_ns=self._t_ns,
            goal=scene.goal,
            elements=elements,
        )

    def _sample(self) -> Sample:
        assert self._last
        return from_observation(self._last, elements=self._has_elements)

    def _info(self, ended: dict[str, Any]) -> dict[str, Any]:
        return {"steps": self._steps, "raw_reward": 0.0, "reason": "", **ended}

    def _ended(
        self, verdict: Verdict, **claim: str
    ) -> tuple[Sample, float, bool, bool, dict[str, Any]]:
        self._scene = None
        reward = float(verdict.achieved)
        ended = {"verified": verdict.achieved, "reason": verdict.reason, "raw_reward": reward}
        return self._sample(), reward, True, False, self._info({**ended, **claim})


def nominal_ns(action: Action) -> int:
    """Return the time that an action counts for, however long a busy machine takes for it."""
    return action.duration_ms * 1_000_000 if isinstance(action, Wait) else _ACTION_NS


class DesktopScreen:
    """One episode's screen, as an expert sees it."""

    def __init__(self, desk: VirtualDesk, scene: Scene) -> None:
        self._desk = desk
        self.scene = scene

    @property
    def goal(self) -> str:
        """The instruction in words."""
        return self.scene.goal

    @property
    def folder(self) -> Path:
        """The files that the task is about."""
        return self._desk.folder

    async def elements(self) -> Elements:
        """Return what the accessibility tree shows now."""
        return self._desk.elements()

    async def wait_for(self, find: Callable[[Elements], Found | None], what: str) -> Found:
        """Return what `find` finds in the elements, as soon as that is anything but None.

        Raises:
            InfrastructureError: it did not appear in time.
        """
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            elements = await self.elements()
            self._desk.check()
            found = find(elements)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                shown = ", ".join(f"{item.role} {item.name!r}" for item in elements[:40])
                raise InfrastructureError(f"{what} did not appear; on the screen: {shown}")
            await asyncio.sleep(_POLL_S)
