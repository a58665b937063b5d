"""What the desktop's tests share: injecting, listening and windows that are not our own code."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from recorder.capture import Capture
from recorder.desktop.inputs import X11Input
from recorder.desktop.x11 import Connection, connect
from recorder.desktop.xvfb import VirtualDisplay
from recorder.gate import Gate, Rules
from recorder.ledger import Ledger
from recorder.schema import Event, Gap, InputEvent, PointerMove
from recorder.store import Manifest, Recording, RecordingWriter
from tests.waiting import until

Kind = TypeVar("Kind", bound=Event)

TK_ENTRY = """
import tkinter
root = tkinter.Tk(className={name!r})
root.geometry("300x120+{x}+{y}")
entry = tkinter.Entry(root)
entry.pack()
entry.focus_force()
root.mainloop()
"""


def of(kind: type[Kind], events: Sequence[Event]) -> list[Kind]:
    """Return the events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def recorded(folder: Path, kind: type[Kind]) -> list[Kind]:
    """Return the events of one kind in a recording."""
    return of(kind, list(Recording(folder).events()))


def acts(events: Sequence[InputEvent]) -> list[InputEvent]:
    """Return what is not mere motion."""
    return [event for event in events if not isinstance(event, PointerMove)]


@contextmanager
def injector(display: VirtualDisplay) -> Generator[Callable[..., None]]:
    """Yield a function that injects one XTEST event as another client would."""
    from Xlib.ext import xtest  # noqa: PLC0415 - not importable everywhere

    connection: Connection = connect(display.name)

    def inject(kind: int, detail: int = 0, x: int = 0, y: int = 0) -> None:
        xtest.fake_input(connection, kind, detail, x=x, y=y)
        connection.sync()

    try:
        yield inject
    finally:
        connection.close()


@contextmanager
def listening(display: VirtualDisplay, ledger: Ledger | None = None) -> Generator[list[InputEvent]]:
    """Yield the list that fills with what is done on a display; complete after the block."""
    got: list[InputEvent] = []

    def take(event: InputEvent | Gap) -> None:
        assert isinstance(event, InputEvent), "the X server dropped events"
        got.append(event)

    listener = X11Input(display.name, take, ledger=ledger)
    listener.start()
    try:
        yield got
    finally:
        listener.stop()


@contextmanager
def capturing(folder: Path, rules: Rules) -> Generator[Capture]:
    """Yield a capture without any source; closed after the block."""
    manifest = Manifest(name="test", source="desktop")
    capture = Capture(RecordingWriter(folder, manifest), Gate(rules, hold_keys=True))
    try:
        yield capture
    finally:
        capture.close()


def tk_entry(display: VirtualDisplay, name: str, x: int = 40, y: int = 40) -> None:
    """Open a window with a text field that no accessibility bus knows, and wait for its focus."""
    program = TK_ENTRY.format(name=name, x=x, y=y)
    display.run(["/usr/bin/python3", "-c", program])
    wait_active(display, name)


def wait_active(display: VirtualDisplay, name: str) -> None:
    """Wait until a window of an app has the keyboard."""
    from recorder.desktop.desk import Desk  # noqa: PLC0415 - not importable everywhere

    connection = connect(display.name)
    try:
        desk = Desk(connection)
        until(
            lambda: (active := desk.active()) and active.owner.app.casefold() == name.casefold(),
            f"a window of {name} has the keyboard",
        )
    finally:
        connection.close()


def type_text(display: VirtualDisplay, text: str, *, delay_ms: int = 12) -> None:
    """Type as a person would, from another process."""
    display.call(["xdotool", "type", "--delay", str(delay_ms), text])
