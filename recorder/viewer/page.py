"""The viewer: one HTML file that plays a recording, with its events beside it.

Everything is inside the file and nothing is loaded from elsewhere. Titles, texts and addresses come
from whoever made the pages that were recorded, so they only ever become text, never markup.
"""

from __future__ import annotations

import base64
import html
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from recorder.codec import event_from_line
from recorder.errors import DamagedError
from recorder.schema import (
    Event,
    Frame,
    Gap,
    HeldState,
    InputEvent,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    Scroll,
)
from recorder.store import Recording
from recorder.surgery.spans import PANIC, TAKEN_OUT
from recorder.video import segments
from recorder.viewer.label import GROUPS, Label, label

_MS = 1e6
_CHUNK = 3 << 20  # a multiple of 3, so that pieces of base64 can be joined


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of recordings says about one."""

    name: str
    source: str
    state: str
    seconds: float
    events: int
    """Input events."""
    frames: int
    megabytes: float
    kinds: dict[str, int]
    """All events per kind."""
    redactions: int
    gaps: int
    faults: int
    dropped_frames: int
    warnings: tuple[str, ...]


def summary(recording: Recording) -> Summary:
    """Return the facts of a recording, reading as little of it as possible.

    What is torn is passed over: this is for a list, and `verify` says what is wrong.
    """
    manifest, folder = recording.manifest, recording.folder
    kinds = dict(manifest.counts)
    last_ns = manifest.ended_ns
    if manifest.state == "open":
        found = list(_readable(folder / "events.jsonl"))
        kinds = dict(Counter(event.KIND for event in found))
        last_ns = max((event.t_ns for event in found), default=manifest.started_ns)
    redactions = {
        (event.t_ns, event.reason, event.page)
        for event in _readable(folder / "events.jsonl", b'"redacted"')
        if isinstance(event, Redacted)
    }
    inputs = {kind.KIND for kind in InputEvent.__subclasses__()}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Summary(
        name=manifest.name,
        source=manifest.source,
        state=manifest.state,
        seconds=max(0, last_ns - manifest.started_ns) / 1e9,
        events=sum(count for kind, count in kinds.items() if kind in inputs),
        frames=kinds.get(Frame.KIND, 0),
        megabytes=size / 1e6,
        kinds=kinds,
        redactions=len(redactions),
        gaps=kinds.get("gap", 0),
        faults=kinds.get("fault", 0),
        dropped_frames=manifest.dropped_frames,
        warnings=tuple(manifest.warnings),
    )


def write_html(recording: Recording, target: Path) -> None:
    """Write one self-contained HTML file that plays a recording.

    Raises:
        DamagedError: a line of the events is torn or foreign.
    """
    events = sorted(recording.events(), key=lambda event: event.t_ns)
    content = _content(recording, events)
    body = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    template = files("recorder.viewer").joinpath("page.html").read_text("utf-8")
    head, rest = template.replace("@@TITLE@@", html.escape(content["name"])).split("@@RECORDING@@")
    middle, tail = rest.split("@@SEGMENTS@@")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines((head, body, middle))
            for number, path in segments(recording.folder).items():
                file.write(f'<script type="text/plain" id="segment-{number}">')
                file.writelines(_base64(path))
                file.write("</script>\n")
            file.write(tail)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _readable(path: Path, needle: bytes = b"") -> Iterator[Event]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if needle in line:
                try:
                    yield event_from_line(line)
                except DamagedError:
                    continue


def _base64(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield base64.b64encode(chunk).decode("ascii")


# What the page is given -------------------------------------------------------------------------


def _content(recording: Recording, events: Sequence[Event]) -> dict[str, Any]:
    facts = summary(recording)
    started_ns = recording.manifest.started_ns or (events[0].t_ns if events else 0)
    ended_ns = max([recording.manifest.ended_ns, *(event.t_ns for event in events[-1:])])
    frames = [event for event in events if isinstance(event, Frame)]
    names = list(dict.fromkeys(event.page for event in [*frames, *_pointing(events)]))
    found = (_entry(event, started_ns) for event in _without_openings(events))
    entries = [entry for entry in found if entry is not None]
    listed = Counter(entry["group"] for entry in entries)
    return {
        "name": facts.name,
        "state": facts.state,
        "facts": _facts(facts),
        "started": recording.manifest.started_realtime_ns / _MS,
        "duration": max(0, ended_ns - started_ns) / _MS,
        "shape": f"{frames[0].width} / {frames[0].height}" if frames else "16 / 9",
        "groups": {group: listed[group] for group in GROUPS},
        "events": entries,
        "spans": _spans(events, started_ns, ended_ns),
        "turns": _turns(events, names, started_ns),
        "pages": [_page(name, events, started_ns) for name in names],
    }


def _facts(facts: Summary) -> list[tuple[str, bool]]:
    """Return short facts, each with whether it is bad news."""
    minutes, seconds = divmod(round(facts.seconds), 60)
    counted = (
        (facts.redactions, "redaction", False),
        (facts.gaps, "gap", True),
        (facts.faults, "fault", True),
        (facts.dropped_frames, "dropped frame", True),
    )
    return [
        (facts.source, False),
        (f"{minutes}:{seconds:02} min", False),
        (f"{facts.frames} frames", False),
        (f"{facts.megabytes:.1f} MB", False),
        *(
            (f"{count} {noun}{'s' if count > 1 else ''}", bad)
            for count, noun, bad in counted
            if count
        ),
    ]


def _without_openings(events: Sequence[Event]) -> Iterator[Event]:
    """Yield events without the first of the two lines that a long redaction has."""
    ended = {
        (event.t_ns, event.reason, event.page)
        for event in events
        if isinstance(event, Redacted) and event.end_ns > event.t_ns
    }
    for event in events:
        if not (
            isinstance(event, Redacted)
            and event.end_ns == event.t_ns
            and (event.t_ns, event.reason, event.page) in ended
        ):
            yield event


def _entry(event: Event, started_ns: int) -> dict[str, Any] | None:
    found: Label | None = label(event)
    if found is None:
        return None
    entry: dict[str, Any] = {
        "t": (event.t_ns - started_ns) / _MS,
        "group": found.group,
        "label": found.text,
    }
    if found.say:
        entry["say"] = found.say
    if found.who:
        entry["who"] = found.who
    return entry


def _spans(events: Sequence[Event], started_ns: int, ended_ns: int) -> list[dict[str, Any]]:
    """Return the stretches in which something is missing, and whether it hides the picture."""
    spans: list[tuple[int, int, str, str, bool]] = []
    paused: Pause | None = None
    redacted: dict[tuple[int, str, str], int] = {}
    for event in events:
        match event:
            case Pause():
                paused = paused or event
            case Resume() if paused is not None:
                spans.append((paused.t_ns, event.t_ns, "pause", "Paused", True))
                paused = None
            case Gap():
                spans.append((event.t_ns, event.end_ns, "gap", f"Gap: {event.reason}", True))
            case Redacted():
                key = (event.t_ns, event.reason, event.page)
                redacted[key] = max(event.end_ns, redacted.get(key, 0))
            case _:
                pass
    if paused is not None:
        spans.append((paused.t_ns, ended_ns, "pause", "Paused", True))
    for (start_ns, reason, _), end_ns in redacted.items():
        hides = reason in (TAKEN_OUT, PANIC)
        spans.append((start_ns, end_ns, "redacted", f"Redacted: {reason}", hides))
    return [
        {
            "start": (start_ns - started_ns) / _MS,
            "end": (end_ns - started_ns) / _MS,
            "group": group,
            "label": text,
            "hides": hides,
        }
        for start_ns, end_ns, group, text, hides in sorted(spans)
    ]


def _turns(events: Sequence[Event], names: Sequence[str], started_ns: int) -> dict[str, list[Any]]:
    """Return when which page came to the front, as far as input and pictures say."""
    times: list[float] = []
    pages: list[int] = []
    for event in events:
        if not isinstance(event, Frame | PointerButton | PointerMove | Scroll):
            continue
        page = names.index(event.page)
        if not pages or pages[-1] != page:
            times.append((event.t_ns - started_ns) / _MS)
            pages.append(page)
    return {"t": times, "page": pages}


def _pointing(events: Sequence[Event]) -> list[PointerMove | PointerButton | Scroll]:
    return [e for e in events if isinstance(e, PointerMove | PointerButton | Scroll) and e.trusted]


def _page(name: str, events: Sequence[Event], started_ns: int) -> dict[str, Any]:
    """Return frames, pointer and presses of a page, as columns."""
    frames = [event for event in events if isinstance(event, Frame) and event.page == name]
    pointing = [event for event in _pointing(events) if event.page == name]
    held = [event for event in events if isinstance(event, HeldState)] if not name else []
    moves = sorted([*pointing, *held], key=lambda event: event.t_ns)
    presses = [event for event in pointing if isinstance(event, PointerButton) and event.down]
    return {
        "name": name or "screen",
        "frames": {
            "t": [(frame.t_ns - started_ns) / _MS for frame in frames],
            "segment": [frame.segment for frame in frames],
            "pts": [frame.pts_ms for frame in frames],
            "width": [frame.width for frame in frames],
            "height": [frame.height for frame in frames],
            "masked": [frame.masked for frame in frames],
        },
        "moves": _columns(moves, started_ns),
        "presses": _columns(presses, started_ns),
    }


def _columns(
    events: Sequence[PointerMove | PointerButton | Scroll | HeldState], started_ns: int
) -> dict[str, list[Any]]:
    return {
        "t": [(event.t_ns - started_ns) / _MS for event in events],
        "x": [event.x for event in events],
        "y": [event.y for event in events],
    }
