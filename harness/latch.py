"""The stop latch: a file mapped into memory, which an actuator looks at last before each action.

Whoever may write the file can stop agents: another process, a shell, a terminal that hangs. Layout,
in slots of `_SLOT` bytes:

    the first   MAGIC; at `_STATE`: `_GO`, or anything else when everybody is stopped
    the others  length of a name, 0 when free; the name in UTF-8; at `_STATE`: `_GO`, or anything
                else when this agent is stopped

A single byte decides, so that a writer that dies leaves either what was or what it wanted. A file
that is cut, replaced or deleted stops everybody.
"""

from __future__ import annotations

import mmap
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from harness.errors import ConfigError, LatchError

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None

MAGIC = b"understudy stop 1\n"
_SLOT, _SLOTS = 64, 256
_SIZE = _SLOT * _SLOTS
_STATE = _SLOT - 1
_LONGEST_NAME = _SLOT - 2
_NAMES_END = _SIZE - 1  # before 3.11.5, Python looks at the byte behind the end as well
_GO, _STOP = ord("G"), ord("S")
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Stops:
    """Who is stopped."""

    everybody: bool
    agents: tuple[str, ...]
    """Those that are stopped by name, sorted."""


def default_path() -> Path:
    """Return where the latch of this user is: `$UNDERSTUDY_HOME`, else the folder of a log-in."""
    chosen = os.environ.get("UNDERSTUDY_HOME")
    if chosen:
        return Path(chosen) / "stop"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "understudy" / "stop"
    if hasattr(os, "getuid"):
        # a job that no log-in started must find the same file as the shell that is to stop it
        usual = Path(f"/run/user/{os.getuid()}")
        if usual.is_dir():
            return usual / "understudy" / "stop"
    return Path(platformdirs.user_data_dir("understudy")) / "stop"


class Latch:
    """The stop latch of whoever looks at one file; used as a context, or closed.

    Args:
        path: the file; made, with nobody stopped, where there is none. The user's own if not said.

    Raises:
        LatchError: the file is no latch, or others may write it, or it cannot be had.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        try:
            self._file = _opened(self.path)
        except OSError as error:
            raise LatchError(f"no stop latch at {self.path}: {error.strerror}") from error
        try:
            _check(self.path, self._file)
            self._map = mmap.mmap(self._file, _SIZE)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; who is stopped stays so."""
        self._map.close()
        os.close(self._file)

    def is_stopped(self, agent: str) -> bool:
        """Say whether an agent must not act; takes no lock.

        Raises:
            ConfigError: that is no name for an agent.
        """
        name = _name(agent)
        if not self._is_whole() or self._map[_STATE] != _GO:
            return True
        slot = self._slot_of(name)
        return slot is not None and self._map[slot + _STATE] != _GO

    def stop(self, agent: str | None = None) -> None:
        """Stop one agent, or everybody.

        Raises:
            ConfigError: that is no name for an agent.
            LatchError: too many are stopped by name, or the file was cut or deleted.
        """
        with self._writing():
            if agent is None:
                self._map[_STATE] = _STOP
                return
            name = _name(agent)
            slot = self._slot_of(name)
            if slot is not None:
                self._map[slot + _STATE] = _STOP
            else:
                self._take_slot(name)

    def release(self, agent: str | None = None) -> None:
        """Let one agent act again, or everybody who is not stopped by name.

        Raises:
            ConfigError: that is no name for an agent.
            LatchError: the file was cut or deleted.
        """
        with self._writing():
            slot = 0 if agent is None else self._slot_of(_name(agent))
            if slot is not None:
                self._map[slot + _STATE] = _GO

    def stops(self) -> Stops:
        """Return who is stopped.

        Raises:
            LatchError: the file was cut or deleted.
        """
        self._require_whole()
        names = [
            self._map[slot + 1 : slot + 1 + self._map[slot]].decode(errors="replace")
            for slot in self._slots()
            if self._map[slot] and self._map[slot + _STATE] != _GO
        ]
        return Stops(self._map[_STATE] != _GO, tuple(sorted(names)))

    # Parts ----------------------------------------------------------------------------------------

    def _is_whole(self) -> bool:
        # a cut file must not be read, and what is written to a new one in its place is not seen
        status = os.fstat(self._file)
        return status.st_size == _SIZE and status.st_nlink > 0

    def _require_whole(self) -> None:
        if not self._is_whole():
            raise LatchError(f"{self.path} was cut, replaced or deleted; agents stand still")

    @contextmanager
    def _writing(self) -> Generator[None]:
        self._require_whole()
        if fcntl is None:
            yield
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @staticmethod
    def _slots() -> range:
        return range(_SLOT, _SIZE, _SLOT)

    def _slot_of(self, name: bytes) -> int | None:
        slot = self._map.find(name, _SLOT, _NAMES_END)
        while slot >= 0 and slot % _SLOT:
            slot = self._map.find(name, slot + 1, _NAMES_END)
        return slot if slot >= 0 else None

    def _take_slot(self, name: bytes) -> None:
        for slot in self._slots():
            if self._map[slot] and self._map[slot + _STATE] != _GO:
                continue
            self._map[slot] = 0
            self._map[slot + 1 : slot + len(name)] = name[1:]
            self._map[slot + _STATE] = _STOP
            self._map[slot] = name[0]  # last: before it, nobody reads the slot
            return
        raise LatchError(f"{_SLOTS - 1} agents are stopped by name already; stop everybody")


def _name(agent: str) -> bytes:
    """Return what a slot of an agent begins with."""
    name = agent.encode(errors="surrogatepass")
    if not agent.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        raise ConfigError(
            f"no agent can be called {agent!r}; allowed: 1 to {_LONGEST_NAME} bytes, printable"
        )
    return bytes([len(name)]) + name.ljust(_LONGEST_NAME, b"\0")


def _opened(path: Path) -> int:
    flags = os.O_RDWR | _NO_LINKS
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        _make(path)
        return os.open(path, flags)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        body = bytearray(_SIZE)
        body[: len(MAGIC)] = MAGIC
        body[_STATE] = _GO
        os.write(file, body)
        # whole or not at all, and never over one that somebody was quicker to make
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.close(file)
        Path(name).unlink()


def _check(path: Path, file: int) -> None:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or status.st_size != _SIZE:
        raise LatchError(f"{path} is no stop latch; delete it or name another")
    if os.pread(file, len(MAGIC), 0) != MAGIC:
        raise LatchError(f"{path} is no stop latch; delete it or name another")
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        raise LatchError(f"{path} can be written by others; allowed: your own file of mode 0600")
