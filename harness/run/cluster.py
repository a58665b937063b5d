"""Workers on the machines of a Ray cluster: the same orders and reports as of those here.

Each is an actor with a browser of its own that plays in a folder of its own. With each report come
the lines that its logs grew by, and the head appends them to the logs of the suite: a cell is there
as a whole, or its report never came and it is still to be played.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from harness.cluster import actors, load_ray
from harness.errors import HarnessError
from harness.run.messages import Begin, Order, Refused, Report
from harness.run.standing import log_name, log_names
from harness.run.suite import SUITE_FILE, Suite, write_suite
from harness.run.worker import work
from harness.run.workers import Worker, WorkerEndedError, heard
from recorder.errors import RecorderError


@dataclass(frozen=True, slots=True)
class Growth:
    """What a file grew by, or all of one that is new."""

    path: str
    """Below the suite's folder."""
    data: bytes

    @property
    def is_log(self) -> bool:
        """What it grew is to be added to what there is."""
        return log_name(Path(self.path)) is not None


class Host:
    """One worker, wherever Ray puts it; an actor, whose methods are asynchronous."""

    def __init__(self) -> None:
        self._place = TemporaryDirectory(prefix="understudy-worker-")
        self._folder = Path(self._place.name)
        self._orders: asyncio.Queue[Order] = asyncio.Queue()
        self._reports: asyncio.Queue[tuple[Report, list[Growth]]] = asyncio.Queue()
        self._given: set[Path] = set()
        """Files that say what to play."""
        self._sent: dict[Path, int] = {}
        """Bytes of each log that the head has."""
        self._work: asyncio.Task[None] | None = None

    # What the head calls --------------------------------------------------------------------------

    async def take(self, order: Order) -> None:
        """Take an order."""
        self._work = self._work or asyncio.create_task(self._worked())
        self._orders.put_nowait(order)

    async def begin(self, suite: Suite, worker: str) -> None:
        """Begin with a suite."""
        write_suite(self._folder, suite)
        self._given = self._files()
        await self.take(Begin(folder=str(self._folder), worker=worker))

    async def report(self) -> tuple[Report, list[Growth]]:
        """Return what came of something, and what was logged of it."""
        return await self._reports.get()

    # What the work calls --------------------------------------------------------------------------

    def listen(self, orphaned: Callable[[], object]) -> None:
        """Do nothing: Ray ends an actor with whoever started it."""

    async def order(self) -> Order:
        """Return the next thing to do."""
        return await self._orders.get()

    def tell(self, report: Report) -> None:
        """Say what came of something."""
        self._reports.put_nowait((report, self._growth()))

    # Parts ----------------------------------------------------------------------------------------

    async def _worked(self) -> None:
        try:
            await work(self)
        except* (HarnessError, RecorderError) as errors:
            self.tell(Refused(reason=str(errors.exceptions[0])))

    def _files(self) -> set[Path]:
        return {path for path in self._folder.rglob("*") if path.is_file()}

    def _growth(self) -> list[Growth]:
        grown: list[Growth] = []
        for path in sorted(self._files() - self._given):
            with path.open("rb") as file:
                file.seek(self._sent.get(path, 0))
                data = file.read()
            growth = Growth(path.relative_to(self._folder).as_posix(), data)
            if growth.is_log:
                self._sent[path] = self._sent.get(path, 0) + len(data)
            else:  # a picture, which is the head's to keep
                path.unlink()
            if data:
                grown.append(growth)
        return grown


class ClusterWorker:
    """A worker as the head sees it."""

    def __init__(self, name: str, host: Any) -> None:
        self.name = name
        self._host = host
        self._folder = Path()

    async def tell(self, order: Order) -> None:
        """Give an order; what a worker that is gone is told is lost."""
        with suppress(load_ray().exceptions.RayActorError):
            if isinstance(order, Begin):
                self._folder = Path(order.folder)
                suite = msgspec.json.decode((self._folder / SUITE_FILE).read_bytes(), type=Suite)
                await self._host.begin.remote(suite, order.worker)
            else:
                await self._host.take.remote(order)

    async def hear(self) -> Report:
        """Return what it reports next, once what it logged is in the suite.

        Raises:
            ConfigError: it refuses what was asked for.
            WorkerEndedError: it is gone, or its machine is.
        """
        try:
            report, grown = await self._host.report.remote()
        except load_ray().exceptions.RayActorError as error:
            reason = str(error).strip().splitlines()[0]
            raise WorkerEndedError(f"worker {self.name} is gone: {reason}") from error
        for each in grown:
            _keep(self._folder / each.path, each)
        return heard(report)


@asynccontextmanager
async def cluster_workers(folder: Path, number: int) -> AsyncGenerator[Sequence[Worker]]:
    """Start workers wherever a cluster has room, and end them on leaving.

    Raises:
        ConfigError: Ray is not installed, or the cluster has no room for so many.
    """
    taken = log_names(folder)
    names = (name for each in count() if (name := f"ray-{each}") not in taken)
    async with actors(Host, number) as hosts:
        yield [ClusterWorker(name, host) for name, host in zip(names, hosts, strict=False)]


def _keep(path: Path, grown: Growth) -> None:
    """Write what came from a worker; a log's lines are safe from a power cut when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab" if grown.is_log else "wb") as file:
        file.write(grown.data)
        file.flush()
        if grown.is_log:
            os.fsync(file.fileno())
