"""The unit of work of a run: played whole or not at all, and always the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from harness.control import Policy
from harness.env.browsers import Browsers
from harness.env.chromium import Tab
from harness.latch import Latch
from harness.measure.events import PlannedEpisode, RunEvent
from harness.modes.album import Album
from harness.modes.operators import OperatorConfig
from recorder.schema import Thresholds


@cache
def _latch() -> Latch:
    # one for all stages of a process: each holds a file open
    return Latch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What cells are played on; made once per worker process."""

    policy: Policy
    browsers: Browsers[Tab]
    thresholds: Thresholds
    operator: OperatorConfig
    """Parameters of the simulated person."""
    seed: int
    """Of the run: keys all draws."""
    think_ms: int = 100
    """Virtual time that a decision of an agent takes."""
    latch: Latch = field(default_factory=_latch)
    """Looked at before each action of an agent."""
    album: Album = field(default_factory=Album)
    """Where agents put what they see."""


class Cell(Protocol):
    """Some planned episodes that are played together, by one task of one event loop."""

    @property
    def key(self) -> str:
        """Its name, unique in the run and the same in every run of the plan."""
        ...

    @property
    def plan(self) -> tuple[PlannedEpisode, ...]:
        """The episodes that it plays."""
        ...

    async def play(self, stage: Stage) -> list[RunEvent]:
        """Play it and return all that happened.

        The events depend on the cell and the stage's parameters only, not on what else runs.

        Raises:
            StoppedError: a person stopped the agents.
        """
        ...
