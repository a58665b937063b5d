"""A recording on disk: `manifest.json`, `events.jsonl` and `video/`.

`RecordingWriter` appends and never looks back; `Recording` reads. Nothing here decides what may be
kept: that was decided before it got here.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from io import BufferedRandom
from pathlib import Path
from typing import Any

import msgspec
import platformdirs

try:
    import fcntl
except ImportError:  # Windows has no advisory locks
    fcntl = None

from recorder.codec import event_from_line, event_to_line
from recorder.errors import ConfigError, DamagedError, NewerVersionError, NotFoundError
from recorder.schema import Event, Frame
from recorder.video import segment_path

FORMAT = "understudy-recording"
VERSION = 1
_RESERVE_BYTES = 256 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """Size and hash of one file of a closed recording."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a recording says about itself."""

    format: str = FORMAT
    version: int = VERSION
    name: str
    source: str
    """desktop or browser."""
    state: str = "open"
    """open, closed, or recovered after a crash."""
    started_realtime_ns: int = 0
    started_ns: int = 0
    """On the recording's monotonic clock."""
    ended_ns: int = 0
    consent: str = ""
    """The notice that was shown before anything was captured."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Events per kind."""
    dropped_frames: int = 0
    warnings: tuple[str, ...] = ()
    """What was said to the person while recording."""
    files: Mapping[str, FileEntry] = field(default_factory=dict[str, FileEntry])


def home() -> Path:
    """Return the folder of all recordings: `$UNDERSTUDY_HOME`, else the user's data folder."""
    chosen = os.environ.get("UNDERSTUDY_HOME")
    root = Path(chosen) if chosen else Path(platformdirs.user_data_dir("understudy"))
    return root / "recordings"


def find(name: str) -> Path:
    """Return the folder of a recording, given by name or by path.

    Raises:
        NotFoundError: there is none.
    """
    for folder in (Path(name), home() / name):
        if (folder / "manifest.json").is_file() or (folder / "events.jsonl").is_file():
            return folder
    raise NotFoundError(f"no recording {name!r}, neither as a folder nor in {home()}")


