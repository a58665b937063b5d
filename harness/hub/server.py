"""The hub's process: a socket around the core, and nothing else."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import logging
import os
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.hub.core import Core, Places
from harness.hub.errors import HubLostError, ProtocolError, RefusedError
from harness.hub.events import ShiftOpened
from harness.hub.floor import Effect, Floor, Hangup, Patience, Peer
from harness.hub.messages import Drive, Refused, View, Work
from harness.hub.naming import check_plan
from harness.hub.protocol import (
    INCOMING,
    PREAMBLE,
    checked_socket,
    default_socket,
    packed,
    peer_of,
    read_message,
    read_preamble,
)
from harness.hub.shift_log import ShiftLog
from harness.hub.untrusted import shown
from harness.latch import Latch
from harness.measure.events import Manifest

_LOG = logging.getLogger(__name__)
_TICK_S = 0.05
_GREETING_S = 5.0
"""A peer that has not said what it is by then is no peer."""
_FAREWELL_S = 1.0
_UNHEARD_BYTES = 1 << 16
_BACKLOG_BYTES = 8 << 20
"""A terminal that reads no more is let go; it may come back and read the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """What a hub is started with."""

    folder: Path
    """Of the run; a shift that was cut off there goes on."""
    manifest: Manifest
    socket: Path = field(default_factory=default_socket)
    latch: Path | None = None
    """The user's own if not said."""
    patience: Patience = field(default_factory=Patience)

    @property
    def frames(self) -> Path:
        """Folder of what screens show now: beside the socket, where it costs no disk."""
        return self.socket.with_name(f"{self.socket.name}-frames")


async def serve(config: HubConfig) -> None:
    """Serve one shift until it is closed, or until cancelled.

    Raises:
        RefusedError: another hub serves there, the socket cannot be, or the plan cannot be shown.
        LogError: the folder's log is damaged, in use, or of another run.
        LatchError: the latch is not the user's own.
    """
    check_plan(config.manifest)
    opened = ShiftOpened(t_ms=0, manifest=config.manifest, realtime_ns=time.time_ns())
    path = checked_socket(config.socket)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # it listens last: whoever finds the socket finds a hub
    with (
        _alone(path),
        Latch(config.latch) as latch,
        closing(ShiftLog(config.folder, opened)) as log,
    ):
        floor = Floor(log, latch, config.patience, time.monotonic_ns, time.time_ns())
        core = Core(floor, Places(config.folder.resolve(), config.frames))
        with _listening(path) as listening:
            try:
                await _Server(core).run(listening)
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed


class _Server:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._writers: dict[Peer, asyncio.StreamWriter] = {}
        self._parting: set[Peer] = set()
        self._names = itertools.count(1)

    async def run(self, listening: socket.socket) -> None:
        # whatever goes wrong in one of them ends all: without a hub that logs, agents stand still
        async with asyncio.TaskGroup() as group:
            talks: set[asyncio.Task[None]] = set()

            def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talk = group.create_task(self._meet(reader, writer))
                talks.add(talk)
                talk.add_done_callback(talks.discard)

            server = await asyncio.start_unix_server(meet, sock=listening)
            try:
                while not self._core.is_over:
                    self._carry_out(self._core.tick())
                    await asyncio.sleep(_TICK_S)
            finally:
                server.close()
            if talks:
                await asyncio.wait(talks, timeout=_FAREWELL_S)
            for talk in talks:  # with those that read no more
                talk.cancel()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = next(self._names)
        try:
            await self._serve(peer, reader, writer)
            with suppress(OSError):
                while peer in self._parting and await reader.read(_UNHEARD_BYTES):
                    pass
        finally:
            self._parting.discard(peer)
            writer.close()

    async def _serve(
        self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._talk(peer, reader, writer)
        except HubLostError:
            pass
        except (ProtocolError, RefusedError) as error:
            _LOG.warning("peer %d: %s", peer, error)
            if peer not in self._parting:
                writer.write(packed(Refused(why=shown(str(error)))))
                self._part(peer, writer)
        finally:
            self._writers.pop(peer, None)
            self._carry_out(self._core.leave(peer))

    async def _talk(
        self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if (user := peer_of(writer.get_extra_info("socket"))) != os.getuid():
            raise HubLostError(f"user {user} has no business here")
        writer.write(PREAMBLE)
        try:
            async with asyncio.timeout(_GREETING_S):
                await read_preamble(reader)
                hello = await read_message(reader, INCOMING)
        except TimeoutError as error:
            raise ProtocolError("it does not say what it is") from error
        if not isinstance(hello, Drive | View | Work):
            raise ProtocolError(f"a {type(hello).__name__} before it says what it is")
        self._writers[peer] = writer
        self._carry_out(self._core.enter(peer, hello))
        while True:
            message = await read_message(reader, INCOMING)
            if peer not in self._writers:
                return  # it was sent away meanwhile
            self._carry_out(self._core.hear(peer, message))

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            writer = self._writers.get(effect.peer)
            if writer is None or writer.is_closing():
                continue
            if isinstance(effect, Hangup):
                self._part(effect.peer, writer)
            elif writer.transport.get_write_buffer_size() > _BACKLOG_BYTES:
                # nobody waits for a terminal that hangs
                self._writers.pop(effect.peer)
                writer.transport.abort()
            else:
                writer.write(packed(effect.message))

    def _part(self, peer: Peer, writer: asyncio.StreamWriter) -> None:
        """Say no more to a peer, and hang up once it did, or had the time to.

        Hung up on at once, whoever is just saying something would not hear why.
        """
        self._writers.pop(peer, None)
        self._parting.add(peer)
        writer.write_eof()
        asyncio.get_running_loop().call_later(_FAREWELL_S, writer.close)


@contextmanager
def _listening(path: Path) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        path.unlink(missing_ok=True)  # of a hub that was killed
        mask = os.umask(0o177)
        try:
            listening.bind(str(path))
        except OSError as error:
            raise RefusedError(f"cannot listen at {path}: {error.strerror}") from error
        finally:
            os.umask(mask)
        try:
            listening.listen()
            yield listening
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Generator[None]:
    """Keep other hubs from a socket; the system lets go of it however the process ends."""
    lock = path.with_name(f"{path.name}.lock")
    file = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RefusedError(f"another hub serves at {path}; attach to it") from error
    finally:
        os.close(file)
