"""What the accessibility bus (AT-SPI) says about the widgets of running apps."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from recorder.desktop.x11 import connect, lost, text
from recorder.errors import UnsupportedError
from recorder.schema import Box

_ATSPI = "org.a11y.atspi"
_TIMEOUT_S = 0.5
_ROOT = "/org/a11y/atspi/accessible/root"
_NULL = "/org/a11y/atspi/null"
_FOCUSED, _SHOWING = 12, 25
_SIGNALS_KEPT = 1000
_SIBLINGS_READ = 24

PASSWORD, TERMINAL, LABEL = 40, 60, 29
# numbers of AtspiRole that can have the focus and say truly what typing there means, and the
# ARIA role nearest to each; whatever draws itself (canvas, unknown, web documents) is left out
ROLES: dict[int, str] = {
    5: "grid",
    7: "checkbox",
    8: "menuitemcheckbox",
    11: "combobox",
    26: "img",
    29: "label",
    31: "listbox",
    32: "option",
    33: "menu",
    34: "menubar",
    35: "menuitem",
    37: "tab",
    38: "tablist",
    41: "menu",
    43: "button",
    44: "radio",
    45: "menuitemradio",
    48: "scrollbar",
    51: "slider",
    52: "spinbutton",
    53: "separator",
    55: "table",
    56: "gridcell",
    57: "columnheader",
    61: "textbox",
    62: "button",
    65: "tree",
    66: "treegrid",
    73: "paragraph",
    76: "combobox",
    77: "textbox",
    79: "textbox",
    88: "link",
    90: "row",
    91: "treeitem",
    94: "document",
}
_EDITABLE = frozenset({11, 52, 61, 73, 76, 77, 79, 94, PASSWORD})


class Ref(NamedTuple):
    """The address of a widget: its app on the bus, and its path there."""

    bus: str
    path: str


@dataclass(frozen=True, slots=True)
class Widget:
    """What is known of one widget at one moment."""

    ref: Ref
    role: int
    name: str
    hints: str
    """Name, description, placeholder and labels: whatever says what it is for."""
    box: Box
    """On the desktop."""
    focused: bool


class FocusSignal(NamedTuple):
    """A widget said that it got or lost the focus."""

    ref: Ref
    gained: bool
    heard_ns: int


class _Heard(deque[tuple[int, Any]]):
    """Messages with the time at which they were read, be it while waiting for something else."""

    def append(self, message: Any) -> None:
        super().append((time.monotonic_ns(), message))


class Accessibility:
    """A connection to the accessibility bus of one display; for use by a single thread.

    Raises:
        UnsupportedError: no bus answers.
    """

    def __init__(self, display: str | None) -> None:
        # jeepney comes with the desktop extra only
        import jeepney  # noqa: PLC0415
        from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

        self._jeepney = jeepney
        self._pids: dict[str, int] = {}
        try:
            self._bus = open_dbus_connection(bus_address(display))
            self._signals = _Heard(maxlen=_SIGNALS_KEPT)
            rule = jeepney.MatchRule(
                type="signal", interface=f"{_ATSPI}.Event.Object", member="StateChanged"
            )
            self._filter = self._bus.filter(rule, queue=self._signals)
            self._bus.send_and_get_reply(jeepney.message_bus.AddMatch(rule), timeout=_TIMEOUT_S)
            registry = Ref(f"{_ATSPI}.Registry", "/org/a11y/atspi/registry")
            wanted = "object:state-changed:focused"
            self._ask(registry, "Registry", "RegisterEvent", "sass", (wanted, [], ""))
        except (OSError, KeyError, ValueError) as error:
            raise UnsupportedError(f"no accessibility bus answers: {error}") from error
        # browsers and Qt apps say nothing until they are told that somebody listens; a display
        # that was named is not this session's, whose bus is the only one we know
        self._was_silent = display is None and not _listen(on=True)

    def close(self) -> None:
        """Leave the bus, and the session as it was."""
        self._filter.close()
        self._bus.close()
        if self._was_silent:
            _listen(on=False)

    def wait(self, timeout_s: float) -> None:
        """Wait for signals, at most this long.

        Raises:
            ConnectionError: the bus is gone.
        """
        with suppress(TimeoutError):
            self._bus.recv_messages(timeout=timeout_s)
            while True:
                self._bus.recv_messages(timeout=0)

    def signals(self) -> Iterator[FocusSignal]:
        """Yield what widgets said of the focus, and forget it."""
        fields = self._jeepney.HeaderFields
        while self._signals:
            heard_ns, message = self._signals.popleft()
            header = message.header.fields
            if message.body and message.body[0] == "focused":
                ref = Ref(header[fields.sender], header[fields.path])
                yield FocusSignal(ref, bool(message.body[1]), heard_ns)

    def pid(self, bus: str) -> int:
        """Return the process of an app on the bus, 0 when it is gone."""
        if bus not in self._pids:
            daemon = self._jeepney.message_bus
            reply = self._send(daemon.GetConnectionUnixProcessID(bus))
            self._pids[bus] = int(reply[0]) if reply else 0
        return self._pids[bus]

    def apps(self) -> list[str]:
        """Return the bus names of all apps."""
        desktop = Ref(f"{_ATSPI}.Registry", _ROOT)
        reply = self._ask(desktop, "Accessible", "GetChildren")
        return [str(child[0]) for child in reply[0]] if reply else []

    def focused_in(self, bus: str) -> tuple[Ref | None, list[Ref]]:
        """Return the widget of an app that has the focus, and all that are for passwords."""
        focus: Ref | None = None
        secrets: list[Ref] = []
        reply = self._ask(Ref(bus, "/org/a11y/atspi/cache"), "Cache", "GetItems")
        for item in reply[0] if reply else ():
            ref, role, states = Ref(*item[0]), item[-3], item[-1]
            if role == PASSWORD:
                secrets.append(ref)
            if _has(states, _FOCUSED) and (role in ROLES or role in (PASSWORD, TERMINAL)):
                focus = ref
        return focus, secrets

    def describe(self, ref: Ref, known: Widget | None = None) -> Widget | None:
        """Return what a widget is now; None when it or its app does not answer.

        Args:
            ref: the widget.
            known: what was found last; if it is the same widget, its names and its place are not
                asked for again.
        """
        role = self._ask(ref, "Accessible", "GetRole")
        states = self._ask(ref, "Accessible", "GetState")
        if not role or not states:
            return None
        focused = _has(states[0], _FOCUSED)
        if known is not None and (known.ref, known.role) == (ref, role[0]):
            return replace(known, focused=focused)
        name, hints = self._names(ref, role[0])
        return Widget(ref, int(role[0]), name, hints, self.box(ref) or (0, 0, 0, 0), focused)

    def box(self, ref: Ref) -> Box | None:
        """Return where a widget is on the desktop; None when it is not showing."""
        states = self._ask(ref, "Accessible", "GetState")
        if not states or not _has(states[0], _SHOWING):
            return None
        extents = self._ask(ref, "Component", "GetExtents", "u", (0,))
        if not extents:
            return None
        x, y, width, height = (int(number) for number in extents[0])
        return x, y, width, height

    # Steps ------------------------------------------------------------------------------------

    def _names(self, ref: Ref, role: int) -> tuple[str, str]:
        name = self._property(ref, "Name")
        hints = [name, *self._hints(ref, role)] if role in _EDITABLE else [name]
        return name, " ".join(filter(None, hints))

    def _hints(self, ref: Ref, role: int) -> Iterator[str]:
        yield self._property(ref, "Description")
        attributes = self._ask(ref, "Accessible", "GetAttributes")
        if attributes:
            yield str(attributes[0].get("placeholder-text", ""))
        if role != PASSWORD:
            yield from self._labels(ref)

    def _labels(self, ref: Ref) -> Iterator[str]:
        """Yield the texts of labels beside or above a field, whether or not they say so."""
        parent = self._ask_property(ref, "Parent")
        box = self.box(ref)
        if box is None or not parent or parent[1] == _NULL:
            return
        siblings = self._ask(Ref(*parent), "Accessible", "GetChildren")
        for found in (siblings[0] if siblings else ())[:_SIBLINGS_READ]:
            sibling = Ref(*found)
            role = self._ask(sibling, "Accessible", "GetRole")
            place = self.box(sibling) if role and role[0] == LABEL else None
            if place and _labels(place, box):
                yield self._property(sibling, "Name")

    def _property(self, ref: Ref, name: str) -> str:
        return str(self._ask_property(ref, name) or "")

    def _ask_property(self, ref: Ref, name: str) -> Any:
        reply = self._ask(
            ref, "", "Get", "ss", (f"{_ATSPI}.Accessible", name), "org.freedesktop.DBus.Properties"
        )
        return reply[0][1] if reply else None

    def _ask(
        self,
        ref: Ref,
        interface: str,
        method: str,
        signature: str | None = None,
        body: Sequence[Any] = (),
        full_interface: str = "",
    ) -> Any:
        address = self._jeepney.DBusAddress(
            ref.path, ref.bus, full_interface or f"{_ATSPI}.{interface}"
        )
        call = self._jeepney.new_method_call(address, method, signature, tuple(body))
        return self._send(call)

    def _send(self, call: Any) -> Any:
        """Return the body of the answer; None for an error, or when none comes in time."""
        try:
            reply = self._bus.send_and_get_reply(call, timeout=_TIMEOUT_S)
        except TimeoutError:
            return None
        is_error = reply.header.message_type is self._jeepney.MessageType.error
        return None if is_error else reply.body


# what a field is called that must not be kept although it shows its text
_SECRET_NAMES: dict[str, re.Pattern[str]] = {
    "one-time-code": re.compile(
        r"one[- ]?time|\botp\b|\b2fa\b|\bmfa\b|verification code|security code|auth\w* code", re.I
    ),
    "card": re.compile(r"\bcvv|\bcvc|\bcsc\b|card (number|no)|credit card|\biban\b", re.I),
    "password": re.compile(
        r"pass ?(word|phrase|code)|kennwort|passwort|mot de passe|contrase|\bpin\b|secret|"
        r"private key|recovery (code|phrase|key)|api[- ]?key|\btoken\b|seed phrase",
        re.I,
    ),
}


def secret_kind(widget: Widget) -> str | None:
    """Return why what is typed into a widget must not be kept; None when nothing speaks for that.

    >>> secret_kind(Widget(Ref("", ""), 79, "", "One-time code", (0, 0, 1, 1), True))
    'one-time-code'
    """
    if widget.role == PASSWORD:
        return "password"
    if widget.role not in _EDITABLE:
        return None
    matches = (kind for kind, names in _SECRET_NAMES.items() if names.search(widget.hints))
    return next(matches, None)


def bus_address(display: str | None) -> str:
    """Return the address of the accessibility bus: the display's own, else the session's."""
    from jeepney import DBusAddress, new_method_call  # noqa: PLC0415 - with the desktop extra only
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

    with suppress(*lost()):
        connection = connect(display)
        try:
            if address := text(connection.screen().root, "AT_SPI_BUS"):
                return address
        finally:
            connection.close()
    bus = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
    with open_dbus_connection("SESSION") as session:
        reply = session.send_and_get_reply(new_method_call(bus, "GetAddress"), timeout=_TIMEOUT_S)
        return str(reply.body[0])


def _listen(*, on: bool) -> bool:
    """Tell the session's apps whether anybody listens; return whether somebody did before."""
    from jeepney import DBusAddress, Properties  # noqa: PLC0415 - with the desktop extra only
    from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

    status = Properties(DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Status"))
    try:
        with open_dbus_connection("SESSION") as session:
            before = session.send_and_get_reply(status.get("IsEnabled"), timeout=_TIMEOUT_S)
            session.send_and_get_reply(status.set("IsEnabled", "b", on), timeout=_TIMEOUT_S)
            return bool(before.body[0][1])
    except (OSError, KeyError, IndexError):  # no session bus: then nobody can be told
        return True


def _has(states: Sequence[int], bit: int) -> bool:
    return bool(states[bit // 32] & (1 << (bit % 32)))


def _labels(label: Box, field: Box) -> bool:
    """Return whether a label stands left of a field, or above it."""
    overlaps_row = label[1] < field[1] + field[3] and field[1] < label[1] + label[3]
    overlaps_column = label[0] < field[0] + field[2] and field[0] < label[0] + label[2]
    gap = field[1] - (label[1] + label[3])
    return (overlaps_row and label[0] <= field[0]) or (overlaps_column and 0 <= gap <= field[3])