def new_folder(name: str) -> Path:
    """Return the folder for a new recording, given by name or by path.

    Raises:
        ConfigError: the name is not allowed, or the folder is taken.
    """
    is_path = os.sep in name
    folder = Path(name) if is_path else home() / name
    if not is_path and not _NAME.fullmatch(name):
        raise ConfigError(
            f"a recording cannot be named {name!r}; allowed: letters, digits, '.', '_' and '-', "
            "starting with a letter or digit, at most 100"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists already; choose another name or delete it first")
    return folder


def tool_versions() -> dict[str, str]:
    """Return the versions that shape a recording."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in ("understudy", "mss", "pynput", "python-xlib", "av", "playwright"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step, so that it is never seen half written."""
    body = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
    write_atomically(folder / "manifest.json", body)


def write_atomically(path: Path, body: bytes) -> None:
    """Put `body` at `path` so that a crash leaves either the old file or the new one, whole."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a recording.

    Raises:
        DamagedError: it is missing, torn, or not one of ours.
        NewerVersionError: a later version of understudy wrote it.
    """
    path = folder / "manifest.json"
    try:
        found: Any = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DamagedError(f"{folder} has no manifest.json; is it a recording?") from error
    except ValueError as error:
        raise DamagedError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise DamagedError(f"{path} is not the manifest of a recording (format {FORMAT!r})")
    if not isinstance(found.get("version"), int) or found["version"] > VERSION:
        raise NewerVersionError(
            f"{folder} has format version {found.get('version')}; this understudy reads up to "
            f"{VERSION}: install a newer one"
        )
    try:
        return msgspec.convert(found, Manifest)
    except msgspec.ValidationError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error


def is_being_recorded(folder: Path) -> bool:
    """Return whether a process is writing this recording right now."""
    path = folder / "events.jsonl"
    if fcntl is None or not path.is_file():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def describe_files(folder: Path) -> dict[str, FileEntry]:
    """Return size and hash of every file of a recording but its manifest."""
    entries: dict[str, FileEntry] = {}
    for path in [folder / "events.jsonl", *sorted((folder / "video").glob("*.mp4"))]:
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            entries[str(path.relative_to(folder))] = FileEntry(path.stat().st_size, digest)
    return entries


class RecordingWriter:
    """Appends events to one recording; safe from any thread. A line is on disk when it returns."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "video").mkdir(exist_ok=True)
        self.folder = folder
        self.manifest = replace(manifest, tools=tool_versions())
        self.counts: Counter[str] = Counter()
        self.bytes_written = 0
        self._lock = threading.Lock()
        self._reserve = folder / ".reserve"
        # given back when the disk is full, so that the fault itself can still be written
        self._reserve.write_bytes(b"\0" * _RESERVE_BYTES)
        write_manifest(folder, self.manifest)
        self._file = self._open_events()

    def append(self, events: Iterable[Event]) -> None:
        """Write events, in the order given.

        Raises:
            OSError: the disk refused; no half line is left behind.
        """
        batch = list(events)
        body = b"".join(map(event_to_line, batch))
        with self._lock:
            self._write(body)
            self.counts.update(event.KIND for event in batch)

    def release_reserve(self) -> None:
        """Free the space held back for the last lines of a recording on a full disk."""
        self._reserve.unlink(missing_ok=True)

    def sync(self) -> None:
        """Wait until what was written would survive a power cut."""
        with self._lock:
            os.fdatasync(self._file) if hasattr(os, "fdatasync") else os.fsync(self._file)

    def rewrite(self, change: Callable[[list[Event]], list[Event]]) -> None:
        """Replace all events by what `change` makes of them, and wipe the bytes that held them."""
        path = self.folder / "events.jsonl"
        with self._lock:
            kept = change([event_from_line(line) for line in path.read_bytes().splitlines()])
            os.close(self._file)
            replace_and_wipe(path, b"".join(map(event_to_line, kept)))
            self._file = self._open_events()
            self.counts = Counter(event.KIND for event in kept)

    def close(
        self, ended_ns: int, *, dropped_frames: int = 0, warnings: Sequence[str] = ()
    ) -> Manifest:
        """Close the recording and return its final manifest."""
        with self._lock:
            os.close(self._file)
        self.release_reserve()
        self.manifest = replace(
            self.manifest,
            state="closed",
            ended_ns=ended_ns,
            counts=dict(sorted(self.counts.items())),
            dropped_frames=dropped_frames,
            warnings=tuple(warnings),
            files=describe_files(self.folder),
        )
        write_manifest(self.folder, self.manifest)
        return self.manifest

    def _open_events(self) -> int:
        path = self.folder / "events.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # the system lets go of it however the process ends
        return file

    def _write(self, body: bytes) -> None:
        start = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(body):
                written += os.write(self._file, body[written:])
        except OSError:
            os.ftruncate(self._file, start)
            raise
        self.bytes_written += len(body)


def replace_and_wipe(path: Path, body: bytes) -> None:
    """Put `body` at `path` and overwrite the bytes of the file that was there before."""
    if not path.exists():
        write_atomically(path, body)
        return
    with path.open("r+b") as old:
        write_atomically(path, body)
        zero(old)


def wipe(path: Path) -> None:
    """Overwrite a file with zeros and remove it."""
    if path.exists():
        with path.open("r+b") as file:
            zero(file)
        path.unlink()


def remove(folder: Path) -> None:
    """Wipe a recording; a file in its folder that is not a recording's stays, and so the folder.

    Raises:
        ConfigError: it is being recorded right now.
        DamagedError: the folder holds something else than a recording.
    """
    if is_being_recorded(folder):
        raise ConfigError(f"{folder} is being recorded; stop it first")
    if (folder / "manifest.json").exists():
        read_manifest(folder)
    video = folder / "video"
    for path in (*video.glob("*.mp4*"), *folder.glob("events.jsonl*"), folder / ".reserve"):
        wipe(path)
    for path in (folder / "manifest.json", folder / "manifest.json.tmp"):
        path.unlink(missing_ok=True)
    for path in (video, folder):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def zero(file: BufferedRandom, start: int = 0) -> None:
    """Overwrite an open file with zeros, from `start` to its end, and wait for the disk."""
    left = os.fstat(file.fileno()).st_size - start
    file.seek(start)
    while left > 0:
        left -= file.write(b"\0" * min(left, 1 << 20))
    file.flush()
    os.fsync(file.fileno())


class Recording:
    """A recording that can be read; cheap to open, events and frames are read when asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)

    @classmethod
    def open(cls, name: str | Path) -> Recording:
        """Return the recording of that name or path.

        Raises:
            NotFoundError: there is none.
            DamagedError: it is not a recording, or its manifest is torn.
            NewerVersionError: a later version of understudy wrote it.
        """
        return cls(find(str(name)))

    def events(self) -> Iterator[Event]:
        """Yield all events in the order they were written.

        Raises:
            DamagedError: a line is torn or foreign; `recover` cuts a torn tail.
        """
        path = self.folder / "events.jsonl"
        if not path.exists():
            return
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield event_from_line(line)
                except DamagedError as error:
                    raise DamagedError(f"{path} line {number}: {error}") from error

    def frames(self) -> list[Frame]:
        """Return all frame events in the order they were written."""
        return [event for event in self.events() if isinstance(event, Frame)]

    def segment(self, number: int) -> Path:
        """Return the path of a video segment."""
        return segment_path(self.folder, number)
