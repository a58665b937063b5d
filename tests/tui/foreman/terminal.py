"""A real terminal for the real app: a pty, a process of its own, and an emulator that looks."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyte

from harness.latch import Latch
from tests.waiting import until
from tui.app import ForemanApp
from tui.bridge import LiveBridge
from tui.cli import main

_CHUNK = 1 << 16
_PATIENCE_S = 90.0  # the app takes its time to come up on a machine that is busy
F12 = b"\x1b[24~"
_UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*u|\x1b\[\?[0-9;]*\$p|\x1b\[>[0-9;]*q|\x1b\[[0-9;]*t")
"""Questions and modes that the emulator would print; a terminal takes them silently."""
_PROCESSES = get_context("forkserver")
"""Forks, as what the app imports takes a second; and of one without threads that hold locks."""
_PROCESSES.set_forkserver_preload([__name__])


class Terminal:
    """One end of a pty; at the other one a process runs something.

    Args:
        run: what to run there; it can be pickled.
        columns: size.
        rows: size.
        is_emulated: whether what is written is drawn on `screen`, which takes time.
    """

    def __init__(
        self, run: Callable[[], None], columns: int, rows: int, *, is_emulated: bool = True
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.written = bytearray()
        """All that came."""
        self.heard_ns = 0
        """When the last of it came, by the monotonic clock."""
        self._stream = pyte.ByteStream(self.screen) if is_emulated else None
        self._master, self._slave = os.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._is_read = threading.Event()
        self._is_read.set()
        self._lock = threading.Lock()
        self.process: BaseProcess = _PROCESSES.Process(
            target=_run_at, args=(os.ttyname(self._slave), run), daemon=True
        )
        self.process.start()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self.process.pid
        return self.process.pid

    def press(self, keys: bytes) -> int:
        """Press keys; return when, by the monotonic clock."""
        pressed_ns = time.monotonic_ns()
        os.write(self._master, keys)
        return pressed_ns

    def attributes(self) -> list[object]:
        """Return how it treats what is typed and written."""
        return list(termios.tcgetattr(self._slave))

    def leave_unread(self) -> None:
        """Read nothing from now on."""
        self._is_read.clear()

    def take(self) -> bytes:
        """Return what was written since, and forget it."""
        with self._lock:
            taken = bytes(self.written)
            self.written.clear()
        return taken

    def text(self) -> str:
        """Return what is on the screen."""
        with self._lock:
            return "\n".join(self.screen.display)

    def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        try:
            until(lambda: text in self.text(), f"{text!r} on the screen", patience_s=_PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}, but:\n{self.text()}") from None

    def close(self) -> None:
        """End the process, and the terminal."""
        if self.process.is_alive():
            os.kill(self.pid, signal.SIGCONT)
            self.process.kill()
        self.process.join()
        os.close(self._slave)
        self._is_read.set()
        self._reading.join()
        os.close(self._master)

    def _read(self) -> None:
        while self._is_read.wait():
            try:
                came = os.read(self._master, _CHUNK)
            except OSError:  # nobody is at the other end any more
                return
            self.heard_ns = time.monotonic_ns()
            with self._lock:
                self.written += came
                if self._stream is not None:
                    self._stream.feed(_UNKNOWN.sub(b"", came))


def _run_at(slave: str, run: Callable[[], None]) -> None:
    os.setsid()
    opened = os.open(slave, os.O_RDWR)  # which it is the terminal of, from now on
    for standard in (0, 1, 2):
        os.dup2(opened, standard)
    os.close(opened)
    # the ones of before were closed, or belong to the test
    sys.stdin = sys.__stdin__ = os.fdopen(0, "r")
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w")
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w")
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for size in ("COLUMNS", "LINES"):  # of the terminal that the tests are run from
        os.environ.pop(size, None)
    run()


@contextmanager
def terminal(
    run: Callable[[], None], columns: int = 120, rows: int = 34, *, is_emulated: bool = True
) -> Generator[Terminal]:
    """Open a terminal that ends with the test."""
    opened = Terminal(run, columns, rows, is_emulated=is_emulated)
    try:
        yield opened
    finally:
        opened.close()


def command(*arguments: str) -> Callable[[], None]:
    """Return what runs a command as a shell would."""
    return partial(_run_command, arguments)


def _run_command(arguments: tuple[str, ...]) -> None:
    sys.exit(main(arguments))


def foreman(socket: Path, latch: Path | None, *, is_viewer: bool = False) -> Callable[[], None]:
    """Return what runs the app over the hub that listens there."""
    return partial(_watch, socket, latch, is_viewer)


def _watch(socket: Path, latch: Path | None, is_viewer: bool) -> None:
    async def drive() -> None:
        bridge = await LiveBridge.attach(
            "foreman", is_viewer=is_viewer, takes_over=not is_viewer, socket=socket
        )
        with Latch(latch) as stop:
            app = ForemanApp(bridge, bridge.orders, stop)
            await app.run_async()
            if app.crash is not None:
                raise app.crash

    asyncio.run(drive())
