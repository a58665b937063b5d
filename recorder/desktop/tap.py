"""The tap: a small process that drains an X server's RECORD stream into a pipe.

An X server keeps at most some 280 replies for a recording client that does not read; after that it
drops device events without a word, because `FlushClient` counts what is to be written before the
RECORD extension adds to it. A recorder that waits for its disk, or is stopped, gets there within
a second or two of mouse motion. So reading has a process of its own, which does nothing else.

The stream holds the XTEST requests of all clients as well, each just before the event that it
causes: that, and nothing an event says of itself, tells which client injected what.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

KEY_PRESS, KEY_RELEASE, BUTTON_PRESS, BUTTON_RELEASE, MOTION = range(2, 7)
READY, LOST = 0, 1

_FROM_SERVER, _FROM_CLIENT, _STARTED, _ENDED = 0, 1, 4, 5
_ALL_CLIENTS = 3
_ENABLE, _FAKE_INPUT, _QUERY_POINTER = 5, 2, 38  # minor, minor and core opcode
_FAKE_INPUT_BYTES = 36
_REPLY = struct.Struct("=BB2xIB3xI16x")  # type, category, words after it, …, resource base
_EVENT = struct.Struct("=BB2xI12xhh4xHxx")  # type, detail, time, root x, root y, state
_REQUEST = struct.Struct("=BB2xBB")  # opcode, minor opcode, event type, detail
_SHORT = struct.Struct("=BBHI")
_TAPPED = struct.Struct("=qIIBBhhH")
_CHUNK = 1 << 16
_MANY = 8  # requests in a row without an event: a press of what is down has none, but not so often
# the server keeps up to 32 events back until it writes to some client; a question makes it write
_BEAT_BUSY_S = 0.005
_BEAT_IDLE_S = 0.05
_BUSY_S = 1.0


class Tapped(NamedTuple):
    """One device event, as it goes through the pipe."""

    received_ns: int
    client: int
    """Resource base of the client that injected it, 0 for a device; of a `READY`, the context; of
    a `LOST`, for how many ms events have been missing."""
    time_ms: int
    type: int
    detail: int
    x: int
    y: int
    state: int

    def pack(self) -> bytes:
        """Return its bytes."""
        return _TAPPED.pack(*self)


class Decoder:
    """Turns the bytes of a RECORD stream into events, whatever pieces they come in."""

    def __init__(self, xtest: int, context: int) -> None:
        self._xtest = xtest
        self._context = context
        self._rest = b""
        self._injector: tuple[int, int, int] | None = None
        self._missing: list[int] = []
        self.ended = False

    def feed(self, data: bytes, received_ns: int) -> Iterator[Tapped]:
        """Yield the events that are complete now."""
        data = self._rest + data
        at = 0
        while len(data) - at >= _REPLY.size:
            kind, category, words, _, base = _REPLY.unpack_from(data, at)
            end = at + _REPLY.size + (4 * words if kind == 1 else 0)
            if len(data) < end:
                break
            if kind == 1:
                yield from self._reply(category, base, data[at + _REPLY.size : end], received_ns)
            at = end
        self._rest = data[at:]

    def _reply(self, category: int, base: int, body: bytes, received_ns: int) -> Iterator[Tapped]:
        if category == _FROM_SERVER:
            if len(self._missing) >= _MANY:
                missing_ms = (received_ns - self._missing[0]) // 1_000_000
                yield Tapped(received_ns, missing_ms, 0, LOST, 0, 0, 0, 0)
            self._missing.clear()
            for kind, detail, time_ms, x, y, state in _EVENT.iter_unpack(body):
                client = self._injected_by(kind & 0x7F, detail)
                yield Tapped(received_ns, client, time_ms, kind & 0x7F, detail, x, y, state)
        elif category == _FROM_CLIENT:
            # one that had no effect may come together with the next
            last = max(0, len(body) - _FAKE_INPUT_BYTES)
            opcode, minor, kind, detail = _REQUEST.unpack_from(body, last)
            if opcode == self._xtest and minor == _FAKE_INPUT:
                if self._injector:
                    self._missing.append(received_ns)
                self._injector = (base, kind, detail)
        elif category == _STARTED:
            yield Tapped(received_ns, self._context, 0, READY, 0, 0, 0, 0)
        self.ended |= category == _ENDED

    def _injected_by(self, kind: int, detail: int) -> int:
        injector, self._injector = self._injector, None
        if injector is None or injector[1] != kind:
            return 0
        # an XTEST motion's detail says whether it is relative; the event's is always 0
        return injector[0] if kind == MOTION or injector[2] == detail else 0


def untap(data: bytes) -> tuple[list[Tapped], bytes]:
    """Return the whole events in `data`, and the bytes of one that is not complete yet."""
    whole = len(data) - len(data) % _TAPPED.size
    return [Tapped(*fields) for fields in _TAPPED.iter_unpack(data[:whole])], data[whole:]


def tap(display: str, parent: int, out: int) -> None:
    """Write the events of a display to `out`, until its context is disabled or `parent` closes."""
    # python-xlib comes with the desktop extra only
    from Xlib.display import Display  # noqa: PLC0415

    beat: Any = Display(display)
    stream: Any = Display(display)
    xtest = int(stream.query_extension("XTEST").major_opcode)
    record = int(stream.query_extension("RECORD").major_opcode)
    context = int(stream.record_create_context(0, [_ALL_CLIENTS], [_ranges(xtest)]))
    stream.sync()
    beat.sync()
    question = _SHORT.pack(_QUERY_POINTER, 0, 2, beat.screen().root.id)
    # from here on the two connections speak to us alone: python-xlib takes 0.1 ms a reply
    with stream.display.socket as heard, beat.display.socket as asked:
        heard.sendall(_SHORT.pack(record, _ENABLE, 2, context))
        _drain(heard, Decoder(xtest, context), _Beat(asked, question), parent, out)


class _Beat:
    """Asks the server something whenever it has been silent, often while input comes."""

    def __init__(self, asked: socket.socket, question: bytes) -> None:
        self._asked, self._question = asked, question
        self._is_waiting = False
        self._busy_until_s = 0.0

    def fileno(self) -> int:
        return self._asked.fileno()

    def pause_s(self) -> float:
        return _BEAT_BUSY_S if time.monotonic() < self._busy_until_s else _BEAT_IDLE_S

    def heed_input(self) -> None:
        self._busy_until_s = time.monotonic() + _BUSY_S

    def ask(self) -> None:
        if not self._is_waiting:
            self._asked.sendall(self._question)
            self._is_waiting = True

    def heed_answer(self) -> bool:
        self._is_waiting = False
        return bool(self._asked.recv(_CHUNK))


def _drain(heard: socket.socket, decoder: Decoder, beat: _Beat, parent: int, out: int) -> None:
    while not decoder.ended:
        ready, _, _ = select.select([heard, beat, parent], [], [], beat.pause_s())
        if heard in ready:
            data = heard.recv(_CHUNK)
            if not data:
                return
            if events := list(decoder.feed(data, time.monotonic_ns())):
                _write(out, b"".join(event.pack() for event in events))
                beat.heed_input()
        if parent in ready or (beat in ready and not beat.heed_answer()):
            return
        if not ready:
            beat.ask()


def _ranges(xtest: int) -> dict[str, Any]:
    none = (0, 0)
    return {
        "core_requests": none,
        "core_replies": none,
        "ext_requests": (xtest, xtest, _FAKE_INPUT, _FAKE_INPUT),
        "ext_replies": (0, 0, 0, 0),
        "delivered_events": none,
        "device_events": (KEY_PRESS, MOTION),
        "errors": none,
        "client_started": False,
        "client_died": False,
    }


def _write(out: int, data: bytes) -> None:
    while data:
        data = data[os.write(out, data) :]


if __name__ == "__main__":
    with suppress(PermissionError):  # the server's buffer is small: reading comes first
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    tap(sys.argv[1], sys.stdin.fileno(), sys.stdout.fileno())
