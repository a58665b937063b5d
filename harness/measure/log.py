"""The run log on disk: one line per event, each bound to the one before it by its hash.

    {"before":"<hash of the line before>","event":{...},"hash":"<of before and event>"}

A line is written whole or cut at the end of the file; a cut one is dropped when the log is opened
again. Nobody is kept from writing a whole new log: the chain finds edits, not forgeries.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from harness.measure.errors import LogError
from harness.measure.events import EpisodeEnded, RunClosed, RunEvent, RunOpened

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None

_START = "0" * 64
_HEAD, _MIDDLE, _JOIN, _TAIL = b'{"before":"', b'","event":', b',"hash":"', b'"}'
_SYNCED = (RunOpened, EpisodeEnded, RunClosed)
_DECODER: msgspec.json.Decoder[RunEvent] = msgspec.json.Decoder(RunEvent)


@dataclass(frozen=True, slots=True)
class Break:
    """The first line of a log that is not as it was written."""

    line: int
    """Counted from 1."""
    what: str

    def __str__(self) -> str:
        return f"line {self.line} {self.what}"


class RunLog:
    """Appends events to the log of one worker; opening an unfinished log goes on with it.

    Raises:
        LogError: on opening, the log is damaged, of another manifest, or being written.
    """

    def __init__(self, path: Path, opened: RunOpened) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._lock()
            self._chain = self._resume(opened)
            if self._chain == _START:
                self.append(opened)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, event: RunEvent) -> None:
        """Write one event; the end of an episode is safe from a power cut when this returns.

        Raises:
            OSError: the disk refused; no half line is left behind.
        """
        body = msgspec.json.encode(event)
        chain = _link(self._chain, body)
        self._write(_to_line(self._chain, body, chain) + b"\n")
        self._chain = chain
        if isinstance(event, _SYNCED):
            os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file; the log can be opened again and goes on."""
        os.close(self._file)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            # the system lets go of it however the process ends
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogError(f"{self._path} is being written by another process") from error

    def _resume(self, opened: RunOpened) -> str:
        kept, torn = _lines(self._path.read_bytes())
        chain = _START
        for number, line in enumerate(kept, 1):
            chain, event = _checked(self._path, number, line, chain)
            if number == 1:
                _check_same_run(self._path, event, opened)
        if torn:
            os.ftruncate(self._file, sum(len(line) + 1 for line in kept))
        return chain

    def _write(self, line: bytes) -> None:
        start = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            os.ftruncate(self._file, start)
            raise


def read_log(path: Path) -> Iterator[RunEvent]:
    """Yield the events of a log in the order they were written, without a torn last line.

    Raises:
        LogError: a line was altered, dropped or moved, or is no event.
    """
    chain = _START
    for number, line in enumerate(_lines(path.read_bytes())[0], 1):
        chain, event = _checked(path, number, line, chain)
        if number == 1:
            _check_opening(path, event)
        yield event


def verify(path: Path) -> Break | None:
    """Return the first line of a finished log that was altered, dropped, moved or cut, or None.

    A log that does not end by saying that it is closed has lost its end, to a crash or a hand.
    """
    lines, torn = _lines(path.read_bytes())
    chain, event = _START, None
    for number, line in enumerate(lines, 1):
        try:
            chain, event = _checked(path, number, line, chain)
            if number == 1:
                _check_opening(path, event)
        except _LineError as error:
            return error.found
    if torn:
        return Break(len(lines) + 1, "is torn")
    if not isinstance(event, RunClosed):
        return Break(len(lines) + 1, "is missing: the log was not closed")
    return None


class _LineError(LogError):
    def __init__(self, path: Path, found: Break) -> None:
        super().__init__(f"{path} {found}")
        self.found = found


def _lines(body: bytes) -> tuple[list[bytes], bytes]:
    *whole, torn = body.split(b"\n")
    return whole, torn


def _link(before: str, body: bytes) -> str:
    return hashlib.sha256(before.encode() + body).hexdigest()


def _to_line(before: str, body: bytes, chain: str) -> bytes:
    return b"".join((_HEAD, before.encode(), _MIDDLE, body, _JOIN, chain.encode(), _TAIL))


def _checked(path: Path, number: int, line: bytes, chain: str) -> tuple[str, RunEvent]:
    """Return the hash of a line and its event."""
    start, stop = len(_HEAD) + 64 + len(_MIDDLE), -(len(_JOIN) + 64 + len(_TAIL))
    body = line[start:stop]
    before = line[len(_HEAD) : len(_HEAD) + 64].decode("ascii", "replace")
    found = _link(before, body)
    # the line is written anew and compared, so that no byte of it is left unchecked
    if line != _to_line(before, body, found):
        raise _LineError(path, Break(number, "was altered"))
    if before != chain:
        raise _LineError(path, Break(number, "does not follow the one before: dropped or moved"))
    try:
        return found, _DECODER.decode(body)
    except msgspec.DecodeError as error:
        raise _LineError(path, Break(number, f"holds no event: {error}")) from error


def _check_opening(path: Path, event: RunEvent) -> None:
    if not isinstance(event, RunOpened) or event.manifest.sha256 != event.manifest_sha256:
        raise _LineError(path, Break(1, "holds no manifest with its hash"))


def _check_same_run(path: Path, event: RunEvent, opened: RunOpened) -> None:
    _check_opening(path, event)
    if event != opened:
        raise LogError(f"{path} belongs to another run: its manifest or its worker differs")
