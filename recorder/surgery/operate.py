"""Surgery: takes spans and rectangles out of a recording, for good.

New video is written beside the old first; then the manifest says `open`, old bytes are wiped, and
the manifest is closed again. A kill in between leaves an open recording that `recover` makes whole,
with nothing back that was gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from recorder.codec import event_to_line
from recorder.errors import ConfigError, DamagedError
from recorder.masks import reach
from recorder.schema import Box, Event, Frame, Redacted
from recorder.store import Manifest, Recording, describe_files, replace_and_wipe, write_manifest
from recorder.surgery.spans import (
    COVERED,
    PANIC,
    TAKEN_OUT,
    inside,
    outside,
    overlaps,
    without_words,
)
from recorder.surgery.splice import SegmentEdit, commit, prepare
from recorder.video import packets, segment_path, segments


def remove_span(folder: Path, events: Sequence[Event], start_ns: int, end_ns: int) -> list[Event]:
    """Wipe all video of `[start_ns, end_ns]` and return the events that stay.

    What was on screen when the span began goes as well, although it was grabbed before. All
    segments of the recording must be closed.

    Raises:
        DamagedError: a segment cannot be read.
    """
    seen = _shown_at(events, start_ns)
    kept = outside([event for event in events if event not in seen], start_ns, end_ns)
    edits = _edits(folder, _frames(events), _frames(kept))
    for edit in edits.values():
        prepare(edit)
    for edit in edits.values():
        commit(edit)
    return _renumber(kept, edits)


def trim(folder: Path, start_ns: int, end_ns: int) -> Manifest:
    """Keep only `[start_ns, end_ns]` of a closed recording; return its new manifest.

    What was on screen when the span starts is kept as a frame at `start_ns`, and so is the state
    that later events build on: geometry, window, document, elements.

    Raises:
        ConfigError: the span keeps nothing, or the recording is still open.
        DamagedError: the recording cannot be read.
    """
    recording = _closed(folder, start_ns, end_ns)
    old = recording.manifest
    events = list(recording.events())
    opening = [
        replace(frame, t_ns=start_ns, start_ns=start_ns, end_ns=start_ns)
        for frame in _shown_at(events, start_ns)
        if frame.t_ns < start_ns
    ]
    kept = _inserted(inside(events, start_ns, end_ns), opening, start_ns)
    started_ns = max(start_ns, old.started_ns)
    manifest = replace(
        old,
        started_ns=started_ns,
        ended_ns=min(end_ns, old.ended_ns),
        started_realtime_ns=old.started_realtime_ns + started_ns - old.started_ns,
    )
    return _operate(folder, manifest, kept, _edits(folder, _frames(events), _frames(kept)))


def redact(
    folder: Path,
    start_ns: int,
    end_ns: int,
    boxes: Sequence[Box] | None = None,
) -> Manifest:
    """Take `[start_ns, end_ns]` out of a closed recording, or only some rectangles of it.

    A frame is part of the span when it was on screen at any moment of it. With boxes, frames stay
    but for these rectangles; what was typed in the span, and what was read there, goes as well.

    Raises:
        ConfigError: the span or a box is empty, or the recording is still open.
        DamagedError: the recording cannot be read.
    """
    recording = _closed(folder, start_ns, end_ns)
    if boxes is not None and not (boxes and all(w > 0 and h > 0 for _, _, w, h in boxes)):
        raise ConfigError(f"cannot redact the boxes {boxes}; each needs a width and a height")
    events = list(recording.events())
    frames = _frames(events)
    seen = {frame for frame in frames if overlaps(frame, start_ns, end_ns)}
    seen |= _shown_at(events, start_ns)
    reason = TAKEN_OUT if boxes is None else COVERED
    if boxes is None:
        kept = outside([event for event in events if event not in seen], start_ns, end_ns)
        edits = _edits(folder, frames, _frames(kept))
    else:
        kept = _map_span(events, start_ns, end_ns, lambda event: without_words(event, boxes))
        edits = _edits(folder, frames, frames, seen, boxes)
    marker = Redacted(t_ns=start_ns, end_ns=end_ns, reason=reason)
    return _operate(folder, recording.manifest, _inserted(kept, [marker], start_ns), edits)


def _edits(
    folder: Path,
    frames: Iterable[Frame],
    kept: Iterable[Frame],
    covered: Iterable[Frame] = (),
    boxes: Sequence[Box] = (),
) -> dict[int, SegmentEdit]:
    """Return what to do to each segment that changes, by number."""
    numbers = {frame.segment for frame in frames} | segments(folder).keys()
    stay: dict[int, set[int]] = {number: set() for number in sorted(numbers)}
    for frame in kept:
        stay[frame.segment].add(frame.pts_ms)
    cover: dict[int, dict[int, tuple[Box, ...]]] = {number: {} for number in stay}
    for frame in covered:
        found = reach(boxes, frame.width, frame.height)
        if found:
            cover[frame.segment][frame.pts_ms] = found
    edits: dict[int, SegmentEdit] = {}
    for number, keep in stay.items():
        path = segment_path(folder, number)
        # a packet without an event has no time, so nobody can say that it may stay
        if cover[number] or not keep or len(keep) < len(packets(path)):
            edits[number] = SegmentEdit(path, frozenset(keep), cover[number])
    return edits


def _renumber(events: Iterable[Event], edits: dict[int, SegmentEdit]) -> list[Event]:
    """Return events with their frames where they lie after the edits."""
    order = {
        number: {pts_ms: index for index, pts_ms in enumerate(sorted(edit.keep))}
        for number, edit in edits.items()
    }

    def move(event: Event) -> Event:
        if not isinstance(event, Frame) or event.segment not in edits:
            return event
        covered = edits[event.segment].cover.get(event.pts_ms, ())
        return replace(
            event,
            index=order[event.segment][event.pts_ms],
            masked=tuple(sorted({*event.masked, *covered})),
        )

    return [move(event) for event in events]


def _operate(
    folder: Path, manifest: Manifest, events: list[Event], edits: dict[int, SegmentEdit]
) -> Manifest:
    """Put edited video and events in place and return the manifest that describes them."""
    for edit in edits.values():
        prepare(edit)
    write_manifest(folder, replace(manifest, state="open"))
    for edit in edits.values():
        commit(edit)
    kept = _renumber(events, edits)
    replace_and_wipe(folder / "events.jsonl", b"".join(map(event_to_line, kept)))
    counts = Counter(event.KIND for event in kept)
    closed = replace(manifest, counts=dict(sorted(counts.items())), files=describe_files(folder))
    write_manifest(folder, closed)
    return closed


def _closed(folder: Path, start_ns: int, end_ns: int) -> Recording:
    recording = Recording.open(folder)
    manifest = recording.manifest
    if manifest.state == "open":
        raise ConfigError(f"{folder} is still open; stop it, or recover it after a crash")
    if start_ns > end_ns or start_ns > manifest.ended_ns or end_ns < manifest.started_ns:
        raise ConfigError(
            f"no such span: {start_ns} to {end_ns}; the recording goes from "
            f"{manifest.started_ns} to {manifest.ended_ns} (ns)"
        )
    for name in manifest.files:
        if not (folder / name).is_file():
            raise DamagedError(f"{folder} lacks {name}; recover it first")
    return recording


def _frames(events: Iterable[Event]) -> list[Frame]:
    return [event for event in events if isinstance(event, Frame)]


def _shown_at(events: Iterable[Event], t_ns: int) -> set[Frame]:
    """Return the frame of each page that was on screen at a moment, where it is still there."""
    shown: dict[str, Frame] = {}
    for event in events:
        if event.t_ns > t_ns:
            continue
        if isinstance(event, Frame):
            shown[event.page] = event
        elif isinstance(event, Redacted) and event.reason in (TAKEN_OUT, PANIC):
            shown.clear()  # something else was on screen then
    return set(shown.values())


def _inserted(events: Sequence[Event], added: Iterable[Event], t_ns: int) -> list[Event]:
    place = next((i for i, event in enumerate(events) if event.t_ns > t_ns), len(events))
    return [*events[:place], *added, *events[place:]]


def _map_span(
    events: Iterable[Event], start_ns: int, end_ns: int, change: Callable[[Event], Event | None]
) -> list[Event]:
    changed = (change(event) if overlaps(event, start_ns, end_ns) else event for event in events)
    return [event for event in changed if event is not None]
