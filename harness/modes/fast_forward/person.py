"""The person beside the light: they work at human pace, and click when it comes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from harness.env.page import TaskPage
from harness.errors import ExpertError
from harness.measure.events import PlannedEpisode
from harness.modes.draws import draws
from harness.modes.operators import OperatorConfig
from harness.tasks.experts.pacing import pace_of
from harness.tasks.experts.playing import Deed, Manner, deeds
from harness.tasks.keystrokes import SECONDS
from harness.tasks.registry import web_task
from recorder.schema import Action, Wait


@dataclass(frozen=True, slots=True)
class HumanStep:
    """What the person does next, and how long it takes them."""

    action: Action
    duration_ms: int


class ScriptedPerson:
    """Does one episode as an expert would, in the time that people take, with their slips.

    Args:
        planned: the episode.
        config: what they are like.
        seed: of the run; all draws depend on it and the episode.
    """

    def __init__(self, planned: PlannedEpisode, config: OperatorConfig, seed: int) -> None:
        self._planned = planned
        self._config = config
        self._seed = seed
        self._task = web_task(planned.task)
        self._hand: AsyncGenerator[Deed] | None = None
        self._begun = 0
        self._lights = 0

    async def next(self, page: TaskPage) -> HumanStep | None:
        """Return what they do next, having looked at the page; None when they know no way.

        Raises:
            ConfigError: a page of the task has no expert.
            InfrastructureError: the page is gone.
        """
        if self._hand is None:
            self._begun += 1
            manner = Manner(
                paced=True, slips=self._config.slips, draws=f"{self._seed}/{self._begun}"
            )
            self._hand = deeds(page, self._task, self._planned.seed, manner)
        try:
            deed = await anext(self._hand, None)
        except ExpertError:
            return None
        if deed is None:
            return None
        parts = deed.parts or (deed.action,)
        takes_ms = sum(part.duration_ms for part in parts if isinstance(part, Wait))
        return HumanStep(deed.action, takes_ms)

    async def look_up(self) -> None:
        """Forget what they were about to do: the page may be another when they go on."""
        hand, self._hand = self._hand, None
        if hand is not None:
            await hand.aclose()

    def click_ms(self, page: TaskPage) -> int:
        """Return how long they take to see the light and click it: M, P and B of the model."""
        rng = draws(self._seed, self._planned.key, self._begun, "light")
        return self._click_ms(page, rng.lognormvariate(0.0, self._config.notice_sd_log))

    def usual_click_ms(self, page: TaskPage) -> int:
        """Return how long that takes at the median."""
        return self._click_ms(page, 1.0)

    def _click_ms(self, page: TaskPage, spread: float) -> int:
        path = self._task.pages[page.milestones]
        model_s = SECONDS["M"] * spread + SECONDS["P"] + 2 * SECONDS["B"]
        return round(1000 * pace_of(path).factor * model_s)

    def overlooks(self) -> bool:
        """Say whether they leave the light alone, though it is on."""
        self._lights += 1
        rng = draws(self._seed, self._planned.key, self._lights, "overlook")
        return rng.random() < self._config.wrong_rejections

    @property
    def review_ms(self) -> int:
        """How long they look at what came of it."""
        return round(1000 * self._config.verify_s)
