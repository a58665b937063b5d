"""Worker processes that play cells, and end with us however we end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeAlias

import msgspec

from harness.errors import ConfigError, InfrastructureError
from harness.run.messages import Lost, Order, Play, Refused, Report, Settled, Stop

Told: TypeAlias = Callable[[Settled | Lost], object]

_ENDING_S = 10.0  # a worker closes its browser and ends; it has its own limit for that
_DECODER: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


class WorkerEndedError(InfrastructureError):
    """Raised when a worker is gone before it was told to stop."""


class Worker(Protocol):
    """Somebody who plays cells."""

    @property
    def name(self) -> str:
        """Of its logs."""
        ...

    async def tell(self, order: Order) -> None:
        """Give an order; what a worker that is gone is told is lost."""
        ...

    async def hear(self) -> Report:
        """Return what it reports next.

        Raises:
            ConfigError: it refuses what was asked for.
            WorkerEndedError: it is gone.
        """
        ...


class WorkerProcess:
    """One process."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    async def tell(self, order: Order) -> None:
        """Give an order; what a worker that is gone is told is lost."""
        assert self._process.stdin
        with suppress(ConnectionError):
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            await self._process.stdin.drain()

    async def hear(self) -> Report:
        """Return what it reports next.

        Raises:
            ConfigError: it refuses what was asked for.
            WorkerEndedError: it is gone.
        """
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            code = await self._process.wait()
            raise WorkerEndedError(f"worker {self.name} ended with code {code}")
        return heard(_DECODER.decode(line))

    async def end(self) -> None:
        """Let it end, by force if need be; what it is playing is lost."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_ENDING_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def heard(report: Report) -> Report:
    """Return a report.

    Raises:
        ConfigError: it says that what was asked for cannot be had.
    """
    if isinstance(report, Refused):
        raise ConfigError(report.reason)
    return report


@asynccontextmanager
async def worker(name: str, lock: int) -> AsyncGenerator[WorkerProcess]:
    """Start a worker, and end it on leaving.

    Args:
        name: of its logs.
        lock: descriptor of a lock, which is held as long as any worker lives.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "harness.run.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            # cells run side by side already; more threads would only fight for the same cores
            "OMP_NUM_THREADS": "1",
        },
        pass_fds=(lock,),
        start_new_session=True,  # Ctrl-C in our terminal is for us, not for it
    )
    started = WorkerProcess(name, process)
    try:
        yield started
    finally:
        await started.end()


class Shared:
    """What workers take their cells from.

    Args:
        waiting: cells that nobody plays yet; each is taken by whoever has room first.
        n_pages: pages that a worker has open at once; a cell that wants more is played alone.
        told: hears what came of each cell.
    """

    def __init__(self, waiting: deque[Play], n_pages: int, told: Told) -> None:
        self.told = told
        self._waiting = waiting
        self._n_pages = n_pages
        self._n_playing = 0
        self._given_back: set[tuple[str, str]] = set()
        self._changed = asyncio.Event()

    @property
    def is_settled(self) -> bool:
        """Nothing waits, and nothing is played that might come back."""
        return not self._waiting and not self._n_playing

    def take(self, own: Iterable[Play]) -> Play | None:
        """Return a cell to play beside others; None where none waits, or there is no room."""
        taken = sum(order.n_pages for order in own)
        if not self._waiting or (taken and taken + self._waiting[0].n_pages > self._n_pages):
            return None
        self._n_playing += 1
        return self._waiting.popleft()

    def settle(self, report: Settled | Lost) -> None:
        """Note what came of a cell."""
        self._leave(1)
        self.told(report)

    def give_back(self, cells: Iterable[Play]) -> None:
        """Let others play what a worker that is gone had taken; each cell once."""
        gone = list(cells)
        again = [each for each in gone if (each.run, each.cell) not in self._given_back]
        self._given_back.update((each.run, each.cell) for each in again)
        self._waiting.extendleft(reversed(again))
        self._leave(len(gone))

    async def change(self) -> None:
        """Wait until a cell is settled or given back."""
        await self._changed.wait()

    def _leave(self, number: int) -> None:
        self._n_playing -= number
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


async def feed(one: Worker, shared: Shared) -> None:
    """Have a worker play cells until all are played, by it or by others.

    Raises:
        ConfigError: it refuses what was asked for.
        WorkerEndedError: it is gone; others may take what it played.
    """
    playing: dict[tuple[str, str], Play] = {}
    try:
        while not shared.is_settled:
            while order := shared.take(playing.values()):
                playing[order.run, order.cell] = order
                await one.tell(order)
            if playing:
                report = await one.hear()
                assert isinstance(report, Settled | Lost), report
                del playing[report.run, report.cell]
                shared.settle(report)
            else:
                await shared.change()
    except WorkerEndedError:
        shared.give_back(playing.values())
        raise
    await one.tell(Stop())
