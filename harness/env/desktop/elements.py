"""What the accessibility tree (AT-SPI) shows of all apps on a display, as elements."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from harness.errors import InfrastructureError
from recorder.desktop.accessibility import LABEL, PASSWORD, ROLES, Ref, bus_address
from recorder.errors import UnsupportedError
from recorder.schema import Box, Element

_ATSPI = "org.a11y.atspi"
_REGISTRY = Ref(f"{_ATSPI}.Registry", "/org/a11y/atspi/accessible/root")
_LISTENERS = Ref(_REGISTRY.bus, "/org/a11y/atspi/registry")
_CACHE_PATH = "/org/a11y/atspi/cache"
_TIMEOUT_S = 1.0
_LONGEST_TEXT = 2000
_CELLS_READ = 300
# rows hold the cells that show something
_CELL_DEPTH = 2
_WHOLE_SCREEN = 0  # what extents are relative to

# numbers of AtspiStateType, and what elements call them
_SENSITIVE, _SHOWING = 24, 25
_STATES = {4: "checked", 10: "expanded", 12: "focused", 20: "pressed", 23: "selected"}
# numbers of AtspiRole; the recorder leaves out those that can have no focus
_CHECKBOX, _CELL = 7, 56
_ROLES = {2: "alert", 16: "dialog", 19: "dialog", 23: "window", 69: "window"} | ROLES
_TITLED = frozenset(number for number, role in _ROLES.items() if role in {"window", "dialog"})
_EDITABLE = frozenset({11, 52, 61, 73, 77, 79, 94, PASSWORD})
# their children are not announced, only answered for
_MANAGERS = frozenset({30, 31, 55, 65, 66})


@dataclass(frozen=True, slots=True)
class _Node:
    """A widget as its app describes it."""

    ref: Ref
    role: int
    name: str
    bits: int
    has_text: bool

    def has(self, state: int) -> bool:
        return bool(self.bits >> state & 1)

    @property
    def is_readable(self) -> bool:
        """What is in a password field is nobody's business."""
        return self.has_text and self.role != PASSWORD


