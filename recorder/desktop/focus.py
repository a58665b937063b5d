"""Where text goes: judges the focused widget, settles held keys and keeps secrets covered.

A key is kept only after its window and its widget have been asked, some time after the key was
pressed, and said that they had the focus and are no secret. Whatever cannot be asked is unknown,
and unknown is not kept: its keys are dropped and its window is painted over.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace

from recorder.capture import Capture
from recorder.desktop.accessibility import (
    PASSWORD,
    ROLES,
    Accessibility,
    Ref,
    Widget,
    secret_kind,
)
from recorder.desktop.covers import Covers
from recorder.desktop.desk import Active, Desk
from recorder.desktop.keys import may_type
from recorder.desktop.verdicts import Change, Span, Verdict, spans
from recorder.desktop.viewport import Viewport
from recorder.desktop.windows import WindowWatcher
from recorder.desktop.x11 import connect, lost
from recorder.errors import UnsupportedError
from recorder.gate import Secrecy
from recorder.schema import Box, Element, FocusChange, Key

log = logging.getLogger(__name__)

_HOLD_NS = 80_000_000  # how long after a key its focus is asked for: apps lag behind the server
_SLOW_NS = 60_000_000  # an app that takes longer to answer may not have handled the key yet
_PACE_NS = 100_000_000  # asking an app costs some milliseconds
_GIVE_UP_NS = 3_000_000_000
_KEPT_NS = 10_000_000_000
_BETWEEN_NS = 90_000_000  # an app takes a moment from one widget's loss to the other's gain
_REFRESH_NS = 90_000_000  # covers follow their widgets; below the time that frames are held
_RETRY_NS = 300_000_000
_BEAT_S = 0.04
_BUSY_BEAT_S = 0.015


class FocusWatcher:
    """Follows the focus of one display, and settles the keys that the gate holds.

    Args:
        display: the X display, None meaning `$DISPLAY`.
        capture: takes `FocusChange` events and settled keys; its gate holds keys and masks.
        windows: knows which windows can be seen.
        viewport: where the image lies on the desktop.
    """

    def __init__(
        self, display: str | None, capture: Capture, windows: WindowWatcher, viewport: Viewport
    ) -> None:
        self._display = display
        self._capture = capture
        self._gate = capture.gate
        self._clock = capture.clock
        self._windows = windows
        self._viewport = viewport
        self._accessibility: Accessibility | None = None
        self._missing = ""
        self._changes = [Change(0, Verdict(Secrecy.UNKNOWN, "unknown-focus"), 0)]
        self._buses: dict[int, str] = {}
        self._focused: dict[str, Ref] = {}
        self._gained_ns: dict[Ref, int] = {}
        self._secrets: dict[Ref, str] = {}
        self._scanned: set[int] = set()
        self._covers = Covers(capture, windows, viewport)
        self._looked_ns = 0
        self._true_ns = 0
        self._not_before_ns = 0
        self._between_ns: int | None = None
        self._resumed_ns = 0
        self._news = threading.Event()
        self._redrawn = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="desktop-focus", daemon=True)

    def start(self) -> None:
        """Judge the focus for the first time, and follow it from now on.

        Raises:
            UnsupportedError: there is no display.
        """
        self._connection = connect(self._display)
        self._desk = Desk(self._connection)
        if not self._gate.rules.trust_display:
            try:
                self._accessibility = Accessibility(self._display)
            except UnsupportedError as error:
                self._missing = (
                    f"accessibility-missing: {error}; text is kept in trusted apps only, and every "
                    "other window is covered while it has the focus"
                )
        self._windows.on_change = self._news.set
        self._judge()
        self._cover()
        self._thread.start()

    def stop(self) -> None:
        """Settle what can be settled, and stop."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join()
        if self._accessibility:
            self._accessibility.close()
        with suppress(*lost()):
            self._connection.close()

    def check(self) -> str | None:
        """Return a fault when the focus is not or no longer known."""
        if self._stopping.is_set() or self._thread.is_alive():
            return self._missing or None
        return "listener-dead: the focus is no longer followed; text is no longer kept"

    def screen_changed(self) -> None:
        """Say that a new image waits: what is secret may have moved in it."""
        self._redrawn.set()

    # Thread -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wait()
                if self._has_news():
                    self._redrawn.clear()
                    self._judge()
                    self._cover()
                self._settle_keys()
            self._settle_last()
        except lost() as error:
            if not self._stopping.is_set():
                log.error("the X server is gone: %s", error)  # noqa: TRY400

    def _wait(self) -> None:
        pause_s = _BEAT_S if self._gate.waiting_since() is None else _BUSY_BEAT_S
        if self._accessibility is None:
            self._news.wait(pause_s)
            return
        try:
            self._accessibility.wait(0 if self._news.is_set() else pause_s)
        except OSError as error:
            self._missing = f"accessibility-missing: the bus is gone: {error}"
            self._accessibility = None
            self._news.set()

    def _has_news(self) -> bool:
        told = self._news.is_set()
        self._news.clear()  # before anything is asked: what is told from now on is news again
        news = self._heed_signals() or told
        resumed = self._resumed_ns != self._gate.resumed_ns
        self._resumed_ns = self._gate.resumed_ns
        if resumed:
            now_ns = self._clock.now_ns()
            self._changes.append(Change(now_ns, Verdict(Secrecy.UNKNOWN, "unknown-focus"), now_ns))
        age_ns = self._clock.now_ns() - self._looked_ns
        is_unsure = self._changes[-1].verdict.secrecy is Secrecy.UNKNOWN and age_ns > _RETRY_NS
        moved = bool(self._secrets) and age_ns > _REFRESH_NS and self._redrawn.is_set()
        return news or resumed or is_unsure or moved or self._between_ns is not None

    def _heed_signals(self) -> bool:
        if self._accessibility is None:
            return False
        heard = False
        for ref, gained, heard_ns in self._accessibility.signals():
            heard = True
            if gained:
                self._focused[ref.bus] = ref
                self._gained_ns[ref] = heard_ns
                self._buses[self._accessibility.pid(ref.bus)] = ref.bus
            elif self._focused.get(ref.bus) == ref:
                del self._focused[ref.bus]
        return heard

    # Verdict ----------------------------------------------------------------------------------

    def _judge(self) -> None:
        asked_ns, verdict = self._clock.now_ns(), self._verdict()
        now_ns = self._looked_ns = self._clock.now_ns()
        if self._is_between(verdict, now_ns):
            return
        if verdict.place == self._changes[-1].verdict.place:
            self._true_ns = asked_ns
            return
        self._changes.append(Change(self._since_ns(verdict, now_ns), verdict, self._true_ns))
        self._true_ns = asked_ns
        while len(self._changes) > 1 and self._changes[1].at_ns < now_ns - _KEPT_NS:
            del self._changes[0]
        self._cover()
        self._capture.submit(self._focus_change(verdict, now_ns))

    def _is_between(self, verdict: Verdict, now_ns: int) -> bool:
        """Return whether the focus has only just left a widget of the same window.

        Keys and images wait longer than that, so nothing is kept on the strength of the widget
        that was left.
        """
        last = self._changes[-1].verdict
        left = verdict.reason == "unknown-focus" and verdict.widget is None
        same = last.window and verdict.window and last.window.owner == verdict.window.owner
        if not (left and same and last.widget):
            self._between_ns = None
            return False
        if self._between_ns is None:
            self._between_ns = now_ns
        return now_ns - self._between_ns < _BETWEEN_NS

    def _since_ns(self, verdict: Verdict, now_ns: int) -> int:
        """Return from when on a verdict was true: when its widget said so, else now."""
        if verdict.widget is None:
            return now_ns
        said_ns = self._gained_ns.pop(verdict.widget.ref, now_ns)
        return max(said_ns, self._changes[-1].at_ns)

    def _verdict(self) -> Verdict:
        active, rules = self._desk.active(), self._gate.rules
        if active and not rules.app_allowed(active.owner.app):
            return Verdict(Secrecy.SECRET, "denied-app", active)
        if rules.trust_display:
            return Verdict(Secrecy.PUBLIC, window=active)
        if active is None or self._floats(active):
            return Verdict(Secrecy.UNKNOWN, "unknown-focus", active)
        if rules.app_trusted(active.owner.app):
            return Verdict(Secrecy.PUBLIC, window=active)
        bus = self._bus_of(active.owner.pid)
        if bus is None:
            return Verdict(Secrecy.UNKNOWN, "untrusted-app", active)
        widget = self._widget(bus, active.owner.window)
        if widget is None:
            return Verdict(Secrecy.UNKNOWN, "unknown-focus", active)
        kind = self._secrets.get(widget.ref) or secret_kind(widget)
        if kind:
            self._secrets[widget.ref] = kind
            return Verdict(Secrecy.SECRET, kind, active, widget)
        if widget.role not in ROLES:
            return Verdict(Secrecy.UNKNOWN, "unknown-focus", active, widget)
        return Verdict(Secrecy.PUBLIC, "", active, widget)

    def _floats(self, active: Active) -> bool:
        """Return whether a popup of another client may have grabbed the keyboard."""
        return any(
            top.owner.floats and top.owner.client != active.owner.client
            for top in self._windows.visible
        )

    def _bus_of(self, pid: int) -> str | None:
        if self._accessibility is None or not pid:
            return None
        if pid not in self._buses:
            for bus in self._accessibility.apps():
                self._buses[self._accessibility.pid(bus)] = bus
        return self._buses.get(pid)

    def _widget(self, bus: str, window: int) -> Widget | None:
        """Return the widget of an app that says now that it has the focus."""
        if self._accessibility is None:
            return None
        if window not in self._scanned:
            self._scanned.add(window)
            self._scan(bus)
        known = self._changes[-1].verdict.widget
        for heard in (self._focused.get(bus), None):
            ref = heard or self._scan(bus)
            widget = self._accessibility.describe(ref, known) if ref else None
            self._heed_signals()  # whatever the app said before it answered
            if widget and widget.focused and self._focused.get(bus, widget.ref) == widget.ref:
                self._focused[bus] = widget.ref
                return widget
        return None

    def _scan(self, bus: str) -> Ref | None:
        if self._accessibility is None:
            return None
        focus, secrets = self._accessibility.focused_in(bus)
        self._secrets.update((ref, "password") for ref in secrets if ref not in self._secrets)
        return focus

    def _focus_change(self, verdict: Verdict, t_ns: int) -> FocusChange:
        widget, is_secret = verdict.widget, verdict.secrecy is Secrecy.SECRET
        if widget is None or verdict.secrecy is Secrecy.UNKNOWN:
            return FocusChange(t_ns=t_ns, secret=is_secret)
        states = ("focused", "secret") if is_secret else ("focused",)
        element = Element(
            role="textbox" if widget.role == PASSWORD else ROLES.get(widget.role, "generic"),
            box=self._viewport.locate_box(widget.box),
            name="" if is_secret else widget.name,
            states=states,
        )
        return FocusChange(t_ns=t_ns, target=element, secret=is_secret)

    def _cover(self) -> None:
        verdict = self._changes[-1].verdict
        is_unknown = verdict.secrecy is Secrecy.UNKNOWN
        self._covers.put(self._secret_boxes(), verdict.window, is_unknown=is_unknown)

    def _secret_boxes(self) -> list[Box]:
        if self._accessibility is None:
            return []
        boxes = (self._accessibility.box(ref) for ref in self._secrets)
        return [box for box in boxes if box is not None]

    # Held keys --------------------------------------------------------------------------------

    def _settle_keys(self) -> None:
        oldest_ns, now_ns = self._gate.waiting_since(), self._clock.now_ns()
        if oldest_ns is None or now_ns - oldest_ns < _HOLD_NS or now_ns < self._not_before_ns:
            return
        self._judge()
        answered_ns = self._clock.now_ns()
        if self._between_ns is not None and answered_ns - self._between_ns < _BETWEEN_NS:
            return
        asked_app = self._changes[-1].verdict.widget is not None
        if asked_app and answered_ns - now_ns > _SLOW_NS:
            if answered_ns - oldest_ns > _GIVE_UP_NS:
                doubted = Verdict(Secrecy.UNKNOWN, "unknown-focus")
                for span in self._spans(now_ns):
                    self._release(replace(span, verdict=doubted))
            self._not_before_ns = answered_ns + _HOLD_NS
            return
        self._release_by_spans(now_ns - _HOLD_NS)
        self._not_before_ns = answered_ns + _PACE_NS

    def _settle_last(self) -> None:
        if self._gate.waiting_since() is None:
            return
        # nobody presses keys for the recording any more; what was pressed is given its time
        time.sleep(_HOLD_NS / 1e9)
        self._judge()
        self._release_by_spans(self._clock.now_ns() - _HOLD_NS)

    def _release_by_spans(self, before_ns: int) -> None:
        for span in self._spans(before_ns):
            self._release(span)

    def _spans(self, before_ns: int) -> list[Span]:
        return spans(self._changes, before_ns, self._gate.moved_focus)

    def _release(self, span: Span) -> None:
        verdict, oldest_ns = span.verdict, self._gate.waiting_since()
        if oldest_ns is None or oldest_ns >= span.before_ns:
            return
        typed = any(
            isinstance(event, Key) and event.down and may_type(event.code)
            for event in self._gate.waiting(span.before_ns)
        )
        if typed and verdict.secrecy is Secrecy.UNKNOWN:
            for window in span.windows:
                self._covers.taint(window)
            self._news.set()
        self._capture.settle(
            lambda: self._gate.settle(verdict.secrecy, verdict.reason, span.before_ns)
        )
