"""Input of an X11 display: one RECORD stream in the server's own order and with its own times.

The stream holds the XTEST requests of all clients as well, each just before the event that it
causes: that, and nothing the event says of itself, tells which client injected what.
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from recorder.clock import Clock, SystemClock, unwrap_ms
from recorder.desktop.keys import Keymap, code_of, symbol_name
from recorder.desktop.viewport import Viewport
from recorder.desktop.x11 import connect, lost, server_counts_our_time
from recorder.errors import CaptureError, UnsupportedError
from recorder.ledger import Ledger
from recorder.schema import (
    Button,
    Controller,
    HeldState,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TimeSource,
)

log = logging.getLogger(__name__)

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = range(2, 7)
_FROM_SERVER, _FROM_CLIENT, _STARTED = 0, 1, 4
_EVENT = struct.Struct("=BB2xI12xhh4xHxx")  # type, detail, time, root x, root y, state
_REQUEST = struct.Struct("=BB2xBB")  # opcode, minor opcode, event type, detail
_FAKE_INPUT = 2
# the server keeps up to 32 events back until it writes to some client; a question makes it write
_BEAT_BUSY_S = 0.01
_BEAT_IDLE_S = 0.05
_BUSY_NS = 1_000_000_000
_PATIENCE_S = 5.0

BUTTONS: dict[int, Button] = {1: "left", 2: "middle", 3: "right", 8: "back", 9: "forward"}
WHEEL = {4: (0.0, -1.0), 5: (0.0, 1.0), 6: (-1.0, 0.0), 7: (1.0, 0.0)}


class _Raw(NamedTuple):
    type: int
    detail: int
    time_ms: int
    x: int
    y: int
    state: int


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
        submit: Callable[[InputEvent], None],
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
        self._injector: tuple[int, int, int] | None = None
        self._last_input_ns = 0
        self._asking = threading.Lock()  # python-xlib mixes up the answers of two threads
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._listen, name="desktop-input", daemon=True),
            threading.Thread(target=self._beat, name="desktop-heartbeat", daemon=True),
        ]
        self._control = connect(display)
        self._stream = connect(display)
        self._xtest = _opcode(self._control, "XTEST")
        _opcode(self._control, "RECORD")
        self.time_source = (
            TimeSource.SERVER if server_counts_our_time(self._control) else TimeSource.RECEIPT
        )
        self._keymap = Keymap(self._control)
        held = self.held_state()
        self._down.update(held.keycodes if held else ())

    def start(self) -> None:
        """Listen; returns once the server records.

        Raises:
            CaptureError: it does not begin.
        """
        self._context = self._stream.record_create_context(0, [_ALL_CLIENTS], [self._ranges()])
        self._stream.sync()
        for thread in self._threads:
            thread.start()
        if not self._ready.wait(_PATIENCE_S):
            raise CaptureError(f"the X server did not start to record within {_PATIENCE_S:.0f} s")

    def stop(self) -> None:
        """Stop; returns after the last event that the server knows of has been submitted."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._threads[0].ident:
            self._finish()
        for connection in (self._stream, self._control):
            with suppress(*lost()):
                connection.close()

    def _finish(self) -> None:
        self._threads[1].join()
        with suppress(*lost()):
            # the server hands over what it kept back before it says that the stream is at its end
            with self._asking:
                self._control.record_disable_context(self._context)
                self._control.sync()
            self._threads[0].join(_PATIENCE_S)

    def check(self) -> str | None:
        """Return a fault when a thread of the listener is dead."""
        if self._stopping.is_set() or all(thread.is_alive() for thread in self._threads):
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

    # Threads ------------------------------------------------------------------------------------

    def _listen(self) -> None:
        try:
            self._stream.record_enable_context(self._context, self._take)
        except lost() as error:
            if not self._stopping.is_set():
                log.error("the X server's input stream broke: %s", error)  # noqa: TRY400

    def _beat(self) -> None:
        root = self._control.screen().root
        pause_s = _BEAT_IDLE_S
        while not self._stopping.wait(pause_s):
            try:
                with self._asking:
                    root.query_pointer()
                    self._heed_mapping_changes()
            except lost() as error:
                log.error("the X server is gone: %s", error)  # noqa: TRY400
                return
            is_busy = self._clock.now_ns() - self._last_input_ns < _BUSY_NS
            pause_s = _BEAT_BUSY_S if is_busy else _BEAT_IDLE_S

    def _heed_mapping_changes(self) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        changed = False
        while self._control.pending_events():
            changed |= self._control.next_event().type == X.MappingNotify
        if changed:
            self._keymap = Keymap(self._control)

    # Events -------------------------------------------------------------------------------------

    def _take(self, reply: Any) -> None:
        received_ns = self._clock.now_ns()
        if reply.category == _FROM_SERVER:
            for raw in _events(bytes(reply.data)):
                self._last_input_ns = received_ns
                self._pass_on(raw, received_ns)
        elif reply.category == _FROM_CLIENT:
            opcode, minor, kind, detail = _REQUEST.unpack_from(bytes(reply.data))
            if opcode == self._xtest and minor == _FAKE_INPUT:
                self._injector = (int(reply.id_base), kind, detail)
        elif reply.category == _STARTED:
            self._ready.set()

    def _pass_on(self, raw: _Raw, received_ns: int) -> None:
        client = self._client_of(raw)
        is_server = self.time_source is TimeSource.SERVER
        event = self._event(
            raw,
            {
                "t_ns": unwrap_ms(raw.time_ms, received_ns) if is_server else received_ns,
                "received_ns": received_ns,
                "time_source": self.time_source,
            },
        )
        if event is None:
            return
        entry = self._ledger.claim(event, client) if self._ledger else None
        self._submit(attributed(event, entry.controller, entry.agent) if entry else event)

    def _client_of(self, raw: _Raw) -> int:
        injector, self._injector = self._injector, None
        if injector is None or injector[1] != raw.type:
            return 0
        # an XTEST motion's detail says whether it is relative; the event's is always 0
        return injector[0] if raw.type == _MOTION or injector[2] == raw.detail else 0

    def _event(self, raw: _Raw, stamp: dict[str, Any]) -> InputEvent | None:
        x, y = self._viewport.locate(raw.x, raw.y)
        if raw.type == _MOTION:
            return PointerMove(**stamp, x=x, y=y)
        if raw.type in (_KEY_PRESS, _KEY_RELEASE):
            return self._key(raw, stamp)
        down = raw.type == _BUTTON_PRESS
        if turn := WHEEL.get(raw.detail):
            return Scroll(**stamp, dx=turn[0], dy=turn[1], x=x, y=y) if down else None
        if button := BUTTONS.get(raw.detail):
            return PointerButton(**stamp, button=button, down=down, x=x, y=y)
        return None

    def _key(self, raw: _Raw, stamp: dict[str, Any]) -> Key:
        down = raw.type == _KEY_PRESS
        repeat = down and raw.detail in self._down
        (self._down.add if down else self._down.discard)(raw.detail)
        return Key(
            **stamp,
            down=down,
            code=code_of(raw.detail),
            keycode=raw.detail,
            symbol=symbol_name(self._keymap.keysym(raw.detail, raw.state)),
            modifiers=self._keymap.modifiers(raw.state),
            state=raw.state,
            repeat=repeat,
        )

    def _ranges(self) -> dict[str, Any]:
        none = (0, 0)
        return {
            "core_requests": none,
            "core_replies": none,
            "ext_requests": (self._xtest, self._xtest, _FAKE_INPUT, _FAKE_INPUT),
            "ext_replies": (0, 0, 0, 0),
            "delivered_events": none,
            "device_events": (_KEY_PRESS, _MOTION),
            "errors": none,
            "client_started": False,
            "client_died": False,
        }


_ALL_CLIENTS = 3


def attributed(event: InputEvent, controller: Controller, agent: str) -> InputEvent:
    """Return the event with who caused it."""
    return replace(event, controller=controller, agent=agent)


def _events(block: bytes) -> Iterator[_Raw]:
    for place in range(0, len(block) - 31, 32):
        kind, *rest = _EVENT.unpack_from(block, place)
        yield _Raw(kind & 0x7F, *rest)


def _opcode(connection: Any, extension: str) -> int:
    found = connection.query_extension(extension)
    if not found.present:
        raise UnsupportedError(
            f"this X server has no {extension} extension, without which input cannot be recorded; "
            "enable it in the server's configuration"
        )
    return int(found.major_opcode)
