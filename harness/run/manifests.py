"""Frozen manifests: what a suite plays, fixed for good, with the time that people take for it.

    {"format": "understudy-manifest", "version": 1, "name": …, "mode": …,
     "tasks": {TASK: {"version": …, "human": {"seconds": …, "sd_log": …, "n": …}}},
     "work": {"kind": "episodes" | "shifts" | "forward", …}, "sha256": …}

`sha256` is that of all the rest, so that a manifest that was changed is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from harness.errors import ConfigError, UnknownTaskError
from harness.measure.events import PlannedEpisode
from harness.tasks.faults import known_faults
from harness.tasks.registry import web_task
from harness.tasks.task import HumanTime

FORMAT, VERSION = "understudy-manifest", 1
SHIPPED = ("smoke", "core", "shift", "forward")


class Mode(StrEnum):
    """How people and agents share the work."""

    FOREMAN = "foreman"
    """A person watches agents, one or many, and helps those that ask."""
    FAST_FORWARD = "fast-forward"
    """An agent watches a person, and does the rest of the work on a click."""


class FrozenTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was fixed of a task."""

    version: int
    human: HumanTime


class FrozenEpisode(msgspec.Struct, frozen=True, array_like=True):
    """One episode: a task, a seed, and what is wrong with its pages."""

    task: str
    seed: int
    faults: tuple[str, ...] = ()


class Episodes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Single episodes, each with a person of its own who is always attentive."""

    episodes: tuple[FrozenEpisode, ...]

    @property
    def mode(self) -> Mode:
        """How people and agents share the work."""
        return Mode.FOREMAN

    @property
    def all_episodes(self) -> Iterator[FrozenEpisode]:
        """Every episode, in order."""
        return iter(self.episodes)


class Shifts(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """Shifts of so many agents with one person between them."""

    shifts: tuple[tuple[FrozenEpisode, ...], ...]
    """The work of each, in the order in which agents take it."""
    n_agents: tuple[int, ...]
    allocators: tuple[str, ...]
    reference: tuple[int, str]
    """Agents and allocator of the rows that others are compared with."""
    patience_s: float
    """An agent that waited so long for the person goes on alone, its alarm raised."""
    taught: tuple[str, ...]
    """Tasks that a policy may learn from; all others are novel."""

    @property
    def mode(self) -> Mode:
        """How people and agents share the work."""
        return Mode.FOREMAN

    @property
    def all_episodes(self) -> Iterator[FrozenEpisode]:
        """Every episode, in order."""
        return (episode for shift in self.shifts for episode in shift)


class Forward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Single episodes that a person works on at their pace until the light comes on."""

    episodes: tuple[FrozenEpisode, ...]

    @property
    def mode(self) -> Mode:
        """How people and agents share the work."""
        return Mode.FAST_FORWARD

    @property
    def all_episodes(self) -> Iterator[FrozenEpisode]:
        """Every episode, in order."""
        return iter(self.episodes)


Work: TypeAlias = Episodes | Shifts | Forward


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frozen manifest."""

    format: str = FORMAT
    version: int = VERSION
    name: str
    mode: Mode
    tasks: Mapping[str, FrozenTask]
    work: Work
    sha256: str = ""

    def planned(self, episode: FrozenEpisode, trigger: str = "") -> PlannedEpisode:
        """Return an episode as it is planned for a run whose agents ask by a trigger."""
        return PlannedEpisode(
            task=episode.task,
            seed=episode.seed,
            human=self.tasks[episode.task].human,
            faults=episode.faults,
            trigger=trigger,
        )


def freeze(name: str, work: Work) -> Frozen:
    """Return a manifest of some work, with the versions and human times of its tasks as they are.

    Raises:
        UnknownTaskError: there is no such task.
        ConfigError: an episode comes twice, a fault is not known, or there is nothing to do.
    """
    tasks = {name: web_task(name) for name in sorted({each.task for each in work.all_episodes})}
    frozen = Frozen(
        name=name,
        mode=work.mode,
        tasks={
            name: FrozenTask(version=task.version, human=task.human) for name, task in tasks.items()
        },
        work=work,
    )
    _check(frozen, name)
    return msgspec.structs.replace(frozen, sha256=_hash(msgspec.to_builtins(frozen)))


def to_json(frozen: Frozen) -> bytes:
    """Return a manifest as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(frozen), indent=1) + b"\n"


def load(name: str) -> Frozen:
    """Return a manifest by its name, if it comes with us, or from its file.

    Raises:
        ConfigError: there is none, it was changed, or it is of other tasks than ours.
        UnknownTaskError: a task of it does not exist.
    """
    if name in SHIPPED:
        return read((files("harness.run") / "data" / f"{name}.json").read_bytes(), name)
    try:
        return read(Path(name).read_bytes(), name)
    except OSError as error:
        raise ConfigError(
            f"no manifest {name!r}; allowed: {', '.join(SHIPPED)}, or a file"
        ) from error


def read(body: bytes, name: str) -> Frozen:
    """Return a manifest from the bytes of its file; `name` says in errors which.

    Raises:
        ConfigError: it was changed, is no manifest, or is of other tasks than ours.
        UnknownTaskError: a task of it does not exist.
    """
    try:
        found: Any = msgspec.json.decode(body)
        if found["format"] != FORMAT or found["version"] != VERSION:
            raise ConfigError(
                f"manifest {name} is {found['format']} {found['version']}; "
                f"allowed: {FORMAT} {VERSION}"
            )
        stated = found["sha256"]
        frozen = msgspec.convert(found, Frozen)
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError) as error:
        raise ConfigError(f"{name} is no frozen manifest: {error}") from error
    if stated != _hash(found):
        raise ConfigError(f"manifest {name} was changed: its hash is not the one that it states")
    _check(frozen, name)
    return frozen


def _hash(content: dict[str, Any]) -> str:
    body = msgspec.json.encode({**content, "sha256": ""}, order="sorted")
    return hashlib.sha256(body).hexdigest()


def _check(frozen: Frozen, name: str) -> None:
    every = list(frozen.work.all_episodes)
    if not every:
        raise ConfigError(f"manifest {name} holds no episode")
    if len(set(every)) < len(every):
        raise ConfigError(f"manifest {name} holds an episode twice")
    if frozen.mode is not frozen.work.mode:
        raise ConfigError(f"manifest {name} says {frozen.mode}, but its work is {frozen.work.mode}")
    known_faults(fault for episode in every for fault in episode.faults)
    if strange := {episode.task for episode in every} - frozen.tasks.keys():
        raise ConfigError(f"manifest {name} has no human time for {', '.join(sorted(strange))}")
    for task, fixed in frozen.tasks.items():
        found = web_task(task)
        if found.name != task:
            raise UnknownTaskError(f"manifest {name} names {task!r}, which is {found.name!r} here")
        if found.version != fixed.version:
            raise ConfigError(
                f"manifest {name} is of version {fixed.version} of {task}; here is {found.version}"
            )
