"""Worker processes that play cells, and end with us however we end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from harness.errors import ConfigError, InfrastructureError
from harness.run.messages import Lost, Order, Play, Refused, Report, Settled, Stop

Told: TypeAlias = Callable[[Settled | Lost], object]

_ENDING_S = 10.0  # a worker closes its browser and ends; it has its own limit for that
_DECODER: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


class WorkerEndedError(InfrastructureError):
    """Raised when a worker is gone before it was told to stop."""


class Worker:
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
        report = _DECODER.decode(line)
        if isinstance(report, Refused):
            raise ConfigError(report.reason)
        return report

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


@asynccontextmanager
async def worker(name: str, lock: int) -> AsyncGenerator[Worker]:
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
    started = Worker(name, process)
    try:
        yield started
    finally:
        await started.end()


@dataclass(frozen=True, slots=True)
class Shared:
    """What workers take their cells from."""

    waiting: deque[Play]
    """Cells that nobody plays yet; each is taken by whoever has room first."""
    n_pages: int
    """Pages that a worker has open at once; a cell that wants more is played alone."""
    told: Told
    """Hears what came of each cell."""


async def feed(one: Worker, shared: Shared) -> None:
    """Have a worker play cells until none waits.

    Raises:
        ConfigError: it refuses what was asked for.
        WorkerEndedError: it is gone, and what it played is still to be played.
    """
    playing: dict[tuple[str, str], Play] = {}
    while True:
        while shared.waiting and _has_room(shared, playing.values()):
            order = shared.waiting.popleft()
            playing[order.run, order.cell] = order
            await one.tell(order)
        if not playing:
            await one.tell(Stop())
            return
        report = await one.hear()
        assert isinstance(report, Settled | Lost), report
        del playing[report.run, report.cell]
        shared.told(report)


def _has_room(shared: Shared, playing: Iterable[Play]) -> bool:
    taken = sum(order.n_pages for order in playing)
    return not taken or taken + shared.waiting[0].n_pages <= shared.n_pages
