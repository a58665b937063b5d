"""Many web tasks at once: one event loop, one Chromium, a browser context for each environment."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array, iterate
from numpy.typing import NDArray

from harness.env.browser import BUTTONS
from harness.env.page import Outcome, PageConfig, TaskPage
from harness.env.pages import TaskPages
from harness.env.spaces import Sample, action_space, from_observation, observation_space, to_action
from harness.env.stage import AREA
from harness.errors import ConfigError
from harness.tasks.registry import web_task
from harness.tasks.task import WebTask

Result = TypeVar("Result")
Flags = NDArray[np.bool_]
Step = tuple[Sample, NDArray[np.float64], Flags, Flags, dict[str, Any]]


class AsyncWebVectorEnv(VectorEnv[Sample, Sample, NDArray[Any]]):
    """Web tasks side by side; each is reset by whoever steps them, with a seed of its own choice.

    An environment whose episode is over does nothing when stepped, and shows what it showed last.
    `reset` takes `options`: `reset_mask`, an array of booleans that says which to reset; `tasks`,
    one a reset environment or None to keep its own; `faults`.

    Args:
        tasks: the task of each environment, or its name.
        elements: list the page's elements in each observation.
        action_ms: virtual time that passes with each action other than a wait.

    Raises:
        UnknownTaskError: no web task of that name.
        ConfigError: there are no tasks.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.DISABLED,
    }

    def __init__(
        self,
        tasks: Sequence[WebTask | str],
        *,
        elements: bool = False,
        action_ms: int = 100,
        render_mode: str | None = None,
    ) -> None:
        if not tasks:
            raise ConfigError(
                "no tasks given; a vector environment needs one for each of its parts"
            )
        self.tasks = [_task(task) for task in tasks]
        self.num_envs = len(self.tasks)
        self.render_mode = render_mode
        self.single_action_space = action_space(AREA, buttons=BUTTONS)
        self.single_observation_space = observation_space(AREA, elements=elements)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self._has_elements = elements
        self._config = PageConfig(elements=elements, action_ms=action_ms)
        self._outcomes: list[Outcome | None] = [None] * self.num_envs
        self._pages: TaskPages | None = None

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Sample, dict[str, Any]]:
        """Begin episodes, in all environments or in those of `options["reset_mask"]`.

        Args:
            seed: one for each environment; a single number n means n, n + 1, …; None draws.
            options: see the class.

        Raises:
            ConfigError: the mask or the seeds do not fit the number of environments.
            InfrastructureError: no browser shows the pages.
        """
        options = options or {}
        chosen = self._chosen(options.get("reset_mask"))
        seeds = self._seeds(seed)
        self._take_tasks(chosen, options.get("tasks"))
        faults: Sequence[str] = options.get("faults", ())
        self._pages = self._pages or TaskPages(self.num_envs, self._config)
        pages = self.pages
        outcomes = self.run(
            _together([pages[i].reset(self.tasks[i], seeds[i], faults) for i in chosen])
        )
        infos: dict[str, Any] = {}
        for i, outcome in zip(chosen, outcomes, strict=True):
            self._outcomes[i] = outcome
            info = {**outcome.info, "task": self.tasks[i].name, "seed": seeds[i]}
            infos = self._add_info(infos, info, i)
        return self._observations(), infos

    def step(self, actions: Sample) -> Step:
        """Do one action in each environment whose episode is running."""
        pages = self.pages
        wanted = [to_action(sample) for sample in iterate(self.action_space, actions)]
        running = [
            i for i, outcome in enumerate(self._outcomes) if outcome and not _is_over(outcome)
        ]
        outcomes = self.run(_together([pages[i].step(wanted[i]) for i in running]))
        infos: dict[str, Any] = {}
        rewards = np.zeros(self.num_envs)
        for i, outcome in zip(running, outcomes, strict=True):
            self._outcomes[i] = outcome
            rewards[i] = outcome.reward
            infos = self._add_info(infos, outcome.info, i)
        seen = [outcome for outcome in self._outcomes if outcome]
        terminated = np.array([outcome.terminated for outcome in seen], np.bool_)
        truncated = np.array([outcome.truncated for outcome in seen], np.bool_)
        return self._observations(), rewards, terminated, truncated, infos

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return each page as last seen, (H, W, 3) RGB."""
        seen = [outcome for outcome in self._outcomes if outcome]
        if self.render_mode is None or not seen:
            return None
        return tuple(outcome.observation.pixels.copy() for outcome in seen)

    def close_extras(self, **_: Any) -> None:
        """Close the browser."""
        pages, self._pages = self._pages, None
        if pages:
            pages.close()

    # What experts may do --------------------------------------------------------------------------

    @property
    def pages(self) -> Sequence[TaskPage]:
        """The pages themselves, for experts; a policy has no business with them."""
        return self._opened().pages

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run an expert's coroutine where the pages live."""
        return self._opened().run(work)

    # Parts ----------------------------------------------------------------------------------------

    def _opened(self) -> TaskPages:
        if not self._pages:
            raise ConfigError("no episode is running; call reset first")
        return self._pages

    def _chosen(self, mask: Flags | None) -> list[int]:
        if mask is None:
            return list(range(self.num_envs))
        if len(mask) != self.num_envs:
            raise ConfigError(f"a mask of {len(mask)} for {self.num_envs} environments")
        chosen = [i for i, is_chosen in enumerate(mask) if is_chosen]
        never = [i for i, outcome in enumerate(self._outcomes) if not outcome and i not in chosen]
        if never:
            raise ConfigError(f"environments {never} were never reset; leave out the mask at first")
        return chosen

    def _seeds(self, seed: int | Sequence[int | None] | None) -> list[int]:
        if isinstance(seed, int):
            return [seed + i for i in range(self.num_envs)]
        wanted = [None] * self.num_envs if seed is None else list(seed)
        if len(wanted) != self.num_envs:
            raise ConfigError(f"{len(wanted)} seeds for {self.num_envs} environments")
        return [int(self.np_random.integers(2**53)) if one is None else one for one in wanted]

    def _take_tasks(
        self, chosen: Sequence[int], tasks: Sequence[WebTask | str | None] | None
    ) -> None:
        for i, task in zip(chosen, tasks or [None] * len(chosen), strict=True):
            if task is not None:
                self.tasks[i] = _task(task)

    def _observations(self) -> Sample:
        space = self.single_observation_space
        samples = [
            from_observation(outcome.observation, elements=self._has_elements)
            for outcome in self._outcomes
            if outcome
        ]
        # a new array each time: what was returned before never changes
        empty = create_empty_array(space, self.num_envs)
        return concatenate(space, samples, empty)  # pyright: ignore[reportReturnType]


def _task(task: WebTask | str) -> WebTask:
    return web_task(task) if isinstance(task, str) else task


def _is_over(outcome: Outcome) -> bool:
    return outcome.terminated or outcome.truncated


async def _together(works: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    return await asyncio.gather(*works)
