"""A web task as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from harness.env.page import Outcome, PageConfig, TaskPage
from harness.env.pages import TaskPages
from harness.env.spaces import Sample, action_space, from_observation, observation_space, to_action
from harness.env.stage import AREA
from harness.errors import ConfigError
from harness.tasks.registry import web_task
from harness.tasks.task import WebTask

Result = TypeVar("Result")

BUTTONS = 3  # a page has no back and forward buttons of its own


class WebTaskEnv(gymnasium.Env[Sample, Sample]):
    """One web task in a Chromium of its own, on virtual time.

    `terminated` says that the task's page ended the episode or that the agent said `Done`;
    `truncated` that a limit did. The reward is 1 for a raw reward of exactly 1, and 0 for all else.
    `reset` takes `options={"faults": (…)}`.

    Args:
        task: a task or its name.
        elements: list the page's elements in each observation.
        action_ms: virtual time that passes with each action other than a wait.
        render_mode: `rgb_array`, or None.

    Raises:
        UnknownTaskError: no web task of that name.
        ConfigError: no such render mode.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "autoreset_mode": AutoresetMode.DISABLED,
    }

    def __init__(
        self,
        task: WebTask | str,
        *,
        elements: bool = False,
        action_ms: int = 100,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ConfigError(f"no render mode {render_mode!r}; allowed: rgb_array, None")
        self.task = web_task(task) if isinstance(task, str) else task
        self.render_mode = render_mode
        self.action_space = action_space(AREA, buttons=BUTTONS)
        self.observation_space = observation_space(AREA, elements=elements)
        self._has_elements = elements
        self._config = PageConfig(elements=elements, action_ms=action_ms)
        self._pixels: NDArray[np.uint8] | None = None
        self._pages: TaskPages | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Sample, dict[str, Any]]:
        """Begin an episode; each seed is another instance of the task."""
        super().reset(seed=seed)
        instance = int(self.np_random.integers(2**53)) if seed is None else seed
        faults: Sequence[str] = (options or {}).get("faults", ())
        self._pages = self._pages or TaskPages(1, self._config)
        outcome = self.run(self.page.reset(self.task, instance, faults))
        return self._sample(outcome), {**outcome.info, "task": self.task.name, "seed": instance}

    def step(self, action: Sample) -> tuple[Sample, float, bool, bool, dict[str, Any]]:
        """Do one action of the action space."""
        outcome = self.run(self.page.step(to_action(action)))
        sample = self._sample(outcome)
        return sample, outcome.reward, outcome.terminated, outcome.truncated, outcome.info

    def render(self) -> NDArray[np.uint8] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the page as last seen, (H, W, 3) RGB."""
        if self.render_mode is None or self._pixels is None:
            return None
        return self._pixels.copy()

    def close(self) -> None:
        """Close the browser; `reset` would start another."""
        pages, self._pages = self._pages, None
        if pages:
            pages.close()

    # What experts may do --------------------------------------------------------------------------

    @property
    def page(self) -> TaskPage:
        """The page itself, for experts; a policy has no business with it."""
        return self._opened().pages[0]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run an expert's coroutine where the page lives."""
        return self._opened().run(work)

    # Parts ----------------------------------------------------------------------------------------

    def _opened(self) -> TaskPages:
        if not self._pages:
            raise ConfigError("no episode is running; call reset first")
        return self._pages

    def _sample(self, outcome: Outcome) -> Sample:
        self._pixels = outcome.observation.pixels
        return from_observation(outcome.observation, elements=self._has_elements)
