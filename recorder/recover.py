"""Recovery: makes a recording whole that a crash left open, from its own bytes alone.

The same bytes always give the same result, and a second recovery changes nothing: no clock is read,
nothing is guessed, and what is torn is cut off rather than mended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from recorder.codec import event_from_line, event_to_line
from recorder.errors import ConfigError, DamagedError, NotFoundError
from recorder.schema import (
    AgentAction,
    ClockAnchor,
    Event,
    Frame,
    Gap,
    InputEvent,
    Navigation,
    Redacted,
)
from recorder.store import (
    Manifest,
    describe_files,
    is_being_recorded,
    read_manifest,
    write_atomically,
    write_manifest,
)
from recorder.surgery.splice import keep_first
from recorder.verify import verify
from recorder.video import packets, segments, whole_length

_CRASH = "crash"
_DAMAGE = "damaged"


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of events as it is on disk; `event` is None where it cannot be read."""

    raw: bytes
    event: Event | None


@dataclass(slots=True)
class _Result:
    """The lines that stay, and what they add up to."""

    lines: list[bytes] = field(default_factory=list[bytes])
    counts: Counter[str] = field(default_factory=Counter[str])
    last_ns: int = 0

    def add(self, event: Event, raw: bytes | None = None) -> None:
        self.lines.append(raw or event_to_line(event))
        self.counts[event.KIND] += 1
        self.last_ns = max(self.last_ns, _last_moment(event))


def recover(folder: Path) -> Manifest:
    """Make a recording consistent after a crash, and return its manifest.

    Torn tails of events and video are cut, frame events without a packet are dropped, a line that
    cannot be read becomes a `gap`, leftovers of an interrupted write are removed, and the recording
    is closed as `recovered`. One that is whole already is left as it is.

    Raises:
        ConfigError: it is being recorded right now.
        NotFoundError: there is no recording in the folder.
        DamagedError: it is not a recording, or nothing of it can be read.
        NewerVersionError: a later version of understudy wrote it.
    """
    if not (folder / "manifest.json").exists() and not (folder / "events.jsonl").exists():
        raise NotFoundError(f"no recording in {folder}: neither manifest.json nor events.jsonl")
    if is_being_recorded(folder):
        raise ConfigError(f"{folder} is being recorded right now; stop that first")
    manifest = _read_manifest(folder)
    _remove_leftovers(folder)
    if manifest and manifest.state != "open" and not verify(folder, quick=True):
        return manifest
    lines = _read_lines(folder / "events.jsonl")
    manifest = manifest or _rebuilt_manifest(folder, lines)
    places = _mend_video(folder, lines)
    result = _mended_lines(lines, places, manifest)
    body = b"".join(result.lines)
    path = folder / "events.jsonl"
    if not path.exists() or path.read_bytes() != body:
        write_atomically(path, body)
    recovered = replace(
        manifest,
        state="recovered",
        ended_ns=max(result.last_ns, manifest.started_ns),
        counts=dict(sorted(result.counts.items())),
        files=describe_files(folder),
    )
    write_manifest(folder, recovered)
    return recovered


def _read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest, None when it is missing or torn."""
    path = folder / "manifest.json"
    try:
        json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return read_manifest(folder)


def _remove_leftovers(folder: Path) -> None:
    for path in (folder / ".reserve", *folder.glob("*.tmp"), *folder.glob("video/*.tmp")):
        path.unlink(missing_ok=True)


# Events -----------------------------------------------------------------------------------------


def _read_lines(path: Path) -> list[_Line]:
    if not path.exists():
        return []
    lines = [_read_line(raw) for raw in path.read_bytes().splitlines(keepends=True)]
    while lines and lines[-1].event is None:
        lines.pop()
    return lines


def _read_line(raw: bytes) -> _Line:
    try:
        return _Line(raw.rstrip(b"\r\n") + b"\n", event_from_line(raw))
    except DamagedError:
        return _Line(raw, None)


def _mended_lines(
    lines: Sequence[_Line], places: dict[tuple[int, int], int], manifest: Manifest
) -> _Result:
    """Return the lines that stay, each frame with its place, and a gap for each that is lost."""
    result = _Result(last_ns=manifest.started_ns)
    lost_since: int | None = None
    for line in lines:
        event = line.event
        if event is None:
            lost_since = result.last_ns if lost_since is None else lost_since
            continue
        if lost_since is not None:
            end_ns = max(lost_since, event.t_ns)
            result.add(Gap(t_ns=lost_since, end_ns=end_ns, reason=_DAMAGE))
            lost_since = None
        if not isinstance(event, Frame):
            result.add(event, line.raw)
            continue
        index = places.get((event.segment, event.pts_ms))
        if index is not None:
            result.add(replace(event, index=index), line.raw if index == event.index else None)
    last = lines[-1].event if lines else None
    if not (isinstance(last, Gap) and last.reason == _CRASH):
        result.add(Gap(t_ns=result.last_ns, end_ns=result.last_ns, reason=_CRASH))
    return result


def _last_moment(event: Event) -> int:
    match event:
        case InputEvent():
            return max(event.t_ns, event.received_ns)
        case Frame() | Redacted() | Gap() | AgentAction():
            return max(event.t_ns, event.end_ns)
        case _:
            return event.t_ns


def _rebuilt_manifest(folder: Path, lines: Sequence[_Line]) -> Manifest:
    events = list(_events(lines))
    if not events:
        raise DamagedError(f"{folder} has no readable manifest and not one readable event")
    started_ns = min(event.t_ns for event in events)
    anchors = [event for event in events if isinstance(event, ClockAnchor)]
    ahead_ns = anchors[0].realtime_ns - anchors[0].t_ns if anchors else 0
    in_browser = any(isinstance(event, Navigation) for event in events)
    return Manifest(
        name=folder.resolve().name,
        source="browser" if in_browser else "desktop",
        started_ns=started_ns,
        started_realtime_ns=started_ns + ahead_ns if anchors else 0,
        warnings=("the manifest was lost; this one was rebuilt from the events",),
    )


def _events(lines: Sequence[_Line]) -> Iterator[Event]:
    return (line.event for line in lines if line.event is not None)


# Video ------------------------------------------------------------------------------------------


def _mend_video(folder: Path, lines: Sequence[_Line]) -> dict[tuple[int, int], int]:
    """Cut torn and unnamed packets off every segment; return index by segment and time."""
    named: dict[int, set[int]] = {}
    for event in _events(lines):
        if isinstance(event, Frame):
            named.setdefault(event.segment, set()).add(event.pts_ms)
    places: dict[tuple[int, int], int] = {}
    for segment, path in segments(folder).items():
        times = _mend_segment(path, named.get(segment, set()))
        places |= {(segment, pts_ms): index for index, pts_ms in enumerate(times)}
    return places


def _mend_segment(path: Path, named: set[int]) -> list[int]:
    """Cut a segment after its last packet that has an event; return the times that stay."""
    whole = whole_length(path)
    if whole < path.stat().st_size:
        with path.open("r+b") as file:
            file.truncate(whole)
    try:
        times = [packet.pts_ms for packet in packets(path)]
    except DamagedError:
        times = []
    while times and times[-1] not in named:
        times.pop()
    if times:
        keep_first(path, len(times))
    else:
        path.unlink()
    return times
