"""Commands on recordings that exist: list, show, cat, trim, redact, recover, verify, export."""

from __future__ import annotations

import json as json_module
import shutil
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import tyro
from rich.markup import escape
from rich.table import Table

from recorder import recover as recovery
from recorder import store, surgery, viewer
from recorder import verify as verification
from recorder.codec import event_to_line
from recorder.errors import ConfigError, RecorderError
from recorder.export import to_lerobot, to_parquet
from recorder.schema import EVENTS, Box
from recorder.store import Recording, find, home
from tui.console import err, out

Name: TypeAlias = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]

_NUMBERS = ("length", "events", "frames", "MB")
_NS = 1_000_000_000


def list_recordings(*, json: bool = False) -> None:
    """List all recordings, the newest last.

    Args:
        json: print one JSON object per line instead of a table.
    """
    manifests = sorted(home().glob("*/manifest.json"), key=lambda path: path.stat().st_mtime)
    if not manifests and not json:
        out.print(f"no recordings yet in {home()}; make one: understudy record desktop NAME")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "source", "state", *_NUMBERS, "notes"):
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for folder in (path.parent for path in manifests):
        try:
            found = viewer.summary(Recording(folder))
        except RecorderError as error:
            err.print(f"[red]{escape(folder.name)}[/]: {escape(str(error))}")
            continue
        if json:
            print_json({**asdict(found), "folder": str(folder)})
        table.add_row(*map(escape, _cells(found)))
    if not json:
        out.print(table)


def show(name: Name, *, html: Path | None = None, open_browser: bool = False) -> None:
    """Write one self-contained HTML file that plays a recording, with a timeline of its events.

    Args:
        name: the recording, by name or by folder.
        html: where to write the file; by default next to the recording.
        open_browser: open it when it is written.
    """
    recording = Recording.open(name)
    target = html or Path(f"{recording.folder.name}.html")
    with err.status(f"writing {target}"):
        viewer.write_html(recording, target)
    out.print(str(target.resolve()))
    if open_browser:
        webbrowser.open(target.resolve().as_uri())


