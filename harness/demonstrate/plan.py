"""What is to be demonstrated: a set of units, and the folder that they go to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from harness.errors import ConfigError
from harness.tasks.experts.catalog import has_expert
from harness.tasks.faults import known_faults
from harness.tasks.registry import web_task, web_tasks
from harness.tasks.task import WebTask
from recorder.store import write_atomically

PLAN_FILE = "plan.json"
FORMAT, VERSION = "understudy-demonstrations", 1
Pace: TypeAlias = Literal["human", "full"]


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """One episode to be demonstrated."""

    seed: int
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be demonstrated; the same plan gives the same actions on any machine."""

    tasks: tuple[str, ...]
    """Names of web tasks."""
    episodes: int = 10
    """Episodes of each task."""
    seed: int = 0
    """Seed of the first episode of each task; each next one has the next seed."""
    pace: Pace = "full"
    """As fast as the page goes, or as people do it."""
    slips: float = 0.0
    """Share of actions that go wrong as people's do: a near miss, the wrong neighbour, a typo."""
    faults: tuple[str, ...] = ()
    """What is wrong with the pages."""
    by_human: bool = False
    """Done by a person, not by experts."""

    @property
    def units(self) -> Iterator[Unit]:
        """All episodes, the first of each task first."""
        seeds = range(self.seed, self.seed + self.episodes)
        return (Unit(seed, task) for seed, task in product(seeds, self.tasks))

    def check(self) -> None:
        """Refuse what cannot be done.

        Raises:
            UnknownTaskError: there is no such task.
            ConfigError: a number is out of range, a fault is not known, or an expert is missing.
        """
        if not self.tasks:
            raise ConfigError("no task to demonstrate; name some, or say all")
        if self.episodes < 1:
            raise ConfigError(
                f"cannot record {self.episodes} episodes of a task; allowed: 1 or more"
            )
        if not 0 <= self.slips < 1:
            raise ConfigError(f"cannot slip at a rate of {self.slips:g}; allowed: 0 to below 1")
        known_faults(self.faults)
        tasks = [web_task(name) for name in self.tasks]
        lacking = [task.name for task in tasks if not has_experts(task)]
        if lacking and not self.by_human:
            raise ConfigError(f"no expert does {', '.join(lacking)}; a person can: --from-human")


def has_experts(task: WebTask) -> bool:
    """Say whether experts can do all pages of a task."""
    return all(has_expert(page) for page in task.pages)


def chosen_tasks(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of tasks without version, each once; `all` means every one with an expert.

    Raises:
        UnknownTaskError: there is no task of a name; the message names the nearest.
    """
    if "all" in names:
        return tuple(task.name for task in web_tasks().values() if has_experts(task))
    return tuple(dict.fromkeys(web_task(name).name for name in names))


def open_folder(folder: Path, plan: Plan) -> None:
    """Make a folder for a plan, or go on in one that holds the same plan.

    A plan for more episodes of the same tasks goes on where the shorter one ended.

    Raises:
        ConfigError: the folder holds something else.
    """
    path = folder / PLAN_FILE
    if path.exists():
        before = read_plan(folder)
        if asdict(before) | {"episodes": plan.episodes} != asdict(plan):
            raise ConfigError(
                f"{folder} holds demonstrations of another plan: {_difference(before, plan)}; "
                "ask for the same, or name another folder"
            )
        plan = max(before, plan, key=lambda each: each.episodes)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} holds something that is not ours; name a new or empty folder")
    (folder / "recordings").mkdir(parents=True, exist_ok=True)
    (folder / "episodes").mkdir(exist_ok=True)
    body = {"format": FORMAT, "version": VERSION, "plan": asdict(plan)}
    write_atomically(path, json.dumps(body, indent=1).encode())


def read_plan(folder: Path) -> Plan:
    """Return the plan of a folder of demonstrations.

    Raises:
        ConfigError: it is no such folder.
    """
    path = folder / PLAN_FILE
    try:
        found: Any = json.loads(path.read_bytes())
        if found["format"] != FORMAT or found["version"] > VERSION:
            raise ConfigError(f"{path} is not a plan that this understudy reads")
        return msgspec.convert(found["plan"], Plan)
    except FileNotFoundError as error:
        raise ConfigError(f"no demonstrations in {folder}: it has no {PLAN_FILE}") from error
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is damaged: {error}") from error


def _difference(before: Plan, now: Plan) -> str:
    old, new = asdict(before), asdict(now)
    return ", ".join(
        f"{name} was {old[name]!r}, asked {new[name]!r}"
        for name in old
        if name != "episodes" and old[name] != new[name]
    )
