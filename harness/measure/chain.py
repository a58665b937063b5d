"""A log of lines on disk, each bound to the one before it by its hash.

    {"before":"<hash of the line before>","event":{...},"hash":"<of before and event>"}

A line is written whole or cut at the end of the file; a cut one is dropped when the log is opened
again. Nobody is kept from writing a whole new log: the chain finds edits, not forgeries.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from harness.measure.errors import LogError

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None

START = "0" * 64
"""The hash before the first line."""
_HEAD, _MIDDLE, _JOIN, _TAIL = b'{"before":"', b'","event":', b',"hash":"', b'"}'

Event = TypeVar("Event")


@dataclass(frozen=True, slots=True)
class Break:
    """The first line of a log that is not as it was written."""

    line: int
    """Counted from 1."""
    what: str

    def __str__(self) -> str:
        return f"line {self.line} {self.what}"


class LineError(LogError):
    """Raised when a line of a log is not as it was written."""

    def __init__(self, path: Path, found: Break) -> None:
        super().__init__(f"{path} {found}")
        self.found = found


class Chain(Generic[Event]):
    """Appends events to one file; opening an unfinished one goes on with it.

    Args:
        path: of the file.
        decoder: of the events in it.
        check: called with each event that is there, in order; raises if it should not be.

    Raises:
        LogError: on opening, the log is damaged or being written; or whatever `check` raises.
    """

    def __init__(
        self, path: Path, decoder: msgspec.json.Decoder[Event], check: Callable[[Event], None]
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._lock()
            self._hash = self._resume(decoder, check)
        except BaseException:
            os.close(self._file)
            raise

    @property
    def is_empty(self) -> bool:
        """Nothing was written yet."""
        return self._hash == START

    def append(self, event: Event, *, synced: bool) -> None:
        """Write one event; a synced one is safe from a power cut when this returns.

        Raises:
            OSError: the disk refused; no half line is left behind.
        """
        body = msgspec.json.encode(event)
        after = _link(self._hash, body)
        self._write(_to_line(self._hash, body, after) + b"\n")
        self._hash = after
        if synced:
            os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file; the log can be opened again and goes on."""
        os.close(self._file)

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            # the system lets go of it however the process ends
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogError(f"{self._path} is being written by another process") from error

    def _resume(self, decoder: msgspec.json.Decoder[Event], check: Callable[[Event], None]) -> str:
        kept, torn = lines_of(self._path)
        after = START
        for number, line in enumerate(kept, 1):
            after, event = checked(self._path, number, line, after, decoder)
            check(event)
        if torn:
            os.ftruncate(self._file, sum(len(line) + 1 for line in kept))
        return after

    def _write(self, line: bytes) -> None:
        start = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            os.ftruncate(self._file, start)
            raise


def read_chain(path: Path, decoder: msgspec.json.Decoder[Event]) -> Iterator[Event]:
    """Yield the events of a log in the order they were written, without a torn last line.

    Raises:
        LogError: a line was altered, dropped or moved, or is no event.
        OSError: there is no log.
    """
    after = START
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            after, event = checked(path, number, line[:-1], after, decoder)
            yield event


def lines_of(path: Path) -> tuple[list[bytes], bytes]:
    """Return the whole lines of a log, and what is left of a torn last one."""
    *whole, torn = path.read_bytes().split(b"\n")
    return whole, torn


def checked(
    path: Path, number: int, line: bytes, before: str, decoder: msgspec.json.Decoder[Event]
) -> tuple[str, Event]:
    """Return the hash of a line and its event.

    Raises:
        LogError: it was altered, does not follow the line of the hash before it, or is no event.
    """
    start, stop = len(_HEAD) + 64 + len(_MIDDLE), -(len(_JOIN) + 64 + len(_TAIL))
    body = line[start:stop]
    said = line[len(_HEAD) : len(_HEAD) + 64].decode("ascii", "replace")
    found = _link(said, body)
    # the line is written anew and compared, so that no byte of it is left unchecked
    if line != _to_line(said, body, found):
        raise LineError(path, Break(number, "was altered"))
    if said != before:
        raise LineError(path, Break(number, "does not follow the one before: dropped or moved"))
    try:
        return found, decoder.decode(body)
    except msgspec.DecodeError as error:
        raise LineError(path, Break(number, f"holds no event: {error}")) from error


def _link(before: str, body: bytes) -> str:
    return hashlib.sha256(before.encode() + body).hexdigest()


def _to_line(before: str, body: bytes, after: str) -> bytes:
    return b"".join((_HEAD, before.encode(), _MIDDLE, body, _JOIN, after.encode(), _TAIL))
