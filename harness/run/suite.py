"""A suite: every row of a table on one frozen manifest, and the folder that it is kept in.

suite.json               what was asked for, written once before anything is played
ROW/manifest.json        the same, as far as it concerns the run of that row
ROW/events-WORKER.jsonl  what happened, one log for each worker
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from harness.errors import ConfigError
from harness.gate import SILENT
from harness.measure.events import Manifest
from harness.measure.report.rows import RowName
from harness.modes.operators import OperatorConfig
from harness.run.manifests import Frozen
from harness.run.rows import Casting, cast
from recorder.schema import Thresholds
from recorder.store import write_atomically

SUITE_FILE, RUN_FILE, LOCK_FILE = "suite.json", "manifest.json", ".lock"
FORMAT, VERSION = "understudy-suite", 1
WEB_CELLS = "harness.run.cells:web_cells"
_UNFINISHED = (LOCK_FILE, f"{SUITE_FILE}.tmp")  # what a start that was cut short leaves behind


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was asked for; with the same policy and tools it gives the same events."""

    manifest: Frozen
    policy: str
    """`package:factory`, or `package:factory@argument`."""
    trainings: tuple[str, ...] = ()
    """The same policy trained anew with other seeds: rows ours#1, ours#2 and so on."""
    rows: tuple[str, ...]
    """Names of rows, on shifts with agents and allocator."""
    seed: int = 0
    """Of the run: keys all draws."""
    think_ms: int = 100
    """Virtual time that a decision of an agent takes."""
    operator: Mapping[str, float] = {}
    """Parameters of the simulated person that are not the usual ones."""
    cells: str = WEB_CELLS
    """`package:function` that makes the cells of a row out of the manifest."""


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A suite that can be played: what was asked for, and what it was found to be."""

    format: str = FORMAT
    version: int = VERSION
    request: Request
    checkpoints: Mapping[str, str] = {}
    """Hash of the folder that a policy is loaded from, by policy; those that name none are not
    here."""
    thresholds: Mapping[str, Thresholds]
    """When agents ask, by policy."""
    tools: Mapping[str, str] = {}
    """Versions of what it is played with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun:
    """The run of one row: what its logs are of."""

    name: RowName
    manifest: Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan(LoggedRun):
    """The run of one row that can be played."""

    casting: Casting

    @property
    def folder(self) -> str:
        """Where its logs are, below the suite's folder."""
        return str(self.name)


def policies_of(request: Request) -> tuple[str, ...]:
    """Return the policies that play, each once.

    Raises:
        ConfigError: there is no such row.
    """
    casts = [_cast(request, RowName.parse(row)) for row in request.rows]
    return tuple(dict.fromkeys(each.policy for each in casts))


def _cast(request: Request, name: RowName) -> Casting:
    trained = (request.policy, *request.trainings)
    number = name.training or 0
    if number >= len(trained):
        raise ConfigError(
            f"row {str(name)!r} is of training {number}; there are {len(trained)}, counted from 0"
        )
    return cast(name, trained[number])


def thresholds_or_silent(found: Thresholds | None) -> Thresholds:
    """Return when an agent asks whose policy says nothing of it: when it chooses to, or in a loop.

    Nothing is known of what such a policy's probabilities mean.
    """
    return found or SILENT


def run_plans(suite: Suite) -> list[RunPlan]:
    """Return the run of each row.

    Raises:
        ConfigError: there is no such row.
    """
    return [_run_plan(suite, RowName.parse(row)) for row in suite.request.rows]


def _run_plan(suite: Suite, name: RowName) -> RunPlan:
    request = suite.request
    casting = _cast(request, name)
    frozen = request.manifest
    settings = {
        "manifest": f"{frozen.name} {frozen.sha256}",
        "trigger": casting.trigger,
        "person": casting.operator,
        "seed": str(request.seed),
        "think_ms": str(request.think_ms),
    }
    if name.n_agents is not None:
        settings |= {"n_agents": str(name.n_agents), "allocator": name.allocator}
    manifest = Manifest(
        plan=tuple(frozen.planned(episode) for episode in frozen.work.all_episodes),
        policy=casting.policy,
        policy_sha256=suite.checkpoints.get(casting.policy, ""),
        operator=OperatorConfig.from_mapping(request.operator).to_mapping(),
        thresholds=asdict(suite.thresholds[casting.policy]),
        settings=settings,
        tools=suite.tools,
    )
    return RunPlan(name=name, casting=casting, manifest=manifest)


# On disk ------------------------------------------------------------------------------------------


def write_suite(folder: Path, suite: Suite) -> None:
    """Keep what a suite is, and what each of its runs is."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / SUITE_FILE, _pretty(suite))
    for run in run_plans(suite):
        (folder / run.folder).mkdir(parents=True, exist_ok=True)
        write_atomically(folder / run.folder / RUN_FILE, _pretty(run.manifest))


def read_suite(folder: Path) -> Suite:
    """Return the suite that is kept in a folder.

    Raises:
        ConfigError: there is none, or it is damaged.
    """
    path = folder / SUITE_FILE
    try:
        suite = msgspec.json.decode(path.read_bytes(), type=Suite)
    except OSError as error:
        raise ConfigError(f"no suite in {folder}: it has no {SUITE_FILE}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is damaged: {error}") from error
    if (suite.format, suite.version) != (FORMAT, VERSION):
        raise ConfigError(f"{path} is {suite.format} {suite.version}; allowed: {FORMAT} {VERSION}")
    return suite


def is_suite(folder: Path) -> bool:
    """Say whether a suite is kept in a folder."""
    return (folder / SUITE_FILE).is_file()


def check_free(folder: Path) -> None:
    """Refuse a folder that holds something else than a suite.

    Raises:
        ConfigError: it is a file, or is not empty and has no suite.
    """
    if not folder.exists() or is_suite(folder):
        return
    if not folder.is_dir() or any(path.name not in _UNFINISHED for path in folder.iterdir()):
        raise ConfigError(f"{folder} holds something that is not ours; name a new or empty folder")


def check_same(folder: Path, before: Suite, now: Suite) -> None:
    """Refuse to go on with a suite under the name of another.

    Raises:
        ConfigError: something else was asked for, or what it is played with has changed.
    """
    old, new = _parts(before), _parts(now)
    changed = [
        f"{part} was {old.get(part, 'absent')}, is {new.get(part, 'absent')}"
        for part in sorted(old.keys() | new.keys())
        if old.get(part) != new.get(part)
    ]
    if changed:
        raise ConfigError(
            f"{folder} holds another suite: {', '.join(changed)}; ask for the same, or name "
            "another folder"
        )


def _parts(suite: Suite) -> dict[str, str]:
    request = suite.request
    parts = {
        "manifest": f"{request.manifest.name} {request.manifest.sha256[:12]}",
        "policy": request.policy,
        "trainings": " ".join(request.trainings) or "none",
        "rows": " ".join(request.rows),
        "seed": str(request.seed),
        "think_ms": str(request.think_ms),
        "operator": str(dict(request.operator)),
        "cells": request.cells,
    }
    parts |= {f"checkpoint of {name}": hash_ for name, hash_ in suite.checkpoints.items()}
    parts |= {f"version of {tool}": version for tool, version in suite.tools.items()}
    return parts | {f"thresholds of {name}": str(each) for name, each in suite.thresholds.items()}


def _pretty(content: Suite | Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
