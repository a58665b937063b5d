"""What the hub keeps of a shift: its own events as a chain, and from them the run log.

<folder>/shift.jsonl        every event of the shift, the truth
<folder>/events-hub.jsonl   those of them that are measured, for all that reads run logs
<folder>/pictures/          the screens that decisions rest on, by hash
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from harness.hub.events import (
    DECISIONS,
    Happened,
    HubEvent,
    HubRestarted,
    ShiftClosed,
    ShiftOpened,
)
from harness.hub.reducer import reduce
from harness.hub.state import Shift
from harness.measure.chain import Chain, read_chain
from harness.measure.errors import LogError
from harness.measure.events import Manifest, RunClosed, RunEvent, RunOpened
from harness.measure.log import RunLog, read_log

_WORKER = "hub"
_SYNCED = (*DECISIONS, ShiftOpened, HubRestarted, ShiftClosed)
_DECODER: msgspec.json.Decoder[HubEvent] = msgspec.json.Decoder(HubEvent)


def log_path(folder: Path) -> Path:
    """Return where the log of a shift is."""
    return folder / "shift.jsonl"


def read_shift(folder: Path, lines: int | None = None) -> Iterator[HubEvent]:
    """Yield the events of a shift, or its first lines.

    Raises:
        LogError: a line was altered, dropped or moved, or is no event.
        OSError: there is no log.
    """
    for number, event in enumerate(read_chain(log_path(folder), _DECODER)):
        if number == lines:
            return
        yield event


class ShiftLog:
    """Appends to the logs of a shift; opening those of one that was cut off goes on with them.

    Args:
        folder: of the run; made where there is none.
        opened: the first event of a new shift; where there is one already, it is kept.

    Raises:
        LogError: a log is damaged, being written, of another manifest, or of a shift that is over.
    """

    def __init__(self, folder: Path, opened: ShiftOpened) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.state = Shift()
        """What the log came to when it was opened."""
        self.lines = 0
        """Written so far."""
        self._chain: Chain[HubEvent] = Chain(log_path(folder), _DECODER, self._take)
        try:
            self._run = self._resume(folder, opened)
        except BaseException:
            self._chain.close()
            raise

    def append(self, event: HubEvent) -> None:
        """Write one event; a decision is safe from a power cut when this returns.

        Raises:
            OSError: the disk refused.
        """
        self._chain.append(event, synced=isinstance(event, _SYNCED))
        self.lines += 1
        if (measured := _measured(event)) is not None:
            self._run.append(measured)

    def close(self) -> None:
        """Let go of the files."""
        self._chain.close()
        self._run.close()

    def _take(self, event: HubEvent) -> None:
        self.state = reduce(self.state, event)
        self.lines += 1

    def _resume(self, folder: Path, opened: ShiftOpened) -> RunLog:
        if not self.lines:
            self._chain.append(opened, synced=True)
            self._take(opened)
        if self.state.manifest != opened.manifest:
            raise LogError(f"{log_path(folder)} is of another run")
        if self.state.is_closed:
            raise LogError(f"{log_path(folder)} is of a shift that is over")
        return _caught_up(folder, opened.manifest)


def _caught_up(folder: Path, manifest: Manifest) -> RunLog:
    """Return the run log with all that the shift's log holds; a crash may lie between the two."""
    path = folder / f"events-{_WORKER}.jsonl"
    opened = RunOpened(worker=_WORKER, manifest=manifest, manifest_sha256=manifest.sha256)
    run = RunLog(path, opened)
    try:
        there = sum(1 for _ in read_log(path)) - 1
        measured = (each for each in map(_measured, read_shift(folder)) if each is not None)
        for event in islice(measured, there, None):
            run.append(event)
    except BaseException:
        run.close()
        raise
    return run


def _measured(event: HubEvent) -> RunEvent | None:
    if isinstance(event, Happened):
        return event.event
    return RunClosed() if isinstance(event, ShiftClosed) else None
