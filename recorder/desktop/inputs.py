"""Input of an X11 display: one stream in the server's own order and with its own times."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from recorder.clock import Clock, SystemClock, unwrap_ms
from recorder.desktop import tap
from recorder.desktop.keys import Keymap, code_of, symbol_name
from recorder.desktop.tap import Tapped, untap
from recorder.desktop.viewport import Viewport
from recorder.desktop.x11 import connect, lost, server_counts_our_time
from recorder.errors import CaptureError, UnsupportedError
from recorder.ledger import Ledger
from recorder.schema import (
    Button,
    Controller,
    Gap,
    HeldState,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TimeSource,
)

log = logging.getLogger(__name__)

_PATIENCE_S = 10.0
_PIPE_BYTES = 1 << 20  # minutes of motion: as long as we may stand still and lose nothing
_CHUNK = 1 << 16

BUTTONS: dict[int, Button] = {1: "left", 2: "middle", 3: "right", 8: "back", 9: "forward"}
WHEEL = {4: (0.0, -1.0), 5: (0.0, 1.0), 6: (-1.0, 0.0), 7: (1.0, 0.0)}


class X11Input:
    """Listens to all input of one display and submits it as events, in order.

    Args:
        display: the X display, None meaning `$DISPLAY`.
        submit: takes each event; called from the listening thread, so it must be quick.
        clock: where receipt times come from.
        ledger: what our own executors inject on this display.
        viewport: where the image lies on the desktop.

    Raises:
        UnsupportedError: there is no display, or it cannot record.
    """

    def __init__(
        self,
        display: str | None,
        submit: Callable[[InputEvent | Gap], None],
        *,
        clock: Clock | None = None,
        ledger: Ledger | None = None,
        viewport: Viewport | None = None,
    ) -> None:
        self._submit = submit
        self._clock = clock or SystemClock()
        self._ledger = ledger
        self._viewport = viewport or Viewport()
        self._down: set[int] = set()
        self._asking = threading.Lock()  # python-xlib mixes up the answers of two threads
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._context = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._listen, name="desktop-input", daemon=True)
        self._control = connect(display)
        self._display = str(self._control.get_display_name())
        for extension in ("XTEST", "RECORD"):
            _require(self._control, extension)
        self.time_source = (
            TimeSource.SERVER if server_counts_our_time(self._control) else TimeSource.RECEIPT
        )
        self._keymap = Keymap(self._control)

    def start(self) -> None:
        """Listen; returns once the server records.

        Raises:
            CaptureError: it does not begin.
        """
        held = self.held_state()
        self._down.update(held.keycodes if held else ())
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(tap.__file__)), self._display],
            stdin=subprocess.PIPE,  # closed when we end, however that happens
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what stops us from a terminal shall not stop it
        )
        if self._process.stdout:
            _widen(self._process.stdout.fileno())
        self._thread.start()
        if not self._ready.wait(_PATIENCE_S) or not self._context:
            raise CaptureError(f"display {self._display} does not let us listen to its input")

    def stop(self) -> None:
        """Stop; returns after the last event that the server knows of has been submitted."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._process:
            self._finish(self._process)
        with self._asking, suppress(*lost()):
            self._control.close()

    def _finish(self, process: subprocess.Popen[bytes]) -> None:
        with self._asking, suppress(*lost()):
            # the server hands over what it kept back before it says that the stream is at its end
            self._control.record_disable_context(self._context)
            self._control.sync()
        self._thread.join(_PATIENCE_S)
        with process:  # closes its pipes and waits for it
            process.kill()

    def check(self) -> str | None:
        """Return a fault when a thread of the listener is dead."""
        if self._stopping.is_set() or self._thread.is_alive():
            return None
        return "listener-dead: input is no longer recorded; stop and start again"

    def held_state(self) -> HeldState | None:
        """Return what is held down right now; None when the server is gone."""
        from Xlib.error import XError  # noqa: PLC0415 - with the desktop extra only

        try:
            with self._asking:
                pointer = self._control.screen().root.query_pointer()
                keys = self._control.query_keymap()
        except (*lost(), XError):
            return None
        x, y = self._viewport.locate(pointer.root_x, pointer.root_y)
        return HeldState(
            t_ns=self._clock.now_ns(),
            x=x,
            y=y,
            buttons=tuple(BUTTONS[n] for n in (1, 2, 3) if pointer.mask & (0x80 << n)),
            keycodes=tuple(
                8 * position + bit
                for position, byte in enumerate(keys)
                for bit in range(8)
                if byte & (1 << bit)
            ),
        )

    # Events -----------------------------------------------------------------------------------

    def _listen(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        rest, pipe = b"", self._process.stdout.fileno()
        while data := os.read(pipe, _CHUNK):
            events, rest = untap(rest + data)
            for event in events:
                self._take(event)
        self._ready.set()  # or start would wait for a process that is gone
        if not self._stopping.is_set():
            log.error("the input stream of display %s ended", self._display)

    def _take(self, tapped: Tapped) -> None:
        if tapped.type == tap.READY:
            self._context = tapped.client
            self._ready.set()
            return
        if tapped.type == tap.LOST:
            begun_ns = tapped.received_ns - tapped.client * 1_000_000
            self._submit(Gap(t_ns=begun_ns, end_ns=tapped.received_ns, reason="overflow"))
            return
        is_server = self.time_source is TimeSource.SERVER
        received_ns = tapped.received_ns
        event = self._event(
            tapped,
            {
                "t_ns": unwrap_ms(tapped.time_ms, received_ns) if is_server else received_ns,
                "received_ns": received_ns,
                "time_source": self.time_source,
            },
        )
        if event is None:
            return
        entry = self._ledger.claim(event, tapped.client) if self._ledger else None
        self._submit(attributed(event, entry.controller, entry.agent) if entry else event)

    def _event(self, tapped: Tapped, stamp: dict[str, Any]) -> InputEvent | None:
        x, y = self._viewport.locate(tapped.x, tapped.y)
        if tapped.type == tap.MOTION:
            return PointerMove(**stamp, x=x, y=y)
        if tapped.type in (tap.KEY_PRESS, tap.KEY_RELEASE):
            return self._key(tapped, stamp)
        down = tapped.type == tap.BUTTON_PRESS
        if turn := WHEEL.get(tapped.detail):
            return Scroll(**stamp, dx=turn[0], dy=turn[1], x=x, y=y) if down else None
        if button := BUTTONS.get(tapped.detail):
            return PointerButton(**stamp, button=button, down=down, x=x, y=y)
        return None

    def _key(self, tapped: Tapped, stamp: dict[str, Any]) -> Key:
        self._heed_mapping_changes()
        down = tapped.type == tap.KEY_PRESS
        repeat = down and tapped.detail in self._down
        (self._down.add if down else self._down.discard)(tapped.detail)
        return Key(
            **stamp,
            down=down,
            code=code_of(tapped.detail),
            keycode=tapped.detail,
            symbol=symbol_name(self._keymap.keysym(tapped.detail, tapped.state)),
            modifiers=self._keymap.modifiers(tapped.state),
            state=tapped.state,
            repeat=repeat,
        )

    def _heed_mapping_changes(self) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        changed = False
        with self._asking, suppress(*lost()):
            while self._control.pending_events():
                changed |= self._control.next_event().type == X.MappingNotify
            if changed:
                self._keymap = Keymap(self._control)


def attributed(event: InputEvent, controller: Controller, agent: str) -> InputEvent:
    """Return the event with who caused it."""
    return replace(event, controller=controller, agent=agent)


def _widen(pipe: int) -> None:
    import fcntl  # noqa: PLC0415 - X11 input is for POSIX systems, this module is for all

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(PermissionError):  # a smaller pipe lasts less long
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _require(connection: Any, extension: str) -> None:
    if not connection.query_extension(extension).present:
        connection.close()
        raise UnsupportedError(
            f"this X server has no {extension} extension, without which input cannot be recorded; "
            "enable it in the server's configuration"
        )
