"""The ledger: what our own executor injects, so that no agent's event is taken for a person's.

An executor writes an entry *before* it injects an event; the recorder asks for the entry when the
event comes back from the display server or the page. What the platform itself says about injected
events (pynput's `injected`, X11's `send_event`) is wrong for XTEST and is not used.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

from recorder.schema import (
    Controller,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TextInput,
    TimeSource,
)

# how far an event may be stamped before its entry: a server counts whole milliseconds, and a page's
# clock is known as well as a busy browser answers; there, places keep strangers' events apart
_EARLY_NS = {
    TimeSource.SERVER: 2_000_000,
    TimeSource.PAGE: 50_000_000,
    TimeSource.RECEIPT: 0,
}
_LIFE_NS = 2_000_000_000  # an entry whose event never came is forgotten


@dataclass(frozen=True, slots=True)
class Entry:
    """One input event that is about to be injected."""

    t_ns: int
    """Monotonic time just before the injection."""
    what: str
    """As from `signature`: kind and detail of the event that will come back."""
    controller: Controller
    agent: str
    client: int = 0
    """The X client that injects it, by its resource base; 0 where there is no such thing."""
    place: tuple[int, int] | None = None
    """Where it will arrive, to a pixel; None where places get clipped on the way."""


def signature(event: InputEvent) -> str:
    """Return what an entry and its event have in common; places are left out (they get clipped).

    >>> from recorder.schema import PointerButton
    >>> signature(PointerButton(t_ns=1, button="left", down=True, x=3, y=4))
    'button left down'
    """
    match event:
        case PointerMove():
            return f"move {event.x} {event.y}"
        case PointerButton():
            return f"button {event.button} {'down' if event.down else 'up'}"
        case Key():
            return f"key {event.code or event.keycode} {'down' if event.down else 'up'}"
        case Scroll():
            return "scroll"
        case TextInput():
            return "text"
        case _:
            return event.KIND


class Ledger:
    """Entries of one display or browser context, shared between executors and the recorder.

    With a `path`, entries go through an append-only file, so that an executor in another process
    can write what a recorder reads.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._entries: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._read_to = os.fstat(self._file).st_size
            self._torn = b""

    def write(self, entry: Entry) -> None:
        """Add an entry; call it before injecting the event."""
        if self._file is not None:
            os.write(self._file, json.dumps(asdict(entry)).encode() + b"\n")
            return
        with self._lock:
            self._entries.append(entry)

    def claim(self, event: InputEvent, client: int | None = None) -> Entry | None:
        """Return the entry that caused `event`, once; None when no executor of ours did.

        Args:
            event: as it came back.
            client: the X client that injected it, 0 for a device; None where nobody can tell, and
                time and signature have to do.
        """
        what = signature(event)
        with self._lock:
            self._read_file()
            while self._entries and self._entries[0].t_ns < event.t_ns - _LIFE_NS:
                self._entries.popleft()
            for position, entry in enumerate(self._entries):
                if entry.t_ns - _EARLY_NS[event.time_source] > event.t_ns:
                    return None
                is_client = client is None or entry.client in (0, client)
                if entry.what == what and is_client and _is_at(event, entry.place):
                    del self._entries[position]
                    return entry
        return None

    def close(self) -> None:
        """Close the file, where there is one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _read_file(self) -> None:
        if self._file is None:
            return
        while chunk := os.pread(self._file, 1 << 16, self._read_to):
            self._read_to += len(chunk)
            *lines, self._torn = (self._torn + chunk).split(b"\n")
            for line in lines:
                found = json.loads(line)
                found["controller"] = Controller(found["controller"])
                found["place"] = tuple(found["place"]) if found.get("place") else None
                self._entries.append(Entry(**found))


def _is_at(event: InputEvent, place: tuple[int, int] | None) -> bool:
    if place is None or not isinstance(event, (PointerMove, PointerButton)):
        return True
    return abs(event.x - place[0]) <= 1 and abs(event.y - place[1]) <= 1