class AccessibilityTree:
    """A connection to the accessibility bus of one display; for use by a single thread.

    Raises:
        InfrastructureError: no bus answers.
    """

    def __init__(self, display: str) -> None:
        # jeepney comes with the desktop extra only
        import jeepney  # noqa: PLC0415
        from jeepney.io.blocking import open_dbus_connection  # noqa: PLC0415

        self._jeepney = jeepney
        self._shown: list[_Node] = []
        try:
            self._bus = open_dbus_connection(bus_address(display))
        except (OSError, KeyError, ValueError, UnsupportedError) as error:
            raise InfrastructureError(f"no accessibility bus on {display}: {error}") from error
        # apps keep lists of their widgets only while somebody listens to some event or other
        listens = ("window:create", [], "")
        self._ask([self._call(_LISTENERS, "Registry", "RegisterEvent", "sass", listens)])

    def close(self) -> None:
        """Leave the bus."""
        self._bus.close()

    def elements(self, size: tuple[int, int]) -> tuple[Element, ...]:
        """Return what shows on a screen of `size`, from top to bottom.

        Raises:
            InfrastructureError: the bus is gone.
        """
        with _telling_loss():
            return self._elements(size)

    def glance(self, size: tuple[int, int]) -> tuple[Element, ...]:
        """Return what was found last as it is now, without what has come: a tenth of the work.

        Raises:
            InfrastructureError: the bus is gone.
        """
        with _telling_loss():
            return self._glance(size)

    # Steps ----------------------------------------------------------------------------------------

    def _elements(self, size: tuple[int, int]) -> tuple[Element, ...]:
        (apps,) = self._ask([self._call(_REGISTRY, "Accessible", "GetChildren")])
        nodes = self._announced([Ref(*app) for app in apps[0]] if apps else [])
        cells = self._cells([ref for ref, node in nodes.items() if node.role in _MANAGERS])
        self._shown = [node for node in (nodes | cells).values() if node.role in _ROLES]
        places, texts = self._exchange(*self._whereabouts(self._shown))
        return _listed(self._shown, places, texts, size)

    def _glance(self, size: tuple[int, int]) -> tuple[Element, ...]:
        titled = [each.ref for each in self._shown if each.role in _TITLED]
        states, titles, places, texts = self._exchange(
            [self._call(each.ref, "Accessible", "GetState") for each in self._shown],
            [self._property(ref, "Accessible", "Name") for ref in titled],
            *self._whereabouts(self._shown),
        )
        names = {ref: title[0][1] for ref, title in zip(titled, titles, strict=True) if title}
        nodes = [
            replace(node, bits=_bits(state[0]) if state else 0, name=names.get(node.ref, node.name))
            for node, state in zip(self._shown, states, strict=True)
        ]
        return _listed(nodes, places, texts, size)

    def _announced(self, apps: Sequence[Ref]) -> dict[Ref, _Node]:
        """Return the showing widgets that apps keep a list of."""
        calls = [self._call(Ref(app.bus, _CACHE_PATH), "Cache", "GetItems") for app in apps]
        nodes: dict[Ref, _Node] = {}
        for reply in self._ask(calls):
            for item in reply[0] if reply else ():
                *_, interfaces, name, role, _description, states = item
                bits = _bits(states)
                if bits >> _SHOWING & 1:
                    ref = Ref(*item[0])
                    nodes[ref] = _Node(ref, role, name, bits, f"{_ATSPI}.Text" in interfaces)
        return nodes

    def _cells(self, managers: Sequence[Ref]) -> dict[Ref, _Node]:
        """Return the cells of tables, which come into being when somebody asks for them."""
        cells: dict[Ref, _Node] = {}
        parents = managers
        for _ in range(_CELL_DEPTH):
            children = self._ask([self._call(ref, "Accessible", "GetChildren") for ref in parents])
            parents = [Ref(*child) for reply in children if reply for child in reply[0]]
            parents = parents[:_CELLS_READ]
            cells |= self._asked(parents)
        return cells

    def _asked(self, refs: Sequence[Ref]) -> dict[Ref, _Node]:
        roles = self._ask([self._call(ref, "Accessible", "GetRole") for ref in refs])
        states = self._ask([self._call(ref, "Accessible", "GetState") for ref in refs])
        names = self._ask([self._property(ref, "Accessible", "Name") for ref in refs])
        kinds = self._ask([self._call(ref, "Accessible", "GetInterfaces") for ref in refs])
        nodes: dict[Ref, _Node] = {}
        for ref, role, state, name, kind in zip(refs, roles, states, names, kinds, strict=True):
            if not (role and state and name and kind):
                continue
            # nothing else says that a cell is for ticking
            is_box = not name[0][1] and role[0] == _CELL and _is_box(kind[0])
            node = _Node(
                ref, _CHECKBOX if is_box else role[0], name[0][1], _bits(state[0]), has_text=False
            )
            is_blank = node.role == _CELL and not node.name
            if node.has(_SHOWING) and not is_blank:
                nodes[ref] = node
        return nodes

    def _whereabouts(self, nodes: Sequence[_Node]) -> tuple[list[Any], list[Any]]:
        """Return the questions where each node is, and what those say that can be read."""
        where, span = (_WHOLE_SCREEN,), (0, _LONGEST_TEXT)
        places = [self._call(node.ref, "Component", "GetExtents", "u", where) for node in nodes]
        readable = [node.ref for node in nodes if node.is_readable]
        return places, [self._call(ref, "Text", "GetText", "ii", span) for ref in readable]

    # Calls ----------------------------------------------------------------------------------------

    def _call(
        self,
        ref: Ref,
        interface: str,
        method: str,
        signature: str | None = None,
        body: tuple[Any, ...] = (),
    ) -> Any:
        address = self._jeepney.DBusAddress(ref.path, ref.bus, f"{_ATSPI}.{interface}")
        return self._jeepney.new_method_call(address, method, signature, body)

    def _property(self, ref: Ref, interface: str, name: str) -> Any:
        address = self._jeepney.DBusAddress(ref.path, ref.bus, f"{_ATSPI}.{interface}")
        return self._jeepney.Properties(address).get(name)

    def _exchange(self, *groups: Sequence[Any]) -> list[list[Any]]:
        """Ask several kinds of questions at once; return the answers to each kind."""
        answers = iter(self._ask([call for group in groups for call in group]))
        return [list(islice(answers, len(group))) for group in groups]

    def _ask(self, calls: Sequence[Any]) -> list[Any]:
        """Return the bodies of the answers; None for an error, or where none comes in time.

        All questions go out before the first answer is read, so that many cost little more than
        one.
        """
        fields = self._jeepney.HeaderFields
        awaited: dict[int, int] = {}
        for number, call in enumerate(calls):
            serial = next(self._bus.outgoing_serial)
            awaited[serial] = number
            self._bus.send(call, serial=serial)
        answers: list[Any] = [None] * len(calls)
        deadline = time.monotonic() + _TIMEOUT_S
        while awaited:
            try:
                reply = self._bus.receive(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                break
            number = awaited.pop(reply.header.fields.get(fields.reply_serial, 0), None)
            if number is not None and reply.header.message_type is self._answer:
                answers[number] = reply.body
        return answers

    @property
    def _answer(self) -> Any:
        return self._jeepney.MessageType.method_return


@contextmanager
def _telling_loss() -> Generator[None]:
    try:
        yield
    except (OSError, EOFError) as error:
        raise InfrastructureError(f"the accessibility bus is gone: {error!r}") from error


def _listed(
    nodes: Sequence[_Node], places: Sequence[Any], texts: Sequence[Any], size: tuple[int, int]
) -> tuple[Element, ...]:
    """Return those that show, from top to bottom.

    Args:
        nodes: as their apps describe them.
        places: the answer of each where it is, None where there is none.
        texts: the answer of each readable one what it says.
        size: of the screen.
    """
    readable = [node.ref for node in nodes if node.is_readable]
    says = {ref: text[0] for ref, text in zip(readable, texts, strict=True) if text}
    found = [
        _element(node, box, says.get(node.ref, ""))
        for node, place in zip(nodes, places, strict=True)
        if node.has(_SHOWING) and place and (box := _on_screen(place[0], size))
    ]
    found.sort(key=_reading_order)
    labels = [element for element in found if element.role == "label"]
    return tuple(_labelled(element, labels) for element in found)


def _bits(states: Sequence[int]) -> int:
    return states[0] | states[1] << 32


def _is_box(interfaces: Sequence[str]) -> bool:
    """Return whether a nameless cell can only be acted on: it shows neither text nor image."""
    kinds = {interface.removeprefix(f"{_ATSPI}.") for interface in interfaces}
    return "Action" in kinds and not kinds & {"Text", "Image"}


def _on_screen(place: Sequence[int], size: tuple[int, int]) -> Box | None:
    """Return the part of a box that is on the screen; None where nothing is."""
    x, y, width, height = place
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, size[0]), min(y + height, size[1])
    return (left, top, right - left, bottom - top) if left < right and top < bottom else None


def _element(node: _Node, box: Box, text: str) -> Element:
    is_field = node.role in _EDITABLE
    states = [name for number, name in _STATES.items() if node.has(number)]
    if not node.has(_SENSITIVE):
        states.append("disabled")
    if node.role == PASSWORD:
        states.append("secret")
    return Element(
        role=_ROLES[node.role],
        box=box,
        name=node.name,
        text="" if is_field else text or node.name * (node.role in (_CELL, LABEL)),
        value=text if is_field else "",
        states=tuple(sorted(states)),
    )


def _reading_order(element: Element) -> tuple[int, int, str, str]:
    return element.box[1], element.box[0], element.role, element.name


def _labelled(element: Element, labels: Sequence[Element]) -> Element:
    """Return a field without a name with that of the nearest label left of it."""
    if element.name or element.role not in ("textbox", "combobox", "spinbutton"):
        return element
    x, y, _, height = element.box
    beside = [
        label
        for label in labels
        if label.box[0] < x and label.box[1] < y + height and y < label.box[1] + label.box[3]
    ]
    nearest = max(beside, key=lambda label: label.box[0], default=None)
    return replace(element, name=nearest.name.rstrip(": ")) if nearest else element