def cat(name: Name, *, kinds: tuple[str, ...] = ()) -> None:
    """Print the events of a recording, one JSON object per line.

    Args:
        name: the recording, by name or by folder.
        kinds: only these kinds, such as `key button`.

    Raises:
        ConfigError: there is no such kind.
    """
    known = {event.KIND for event in EVENTS}
    if unknown := set(kinds) - known:
        raise ConfigError(
            f"no events of kind {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    for event in Recording.open(name).events():
        if not kinds or event.KIND in kinds:
            sys.stdout.buffer.write(event_to_line(event))
    sys.stdout.buffer.flush()


def trim(name: Name, *, start: float = 0.0, end: float = float("inf")) -> None:
    """Keep only part of a recording; the rest is wiped from the disk.

    Args:
        name: the recording, by name or by folder.
        start: seconds from its beginning; what was before goes.
        end: seconds from its beginning; what comes after goes.
    """
    recording = Recording.open(name)
    start_ns, end_ns = _span(recording, start, end)
    with err.status("trimming"):
        surgery.trim(recording.folder, start_ns, end_ns)
    _say(recording.folder)


def redact(
    name: Name, *, start: float, end: float, box: tuple[int, int, int, int] | None = None
) -> None:
    """Wipe part of a recording: all of a stretch of time, or one rectangle of its pixels.

    Args:
        name: the recording, by name or by folder.
        start: seconds from its beginning.
        end: seconds from its beginning.
        box: x, y, width and height in pixels; without it everything in the stretch goes.
    """
    recording = Recording.open(name)
    start_ns, end_ns = _span(recording, start, end)
    boxes: list[Box] | None = [box] if box else None
    with err.status("redacting"):
        surgery.redact(recording.folder, start_ns, end_ns, boxes)
    _say(recording.folder)


def recover(name: Name) -> None:
    """Close a recording that a crash left open; what was on disk is kept.

    Args:
        name: the recording, by name or by folder.
    """
    folder = find(name)
    with err.status("recovering"):
        recovery.recover(folder)
    _say(folder)


def verify(name: Name, *, quick: bool = False) -> int:
    """Check a recording: hashes, every event, every frame. Or the logs of a suite.

    Args:
        name: a recording, by name or by folder; a suite, one row of it, or one log.
        quick: do not decode the video.
    """
    with err.status("verifying"):
        problems = _problems(name, quick=quick)
    for problem in problems:
        out.print(f"[red]{escape(str(problem))}[/]")
    out.print(f"{len(problems)} problems" if problems else "no problems found")
    return 1 if problems else 0


def _problems(name: str, *, quick: bool) -> Sequence[object]:
    if Path(name).exists():
        from harness.run import checking  # noqa: PLC0415 - SciPy takes a second to load

        if checking.is_checkable(Path(name)):
            return checking.check(Path(name))
    return verification.verify(find(name), quick=quick)


def export(
    name: Name, *, to: Literal["parquet", "lerobot"], folder: Path | None = None, fps: int = 10
) -> None:
    """Write a recording in another format.

    Args:
        name: the recording, by name or by folder.
        to: `parquet` for DuckDB and friends, lossless; `lerobot` for training (v3.0 tree).
        folder: where to; by default NAME-parquet or NAME-lerobot here.
        fps: constant frame rate of a lerobot export.

    Raises:
        ConfigError: the folder is taken.
    """
    recording = Recording.open(name)
    target = folder or Path(f"{recording.folder.name}-{to}")
    if target.exists() and any(target.iterdir()):
        raise ConfigError(f"{target} exists already and is not empty; name another with --folder")
    partial = target.with_name(f".{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with err.status(f"exporting to {target}"):
            if to == "parquet":
                to_parquet(recording, partial)
            else:
                to_lerobot([recording], partial, fps=fps)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    out.print(str(target.resolve()))


def delete(name: Name, *, yes: bool = False) -> None:
    """Delete a recording; its bytes are overwritten.

    Args:
        name: the recording, by name or by folder.
        yes: do not ask.

    Raises:
        ConfigError: nobody confirmed it.
    """
    folder = find(name)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("nobody to ask: stdin is no terminal; confirm with --yes")
        if input(f"Delete {folder} for good? [y/N] ").strip().casefold() not in ("y", "yes"):
            raise ConfigError("not deleted: you did not confirm")
    store.remove(folder)
    out.print(f"deleted {escape(str(folder))}")


def print_json(body: object) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(json_module.dumps(body) + "\n")


def one_line(found: viewer.Summary) -> str:
    """Return a recording in one line of words."""
    words = [f"{found.name}: {found.state}, {found.seconds:.1f} s, {found.events} input events"]
    words += [f"{found.frames} frames, {found.megabytes:.1f} MB", *_notes(found)]
    return ", ".join(words)


def _notes(found: viewer.Summary) -> list[str]:
    counted = {
        "redaction": found.redactions,
        "gap": found.gaps,
        "fault": found.faults,
        "dropped frame": found.dropped_frames,
    }
    return [f"{count} {what}{'s'[: count > 1]}" for what, count in counted.items() if count]


def _cells(found: viewer.Summary) -> list[str]:
    minutes, seconds = divmod(round(found.seconds), 60)
    return [
        found.name,
        found.source,
        found.state,
        f"{minutes}:{seconds:02}",
        str(found.events),
        str(found.frames),
        f"{found.megabytes:.1f}",
        ", ".join(_notes(found)),
    ]


def _say(folder: Path) -> None:
    out.print(escape(one_line(viewer.summary(Recording(folder)))))


def _span(recording: Recording, start_s: float, end_s: float) -> tuple[int, int]:
    if not 0 <= start_s < end_s:
        raise ConfigError(
            f"a stretch runs from 0 or later to a later end; found {start_s} to {end_s}"
        )
    begin_ns = recording.manifest.started_ns
    last_ns = max(recording.manifest.ended_ns, begin_ns)
    if begin_ns + start_s * _NS > last_ns:
        raise ConfigError(
            f"{recording.folder.name} is {(last_ns - begin_ns) / _NS:.1f} s long; "
            f"it has nothing at {start_s} s"
        )
    stop_ns = min(last_ns, begin_ns + round(min(end_s, 1e9) * _NS))
    return begin_ns + round(start_s * _NS), stop_ns
