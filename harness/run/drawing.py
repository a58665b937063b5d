"""Draws what is played: the work of shifts from tasks that were taught and some that were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from harness.demonstrate.plan import has_experts
from harness.errors import ConfigError
from harness.run.manifests import FrozenEpisode, Shifts
from harness.tasks.registry import web_task, web_tasks
from harness.tasks.shifts import is_novel_task

FIRST_SEED = 7_000_000
"""No policy of ours is trained on seeds from here on."""
PATIENCE_S = 60.0
"""An agent of a shift that asked and was not attended for so long goes on alone."""
_USUAL_AGENTS = 4
ALLOCATORS = ("random", "fifo", "most-uncertain", "fleet-dagger", "thrifty", "gain-per-second")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What shifts are made of.

    Raises:
        ConfigError: a share is out of range, or there is nothing to draw it from.
    """

    pages: Sequence[str]
    """Tasks that are taught."""
    novel: Sequence[str]
    """Tasks that are not."""
    jobs: Sequence[str] = ()
    """Jobs made of pages that are taught."""
    novel_share: float = 0.2
    job_share: float = 0.2

    def __post_init__(self) -> None:
        shares = (self.novel_share, self.job_share, 1 - self.novel_share - self.job_share)
        if min(shares) < 0:
            raise ConfigError(
                f"shares of novel work {self.novel_share:g} and of jobs {self.job_share:g}; "
                "allowed: neither below 0, and together at most 1"
            )
        for what, share, names in zip(
            ("novel", "jobs", "taught"), shares, (self.novel, self.jobs, self.pages), strict=True
        ):
            if share and not names:
                raise ConfigError(f"a share of {share:g} is {what}, but no task of that kind is")

    @property
    def taught(self) -> tuple[str, ...]:
        """Every task that a policy may learn from."""
        return tuple(sorted({*self.pages, *self.jobs}))

    def draw(self, items: int, chance: np.random.Generator) -> list[str]:
        """Return so many tasks in random order, each kind in its share."""
        n_novel, n_jobs = round(self.novel_share * items), round(self.job_share * items)
        chosen = [
            *_picked(chance, self.novel, n_novel),
            *_picked(chance, self.jobs, n_jobs),
            *_picked(chance, self.pages, items - n_novel - n_jobs),
        ]
        chance.shuffle(chosen)
        return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """Who works on a shift."""

    n_agents: Sequence[int] = (1, 2, 4, 8, 16)
    """As many agents as each shift is played with."""
    allocators: Sequence[str] = ALLOCATORS
    """Ways to choose whom the person helps first; the last is the usual one."""

    @property
    def usual(self) -> tuple[int, str]:
        """What others are compared with: four agents, or as few as there are."""
        usual = _USUAL_AGENTS if _USUAL_AGENTS in self.n_agents else min(self.n_agents)
        return usual, self.allocators[-1]


def shifts_of(
    mixture: Mixture, staffing: Staffing, *, shifts: int, items: int, first_seed: int
) -> Shifts:
    """Return shifts of some work.

    Args:
        mixture: what they are made of.
        staffing: who works on them.
        shifts: number of them.
        items: pieces of work in each.
        first_seed: of the first piece of work; each next one has the next seed.
    """
    drawn: list[tuple[FrozenEpisode, ...]] = []
    for number in range(shifts):
        names = mixture.draw(items, chance_of(first_seed, 2 + number))
        seeds = range(first_seed + number * items, first_seed + (number + 1) * items)
        drawn.append(tuple(map(FrozenEpisode, names, seeds)))
    return Shifts(
        shifts=tuple(drawn),
        n_agents=tuple(staffing.n_agents),
        allocators=tuple(staffing.allocators),
        reference=staffing.usual,
        patience_s=PATIENCE_S,
        taught=mixture.taught,
    )


def each_with(tasks: Sequence[str], first_seed: int, n_seeds: int) -> tuple[FrozenEpisode, ...]:
    """Return an episode of every task with every one of some seeds."""
    seeds = range(first_seed, first_seed + n_seeds)
    return tuple(FrozenEpisode(task, seed) for task, seed in product(tasks, seeds))


def novel_pages() -> list[str]:
    """Return the pages that experts can do and no policy may learn from, in order of name."""
    return [
        name
        for name, task in sorted(web_tasks().items())
        if "miniwob" in task.tags and is_novel_task(task) and has_experts(task)
    ]


def jobs_of(tasks: Sequence[str]) -> list[str]:
    """Return the jobs of which every page is among those of some tasks.

    Raises:
        UnknownTaskError: there is no task of a name.
    """
    pages = {page for name in tasks for page in web_task(name).pages}
    every = web_tasks().values()
    return [job.name for job in every if "job" in job.tags and pages.issuperset(job.pages)]


def chance_of(seed: int, number: int) -> np.random.Generator:
    """Return the draws of one part of a manifest, the same on every machine."""
    return np.random.Generator(np.random.Philox(key=np.array([seed, number], np.uint64)))


def _picked(chance: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    """Return so many names, each as often as the others but for one time."""
    if not count:
        return []
    rounds = [chance.permutation(len(names)) for _ in range(-(-count // len(names)))]
    return [names[int(place)] for place in np.concatenate(rounds)[:count]]
