"""Shifts: an endless stream of work, some of it of a kind that was never seen before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import TypeVar

import numpy as np

from harness.errors import ConfigError
from harness.tasks.faults import Fault, known_faults
from harness.tasks.registry import web_tasks
from harness.tasks.task import HumanTime, WebTask

Choice = TypeVar("Choice")

_NOVEL_SHARE = 0.25  # of families; changing it, or the rule below, makes another split
_FAMILY_WORDS = 2
_SEEDS = 2**53  # as many as an environment draws from that is given no seed


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftConfig:
    """What a shift is made of."""

    novel: float = 0.2
    """Share of work that is novel."""
    jobs: float = 0.5
    """Share of work that is a job rather than a single page."""
    faulty: float = 0.0
    """Share of work with a fault."""
    faults: tuple[str, ...] = tuple(Fault)
    """Those that happen, each as often as the others."""

    def __post_init__(self) -> None:
        for name in ("novel", "jobs", "faulty"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; allowed: a share from 0 to 1")
        if not known_faults(self.faults) and self.faulty:
            raise ConfigError(f"no faults to draw from, but faulty is {self.faulty}; name some")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftItem:
    """One piece of work in a shift."""

    index: int
    task: WebTask
    seed: int
    is_novel: bool
    faults: tuple[Fault, ...]

    @property
    def human(self) -> HumanTime:
        """The time that people take for it."""
        return self.task.human


def shift(seed: int, config: ShiftConfig | None = None) -> Iterator[ShiftItem]:
    """Return the work of a shift, which never ends.

    Raises:
        ConfigError: the seed is not from 0 to 2⁶⁴ - 1.
    """
    return (shift_item(seed, index, config) for index in count())


def shift_item(seed: int, index: int, config: ShiftConfig | None = None) -> ShiftItem:
    """Return one piece of a shift's work, without those before it.

    Raises:
        ConfigError: the seed or the index is not from 0 to 2⁶⁴ - 1.
    """
    if not (0 <= seed < 2**64 and 0 <= index < 2**64):
        raise ConfigError(f"seed {seed}, index {index}; allowed: 0 to 2**64 - 1")
    config = config or ShiftConfig()
    chance = np.random.Generator(np.random.Philox(key=np.array([seed, index], np.uint64)))
    # everything is drawn every time, so that one share does not change what the others come to
    novel, job, faulty, which, fault = chance.random(5)
    instance = int(chance.integers(_SEEDS))
    is_novel = bool(novel < config.novel)
    tasks = _pool(is_novel=is_novel, is_job=bool(job < config.jobs))
    possible = known_faults(config.faults)
    return ShiftItem(
        index=index,
        task=_pick(tasks, which),
        seed=instance,
        is_novel=is_novel,
        faults=(_pick(possible, fault),) if faulty < config.faulty else (),
    )


def _pick(choices: Sequence[Choice], chance: float) -> Choice:
    return choices[int(chance * len(choices))]


@cache
def _pool(*, is_novel: bool, is_job: bool) -> tuple[WebTask, ...]:
    return tuple(
        task
        for _, task in sorted(web_tasks().items())
        if ("job" in task.tags) == is_job and is_novel_task(task) == is_novel
    )


# The split ----------------------------------------------------------------------------------------


def split_manifest() -> dict[str, list[str]]:
    """Return the names of the `known` tasks, which policies may learn from, and of the `novel`."""
    names: dict[str, list[str]] = {"known": [], "novel": []}
    for name, task in sorted(web_tasks().items()):
        names["novel" if is_novel_task(task) else "known"].append(name)
    return names


def is_novel_task(task: WebTask) -> bool:
    """Say whether a task is of a kind that policies never learn from: any page of it is.

    >>> from harness.tasks.registry import web_task
    >>> is_novel_task(web_task("miniwob-enter-date")), is_novel_task(web_task("miniwob-enter-text"))
    (True, False)
    """
    return any(_is_novel_family(family_of(page)) for page in task.pages)


def family_of(page: str) -> str:
    """Return the family of a page: its variants are known or novel together.

    >>> family_of("click-tab-2-hard.html")
    'click-tab'
    """
    return "-".join(page.removesuffix(".html").split("-")[:_FAMILY_WORDS])


def _is_novel_family(family: str) -> bool:
    digest = hashlib.sha256(family.encode()).digest()
    return int.from_bytes(digest[:8]) < _NOVEL_SHARE * 2**64
