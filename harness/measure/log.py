"""The run log on disk: the events of one worker as a chain of lines, its manifest first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import msgspec

from harness.measure.chain import START, Break, Chain, LineError, checked, lines_of
from harness.measure.errors import LogError
from harness.measure.events import EpisodeEnded, RunClosed, RunEvent, RunOpened

_SYNCED = (RunOpened, EpisodeEnded, RunClosed)
_DECODER: msgspec.json.Decoder[RunEvent] = msgspec.json.Decoder(RunEvent)


class RunLog:
    """Appends events to the log of one worker; opening an unfinished log goes on with it.

    Raises:
        LogError: on opening, the log is damaged, of another manifest, or being written.
    """

    def __init__(self, path: Path, opened: RunOpened) -> None:
        first: list[RunEvent] = []

        def check(event: RunEvent) -> None:
            if not first:
                _check_same_run(path, event, opened)
                first.append(event)

        self._chain = Chain(path, _DECODER, check)
        if self._chain.is_empty:
            self.append(opened)

    def append(self, event: RunEvent) -> None:
        """Write one event; the end of an episode is safe from a power cut when this returns.

        Raises:
            OSError: the disk refused; no half line is left behind.
        """
        self._chain.append(event, synced=isinstance(event, _SYNCED))

    def close(self) -> None:
        """Let go of the file; the log can be opened again and goes on."""
        self._chain.close()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_log(path: Path) -> Iterator[RunEvent]:
    """Yield the events of a log in the order they were written, without a torn last line.

    Raises:
        LogError: a line was altered, dropped or moved, or is no event.
    """
    chain = START
    for number, line in enumerate(lines_of(path)[0], 1):
        chain, event = checked(path, number, line, chain, _DECODER)
        if number == 1:
            _check_opening(path, event)
        yield event


def verify(path: Path) -> Break | None:
    """Return the first line of a finished log that was altered, dropped, moved or cut, or None.

    A log that does not end by saying that it is closed has lost its end, to a crash or a hand.
    """
    lines, torn = lines_of(path)
    chain, event = START, None
    for number, line in enumerate(lines, 1):
        try:
            chain, event = checked(path, number, line, chain, _DECODER)
            if number == 1:
                _check_opening(path, event)
        except LineError as error:
            return error.found
    if torn:
        return Break(len(lines) + 1, "is torn")
    if not isinstance(event, RunClosed):
        return Break(len(lines) + 1, "is missing: the log was not closed")
    return None


def _check_opening(path: Path, event: RunEvent) -> None:
    if not isinstance(event, RunOpened) or event.manifest.sha256 != event.manifest_sha256:
        raise LineError(path, Break(1, "holds no manifest with its hash"))


def _check_same_run(path: Path, event: RunEvent, opened: RunOpened) -> None:
    _check_opening(path, event)
    if event != opened:
        raise LogError(f"{path} belongs to another run: its manifest or its worker differs")
