"""Plays a suite from its beginning, or goes on with one that was interrupted."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec

from harness.cluster import Engine
from harness.errors import ConfigError
from harness.run.cells import load_maker
from harness.run.cluster import cluster_workers
from harness.run.messages import Begin, Enlist, Lost, Play, Ready, Settled
from harness.run.standing import close_logs, missing_cells, standing
from harness.run.suite import (
    LOCK_FILE,
    Request,
    Suite,
    check_free,
    check_same,
    is_suite,
    policies_of,
    read_suite,
    run_plans,
    write_suite,
)
from harness.run.tools import checkpoint_sha256
from harness.run.workers import Shared, Worker, WorkerEndedError, feed, worker
from recorder.schema import Thresholds

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None


_LOCK_PATIENCE_S = 30.0  # workers of a run that was killed end within seconds
_LOCK_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What a suite is played by."""

    workers: int = 1
    """Processes, each with a browser of its own."""
    n_pages: int = 4
    """Pages that each has open at once."""
    engine: Engine = "local"
    """Where they are: processes on this machine, or actors on those of a Ray cluster."""

    def __post_init__(self) -> None:
        if min(self.workers, self.n_pages) < 1:
            raise ConfigError(
                f"{self.workers} workers with {self.n_pages} pages; allowed: 1 or more"
            )


class Told(Protocol):
    """Hears how far a suite is."""

    def begin(self, planned: Mapping[str, int], missing: Mapping[str, int]) -> None:
        """So many episodes are planned in each run, and so many of them still to be played."""
        ...

    def settle(self, report: Settled) -> None:
        """A cell was played."""
        ...

    def lose(self, report: Lost) -> None:
        """A cell could not be played."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of playing a suite."""

    cells: int
    """That were to be played when it began."""
    lost: tuple[Lost, ...] = ()
    """Cells whose browser broke each time."""
    ended: tuple[str, ...] = ()
    """Workers that were gone before their time."""
    missing: int = 0
    """Cells that are still to be played."""


def play(
    folder: Path,
    request: Request,
    *,
    tools: Mapping[str, str],
    crew: Crew,
    told: Told,
) -> Played:
    """Play what is still to be played of a suite, and return what came of it.

    It may be interrupted at any time, however rudely: asked for the same again, it plays the cells
    that have an episode which is not in the logs.

    Raises:
        ConfigError: the folder holds another suite, or is in use, or what is asked for cannot be.
        LogError: a log was altered.
    """
    check_free(folder)
    checkpoints = {policy: checkpoint_sha256(policy) for policy in policies_of(request)}
    asked = Suite(
        request=request,
        checkpoints={policy: found for policy, found in checkpoints.items() if found},
        thresholds={},
        tools=tools,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder) as lock:
        before = read_suite(folder) if is_suite(folder) else None
        if before:
            # what workers find is compared when they have found it
            check_same(folder, msgspec.structs.replace(before, thresholds={}), asked)
            if not _missing(folder, before):
                _close_complete(folder, before)
                return Played(cells=0)
        hands = _Hands(folder, crew, told, lock)
        played = asyncio.run(hands.play(asked, before))
        suite = read_suite(folder)
        _close_complete(folder, suite)
        return replace(played, missing=len(_missing(folder, suite)))


class _Hands:
    """The workers of a suite."""

    def __init__(self, folder: Path, crew: Crew, told: Told, lock: int) -> None:
        self._folder = folder
        self._crew = crew
        self._told = told
        self._lock = lock
        self._lost: list[Lost] = []
        self._ended: list[str] = []

    async def play(self, asked: Suite, before: Suite | None) -> Played:
        """Play what is missing, and return what came of it."""
        async with AsyncExitStack() as stack:
            workers = await self._hired(stack)
            thresholds = await _enlisted(workers, policies_of(asked.request))
            suite = msgspec.structs.replace(asked, thresholds=thresholds)
            if before:
                check_same(self._folder, before, suite)
            write_suite(self._folder, suite)
            waiting = deque(_missing(self._folder, suite))
            cells = len(waiting)
            self._told.begin(*_counts(suite, waiting))
            shared = Shared(waiting, self._crew.n_pages, self._note)
            await asyncio.gather(*(self._feed(each, shared) for each in workers))
            return Played(cells=cells, lost=tuple(self._lost), ended=tuple(self._ended))

    async def _hired(self, stack: AsyncExitStack) -> Sequence[Worker]:
        number = self._crew.workers
        if self._crew.engine == "ray":
            return await stack.enter_async_context(cluster_workers(self._folder, number))
        local = [worker(str(each), self._lock) for each in range(number)]
        return [await stack.enter_async_context(each) for each in local]

    async def _feed(self, one: Worker, shared: Shared) -> None:
        try:
            await one.tell(Begin(folder=str(self._folder.absolute()), worker=one.name))
            await feed(one, shared)
        except WorkerEndedError as error:  # the others go on
            self._ended.append(str(error))

    def _note(self, report: Settled | Lost) -> None:
        if isinstance(report, Lost):
            self._lost.append(report)
            self._told.lose(report)
        else:
            self._told.settle(report)


async def _enlisted(workers: Sequence[Worker], policies: Sequence[str]) -> dict[str, Thresholds]:
    """Return when each policy asks, once all workers have loaded them."""
    for each in workers:
        await each.tell(Enlist(policies=tuple(policies)))
    found: dict[str, Thresholds] = {}
    for each in workers:
        report = await each.hear()
        assert isinstance(report, Ready), report
        found.update(report.thresholds)
    return found


def _missing(folder: Path, suite: Suite) -> list[Play]:
    """Return the cells that are still to be played, row by row."""
    request = suite.request
    make = load_maker(request.cells)
    return [
        cell
        for run in run_plans(suite)
        for cell in missing_cells(
            run,
            make(request.manifest, run.name, run.casting),
            standing(folder / run.folder, run.manifest),
        )
    ]


def _close_complete(folder: Path, suite: Suite) -> None:
    """Close the logs of the runs that have nothing left to be played."""
    for run in run_plans(suite):
        found = standing(folder / run.folder, run.manifest)
        if found.is_complete:
            close_logs(found)


def _counts(suite: Suite, waiting: Iterable[Play]) -> tuple[dict[str, int], dict[str, int]]:
    planned = {run.folder: len(run.manifest.plan) for run in run_plans(suite)}
    missing = dict.fromkeys(planned, 0)
    for order in waiting:
        missing[order.run] += len(order.missing)
    return planned, missing


@contextmanager
def _locked(folder: Path) -> Generator[int]:
    """Hold the lock of a folder; workers inherit it, so that it is free when the last has ended.

    Raises:
        ConfigError: it is held by others.
    """
    lock = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_PATIENCE_S
        while not _lock(lock):
            if time.monotonic() > deadline:
                raise ConfigError(f"{folder} is being played right now; wait until that is done")
            time.sleep(_LOCK_POLL_S)
        yield lock
    finally:
        os.close(lock)


def _lock(descriptor: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
