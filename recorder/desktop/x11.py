"""Connections to an X server, and what can be asked of any server and window."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from recorder.clock import unwrap_ms
from recorder.errors import UnsupportedError

# python-xlib is untyped: its displays and windows are Any here
Connection: TypeAlias = Any
Window: TypeAlias = Any

_TEXT_LIMIT = 4096
_CLOCK_TOLERANCE_NS = 5_000_000
_CLOCK_PATIENCE_S = 1.0


def refuse_wayland(display: str | None, env: Mapping[str, str]) -> None:
    """Refuse a Wayland session, unless an X display of one's own was named.

    Raises:
        UnsupportedError: input to Wayland windows would be missing without a trace.
    """
    wayland = env.get("WAYLAND_DISPLAY") or env.get("XDG_SESSION_TYPE", "").lower() == "wayland"
    if wayland and display is None:
        raise UnsupportedError(
            "this is a Wayland session, where an X client sees only what goes to X11 windows, so "
            "input would be missing without a trace; log in to an X11 (Xorg) session, record a "
            "browser instead, or name an X display of your own, such as an Xvfb, with --display"
        )


def connect(display: str | None) -> Connection:
    """Return a new connection to an X server, None meaning `$DISPLAY`.

    Raises:
        UnsupportedError: there is none, or it does not let us in.
    """
    # python-xlib comes with the desktop extra only
    from Xlib.display import Display  # noqa: PLC0415
    from Xlib.error import DisplayError  # noqa: PLC0415

    name = display or os.environ.get("DISPLAY", "")
    if not name:
        raise UnsupportedError(
            "no display: DISPLAY is not set and none was named; start an X server (Xvfb will do) "
            "or record a browser instead"
        )
    _refuse_absent(name)
    try:
        connection = Display(name)
    except (DisplayError, OSError) as error:
        raise UnsupportedError(f"cannot open display {name!r}: {error}") from error
    # errors of requests without an answer (a window that is gone) would be printed otherwise
    connection.set_error_handler(_overlook)
    return connection


def _refuse_absent(name: str) -> None:
    # python-xlib leaves its sockets open when nobody answers
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", name)
    if local is None:
        return
    path = f"/tmp/.X11-unix/X{local[1]}"
    for address in (path, "\0" + path):
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(address)
            return
    raise UnsupportedError(
        f"cannot open display {name!r}: no X server listens there; start one or name another"
    )


def _overlook(error: object, request: object) -> None:
    """Do nothing: what a request was meant for is gone."""


def lost() -> tuple[type[Exception], ...]:
    """Return what python-xlib raises when a connection breaks."""
    from Xlib.error import ConnectionClosedError  # noqa: PLC0415 - with the desktop extra only

    return ConnectionClosedError, OSError


def gone() -> type[Exception]:
    """Return what python-xlib raises when a window no longer exists."""
    from Xlib.error import XError  # noqa: PLC0415 - with the desktop extra only

    return XError


def numbers(window: Window, name: str) -> list[int]:
    """Return a property of 32-bit numbers, empty when the window does not have it."""
    found = window.get_full_property(window.display.get_atom(name), 0)
    if found is None or found.format != 32:
        return []
    return [int(value) for value in found.value]


def text(window: Window, *names: str) -> str:
    """Return the first of these text properties that the window has; at most 4,096 characters."""
    for name in names:
        found = window.get_full_property(window.display.get_atom(name), 0, sizehint=_TEXT_LIMIT)
        if found is not None and found.format == 8:
            raw = found.value if isinstance(found.value, bytes) else str(found.value).encode()
            encoding = "latin-1" if name.startswith("WM_") else "utf-8"
            return raw.decode(encoding, "replace")[:_TEXT_LIMIT]
    return ""


def server_counts_our_time(connection: Connection) -> bool:
    """Return whether the server stamps events in the milliseconds of our monotonic clock.

    It does when it runs on this machine. A property change on a window of our own tells.
    """
    from Xlib import X, Xatom  # noqa: PLC0415 - with the desktop extra only

    root = connection.screen().root
    window = root.create_window(
        -1, -1, 1, 1, 0, 0, X.InputOnly, X.CopyFromParent, event_mask=X.PropertyChangeMask
    )
    try:
        before_ns = time.monotonic_ns()
        window.change_property(Xatom.WM_NAME, Xatom.STRING, 8, b"")
        connection.sync()
        deadline = time.monotonic() + _CLOCK_PATIENCE_S
        while not connection.pending_events():
            if time.monotonic() > deadline:
                return False
        stamp_ns = unwrap_ms(connection.next_event().time, before_ns)
        after_ns = time.monotonic_ns()
    finally:
        window.destroy()
        connection.flush()
    return before_ns - _CLOCK_TOLERANCE_NS <= stamp_ns <= after_ns + _CLOCK_TOLERANCE_NS
