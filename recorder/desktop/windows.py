"""Windows of an X11 display: which is active, which can be seen, and how large the desktop is."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from recorder.capture import Capture
from recorder.desktop.desk import Active, Desk, Layout, TopWindow
from recorder.desktop.viewport import Viewport
from recorder.desktop.x11 import connect, gone, lost
from recorder.errors import ConfigError
from recorder.gate import DENIED_WINDOWS
from recorder.schema import Box, Geometry, WindowChange

log = logging.getLogger(__name__)

_BEAT_S = 0.25
_TELLING = ("_NET_ACTIVE_WINDOW", "_NET_CLIENT_LIST_STACKING", "_NET_WM_NAME", "WM_NAME")
_SETTLE_S = 0.02  # a window that opens is announced by a dozen events


class WindowWatcher:
    """Follows the windows of one display and says what changes.

    Args:
        display: the X display, None meaning `$DISPLAY`.
        capture: takes `WindowChange` and `Geometry` events; its gate's rules say which windows are
            covered, and its masks are kept up to date.
        viewport: kept at the place of what is recorded.
        monitor: number of the monitor that is recorded, from 1; 0 for the whole desktop.
    """

    def __init__(
        self,
        display: str | None,
        capture: Capture,
        viewport: Viewport,
        *,
        monitor: int = 0,
    ) -> None:
        self.visible: Sequence[TopWindow] = ()
        """All windows that can be seen, from bottom to top; replaced whole."""
        self.on_resize: Callable[[], None] = _do_nothing
        """Called after the recorded part of the desktop changed."""
        self.on_change: Callable[[], None] = _do_nothing
        """Called after any window moved, opened, closed or became active."""
        self.on_stale: Callable[[], None] = _do_nothing
        """Called when the screen must be captured afresh although nothing on it changed."""
        self._display = display
        self._gate = capture.gate
        self._submit = capture.submit
        self._viewport = viewport
        self._monitor = monitor
        self._clock = capture.clock
        self._layout: Layout | None = None
        self._active: Active | None = None
        self._resumed_ns = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="desktop-windows", daemon=True)

    def start(self) -> None:
        """Say how things are, and follow them from now on.

        Raises:
            UnsupportedError: there is no display.
            ConfigError: the monitor does not exist.
        """
        self._connection = connect(self._display)
        self._desk = Desk(self._connection)
        self._select_events()
        count = len(self._desk.layout().monitors)
        if self._monitor and not 1 <= self._monitor <= count:
            self._connection.close()
            raise ConfigError(f"there is no monitor {self._monitor}; this desktop has {count}")
        self._look()
        self._wake_read, self._wake_write = os.pipe()
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        os.write(self._wake_write, b"x")
        self._thread.join()
        for end in (self._wake_read, self._wake_write):
            os.close(end)
        with suppress(*lost()):
            self._connection.close()

    def check(self) -> str | None:
        """Return a fault when windows are no longer followed."""
        if self._stopping.is_set() or self._thread.is_alive():
            return None
        return "listener-dead: windows are no longer followed; stop and start again"

    # Thread -----------------------------------------------------------------------------------

    def _select_events(self) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only
        from Xlib.ext import randr  # noqa: PLC0415

        self._property_notify = X.PropertyNotify
        self._atoms = {self._connection.get_atom(name) for name in _TELLING}
        root = self._connection.screen().root
        root.change_attributes(
            event_mask=X.PropertyChangeMask | X.SubstructureNotifyMask | X.StructureNotifyMask
        )
        if self._connection.has_extension("RANDR"):
            root.xrandr_select_input(
                randr.RRScreenChangeNotifyMask
                | randr.RRCrtcChangeNotifyMask
                | randr.RROutputChangeNotifyMask
            )
        self._connection.flush()

    def _watch(self) -> None:
        try:
            while not self._stopping.is_set():
                if self._wait() or self._needs_look():
                    self._look()
        except lost() as error:
            if not self._stopping.is_set():
                log.error("the X server is gone: %s", error)  # noqa: TRY400

    def _wait(self) -> bool:
        """Wait for news of windows; return whether there was any."""
        if not self._connection.pending_events():
            ready, _, _ = select.select([self._connection, self._wake_read], [], [], _BEAT_S)
            if not ready:
                return False
            self._stopping.wait(_SETTLE_S)
        news = False
        for _ in range(self._connection.pending_events()):
            event = self._connection.next_event()
            # other properties, such as the time of the last key, change all the time
            news |= event.type != self._property_notify or event.atom in self._atoms
        return news

    def _needs_look(self) -> bool:
        # without a window manager nobody announces where the focus goes
        return self._resumed_ns != self._gate.resumed_ns or not self._desk.has_manager()

    def _look(self) -> None:
        resumed = self._resumed_ns != self._gate.resumed_ns
        self._resumed_ns = self._gate.resumed_ns
        with suppress(gone()):  # a window may close while we ask; its closing is news of its own
            self._see_layout(again=resumed)
            self.visible = self._desk.visible()
            self._cover_denied()
            self._see_active(again=resumed)
        if resumed:
            self.on_stale()
        self.on_change()

    def _see_layout(self, *, again: bool) -> None:
        layout = self._desk.layout()
        if layout == self._layout and not again:
            return
        changed = self._layout is not None and layout != self._layout
        self._layout = layout
        box = self._recorded(layout)
        self._viewport.origin = box[:2]
        self._submit(
            Geometry(
                t_ns=self._clock.now_ns(),
                width=box[2],
                height=box[3],
                origin=box[:2],
                monitors=layout.monitors,
            )
        )
        if changed:
            self.on_resize()

    def _recorded(self, layout: Layout) -> Box:
        if 1 <= self._monitor <= len(layout.monitors):
            return layout.monitors[self._monitor - 1].box
        return 0, 0, layout.width, layout.height

    def _cover_denied(self) -> None:
        rules = self._gate.rules
        if rules.names_apps:
            boxes = [
                self._viewport.locate_box(top.box)
                for top in self.visible
                if not rules.app_allowed(top.owner.app)
            ]
            if self._gate.masks.put(DENIED_WINDOWS, boxes, self._clock.now_ns()):
                self.on_stale()

    def _see_active(self, *, again: bool) -> None:
        active = self._desk.active()
        if active == self._active and not again:
            return
        if active and (self._active is None or active.owner != self._active.owner):
            self._follow(active)
        said = replace(self._active, box=(0, 0, 0, 0)) if self._active else None
        moved_only = active and said == replace(active, box=(0, 0, 0, 0))
        self._active = active
        if moved_only and not again:
            return
        self._submit(
            WindowChange(
                t_ns=self._clock.now_ns(),
                app=active.owner.app if active else "",
                title=active.title if active else "",
                window=active.owner.window if active else 0,
                pid=active.owner.pid if active else 0,
                box=self._viewport.locate_box(active.box) if active else (0, 0, 0, 0),
            )
        )

    def _follow(self, active: Active) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        window = self._connection.create_resource_object("window", active.owner.window)
        window.change_attributes(event_mask=X.PropertyChangeMask)
        self._connection.flush()


def _do_nothing() -> None:
    """Do nothing: nobody asked to be told."""
