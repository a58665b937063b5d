"""Verification: says everything that is wrong with a recording; a sound one has no problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.codec import event_from_line
from recorder.errors import DamagedError, FormatError
from recorder.schema import (
    AgentAction,
    ClockAnchor,
    Event,
    Fault,
    Frame,
    Gap,
    Geometry,
    HeldState,
    InputEvent,
    Pause,
    Redacted,
    Resume,
    UnknownEvent,
)
from recorder.store import Manifest, describe_files, read_manifest
from recorder.video import packets, read_segment, segment_path, segments

_SLACK_NS = 2_000_000_000  # an event may have happened while the recorder was starting or stopping
_FORESIGHT_NS = 100_000_000  # clocks mapped by a handshake may place an event after its receipt
_ALLOWED_IN_PAUSE = (
    Pause,
    Resume,
    ClockAnchor,
    Gap,
    Fault,
    Redacted,
    Geometry,
    HeldState,
    UnknownEvent,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    where: str
    """A file of the recording, with the line where there is one."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify(folder: Path, *, quick: bool = False) -> list[Problem]:
    """Return what is wrong with a recording, an empty list when it is sound.

    Args:
        folder: the recording.
        quick: do not decode the video.
    """
    try:
        manifest = read_manifest(folder)
    except FormatError as error:
        return [Problem("manifest.json", str(error))]
    problems: list[Problem] = []
    events = _read_events(folder / "events.jsonl", problems)
    problems += _check_manifest(folder, manifest, [event for _, event in events])
    for line, event in events:
        problems += (
            Problem(f"events.jsonl line {line}", what) for what in _check_event(event, manifest)
        )
    problems += _check_pauses(events)
    problems += _check_video(folder, manifest, events, quick=quick)
    return problems


def _read_events(path: Path, problems: list[Problem]) -> list[tuple[int, Event]]:
    events: list[tuple[int, Event]] = []
    if not path.is_file():
        problems.append(Problem(path.name, "is missing"))
        return events
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                events.append((number, event_from_line(line)))
            except DamagedError as error:
                problems.append(Problem(f"{path.name} line {number}", str(error)))
    return events


def _check_manifest(folder: Path, manifest: Manifest, events: Sequence[Event]) -> Iterator[Problem]:
    if manifest.state not in ("closed", "recovered"):
        yield Problem("manifest.json", f"state is {manifest.state!r}; recover it after a crash")
        return
    found = describe_files(folder)
    for name in sorted(manifest.files.keys() - found.keys()):
        yield Problem(name, "is missing")
    for name in sorted(found.keys() - manifest.files.keys()):
        yield Problem(name, "is not in the manifest")
    for name in sorted(found.keys() & manifest.files.keys()):
        if found[name] != manifest.files[name]:
            yield Problem(name, "differs from the manifest: size or hash")
    counts = dict(Counter(event.KIND for event in events))
    if counts != dict(manifest.counts):
        yield Problem("manifest.json", f"counts {dict(manifest.counts)}; there are {counts}")
    for path in sorted((*folder.glob("*.tmp"), *folder.glob("video/*.tmp"))):
        yield Problem(str(path.relative_to(folder)), "is left over from an interrupted write")


def _check_event(event: Event, manifest: Manifest) -> Iterator[str]:
    first_ns, last_ns = manifest.started_ns - _SLACK_NS, manifest.ended_ns + _SLACK_NS
    if not first_ns <= event.t_ns <= last_ns and manifest.ended_ns:
        yield f"time {event.t_ns} is outside the recording"
    match event:
        case Frame():
            if not event.start_ns <= event.t_ns <= event.end_ns:
                yield f"frame time {event.t_ns} is outside its grab"
        case Redacted() | Gap() | AgentAction():
            if event.end_ns < event.t_ns:
                yield f"{event.KIND} ends at {event.end_ns}, before its start {event.t_ns}"
        case InputEvent():
            if event.received_ns and event.received_ns < event.t_ns - _FORESIGHT_NS:
                yield f"was received at {event.received_ns}, before it happened at {event.t_ns}"
        case _:
            pass


def _check_pauses(events: Sequence[tuple[int, Event]]) -> Iterator[Problem]:
    """Say what lies inside a pause; by time, because lines may be written a little late."""
    paused_ns: int | None = None
    pauses: list[tuple[int, float]] = []
    for _, event in events:
        if isinstance(event, Pause) and paused_ns is None:
            paused_ns = event.t_ns
        elif isinstance(event, Resume) and paused_ns is not None:
            pauses.append((paused_ns, event.t_ns))
            paused_ns = None
    if paused_ns is not None:
        pauses.append((paused_ns, float("inf")))
    for line, event in events:
        if not isinstance(event, _ALLOWED_IN_PAUSE) and any(
            start < event.t_ns < end for start, end in pauses
        ):
            yield Problem(f"events.jsonl line {line}", f"a {event.KIND} event while paused")


def _check_video(
    folder: Path, manifest: Manifest, events: Sequence[tuple[int, Event]], *, quick: bool
) -> Iterator[Problem]:
    shown: dict[int, list[Frame]] = {}
    for _, event in events:
        if isinstance(event, Frame):
            shown.setdefault(event.segment, []).append(event)
    on_disk = segments(folder).keys()
    failed = any(isinstance(event, Fault) for _, event in events)
    for segment in sorted(on_disk | shown.keys()):
        path = segment_path(folder, segment)
        name = str(path.relative_to(folder))
        if segment not in on_disk:
            yield Problem(name, f"is missing; {len(shown[segment])} frames are in it")
            continue
        frames = shown.get(segment, [])
        # frames whose event was lost are in the video still, after a crash or a full disk
        extra = failed or manifest.state == "recovered"
        for what in _check_segment(path, frames, extra=extra, quick=quick):
            yield Problem(name, what)


def _check_segment(
    path: Path, frames: Sequence[Frame], *, extra: bool, quick: bool
) -> Iterator[str]:
    try:
        times = [packet.pts_ms for packet in packets(path)]
        decoded = None if quick else [(ms, px.shape) for ms, px in read_segment(path)]
    except DamagedError as error:
        yield str(error)
        return
    for frame in frames:
        if frame.index >= len(times) or times[frame.index] != frame.pts_ms:
            yield f"has no packet for frame {frame.index} at {frame.pts_ms} ms"
    if len(times) != len(frames) and not (extra and len(times) > len(frames)):
        yield f"holds {len(times)} packets; the events name {len(frames)}"
    if decoded is None:
        return
    if [ms for ms, _ in decoded] != times:
        yield f"decodes to {len(decoded)} frames; it holds {len(times)} packets"
    height, width = decoded[0][1][:2] if decoded else (0, 0)
    for frame in frames:
        if frame.width > width or frame.height > height:
            yield f"is {width} x {height}; frame {frame.index} says {frame.width} x {frame.height}"
            return
