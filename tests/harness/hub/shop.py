"""A hub in a process of its own, workers that count, and terminals that drive, all real."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from harness.hub.client import HubClient
from harness.hub.errors import HubError
from harness.hub.launch import start_hub
from harness.hub.requests import Answer, Approve, Ticket
from harness.hub.server import HubConfig
from harness.hub.state import Shift
from tests.harness.hub.counters import manifest

Process: TypeAlias = subprocess.Popen[bytes]
ROOT = Path(__file__).parents[3]
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Act:
    """One line that a counter wrote."""

    t_ns: int
    agent: str
    kind: str
    request: str


@dataclass
class Shop:
    """Where a hub and its workers are."""

    folder: Path
    agents: tuple[str, ...]
    processes: list[subprocess.Popen[bytes]] = field(
        default_factory=list["subprocess.Popen[bytes]"]
    )
    _acts: list[Act] = field(default_factory=list[Act])
    _acts_read: int = 0
    """Bytes of their file that are in them."""

    @property
    def config(self) -> HubConfig:
        return HubConfig(
            folder=self.folder / "run",
            manifest=manifest(*self.agents),
            socket=self.folder / "hub",
            latch=self.folder / "stop",
        )

    def start(self) -> Process:
        """Start a hub; one that was killed goes on."""
        process = start_hub(self.config)
        self.processes.append(process)
        return process

    def employ(self, *agents: str, asks: int) -> Process:
        """Start a worker; it asks after so many acts."""
        config = self.config
        script = str(Path(__file__).with_name("counters.py"))
        places = [str(config.socket), str(config.latch), str(self.folder)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, script, *places, str(asks), *agents]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        self.processes.append(process)
        return process

    def acts(self) -> list[Act]:
        """Return all that was done so far."""
        try:
            with (self.folder / "acts").open("rb") as file:
                file.seek(self._acts_read)
                came = file.read()
        except FileNotFoundError:
            return []
        whole = came[: came.rfind(b"\n") + 1]  # the last line may be half there
        self._acts_read += len(whole)
        for line in whole.decode().splitlines():
            t_ns, agent, kind, request = line.split()
            self._acts.append(Act(int(t_ns), agent, kind, request))
        return list(self._acts)

    def close(self) -> None:
        for process in self.processes:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


@contextmanager
def shop(folder: Path, *agents: str) -> Generator[Shop]:
    """Open a shop whose processes end with it."""
    opened = Shop(folder, agents)
    try:
        yield opened
    finally:
        opened.close()


@asynccontextmanager
async def driving(where: Shop, *, takes_over: bool = False) -> AsyncGenerator[HubClient]:
    """Drive, with a sign of life twenty times a second."""
    async with await HubClient.drive(
        "test", takes_over=takes_over, path=where.config.socket
    ) as hub:

        async def beating() -> None:
            while True:
                hub.beat()
                await asyncio.sleep(0.05)

        beats = asyncio.create_task(beating())
        try:
            yield hub
        finally:
            beats.cancel()


async def seen(hub: HubClient, is_so: Callable[[Shift], object]) -> Shift:
    """Wait until the shift is so."""
    async with asyncio.timeout(_PATIENCE_S):
        async for shift in hub.views():
            if is_so(shift):
                return shift
    raise AssertionError


async def eventually(look: Callable[[], object]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(_PATIENCE_S):
        while not look():
            await asyncio.sleep(0.01)


async def all_working(hub: HubClient, agents: Sequence[str]) -> None:
    """Let all agents go on, whatever holds them, and wait until they work."""
    await seen(hub, lambda shift: all(it in shift.agents for it in agents))
    await seen(hub, lambda shift: all(shift.agents[it].is_connected for it in agents))
    if hub.shift.is_latched:
        await hub.release_latch()
    for name in agents:
        if hub.shift.agents[name].held is not None:
            await hub.resume(name)


async def asked(hub: HubClient) -> Ticket:
    """Return the first request in the queue, as soon as there is one."""
    return (await seen(hub, lambda shift: shift.queue)).queue[0]


async def answer(hub: HubClient, ticket: Ticket, what: Answer | None = None) -> None:
    """Look at a request for as long as it takes, and answer it."""
    card = await hub.look(ticket.request.id)
    await asyncio.sleep(0.62)
    await hub.decide(card, what or Approve(), quiet_ms=1000, focused_ms=1000, digit=card.digit)


async def refusal(order: Awaitable[object]) -> str:
    """Return why an order is refused."""
    try:
        await order
    except HubError as error:
        return str(error)
    raise AssertionError("it was not refused")
