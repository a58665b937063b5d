"""Questions to an X server about windows: which is active, whose it is, what can be seen."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.desktop.x11 import Connection, Window, gone, numbers, text
from recorder.schema import Box, Monitor

_TITLE_LIMIT = 500
_DEPTH = 4
_PID_MASK = 2
# these never take the keyboard
_PASSIVE_TYPES = frozenset({"TOOLTIP", "NOTIFICATION", "DND", "DOCK", "DESKTOP"})


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a top-level window is; this does not change while the window lives."""

    window: int
    """The client's own window, inside the frame that a window manager puts around it."""
    client: int
    """Resource base of the X client."""
    app: str
    pid: int
    floats: bool
    """True for a popup that no window manager manages and that could take the keyboard."""


@dataclass(frozen=True, slots=True)
class TopWindow:
    """A top-level window that can be seen."""

    owner: Owner
    box: Box
    """On the desktop, frame included."""


@dataclass(frozen=True, slots=True)
class Active:
    """The window that has the keyboard."""

    owner: Owner
    title: str
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """Size and monitors of a desktop."""

    width: int
    height: int
    monitors: tuple[Monitor, ...]


class Desk:
    """One connection's view of the windows of a display; not for use by several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._root = connection.screen().root
        self._base_mask = ~connection.display.info.resource_id_mask
        self._owners: dict[int, Owner] = {}

    def layout(self) -> Layout:
        """Return the size of the desktop and its monitors."""
        geometry = self._root.get_geometry()
        monitors: list[Monitor] = []
        if self._connection.has_extension("RANDR"):
            for found in self._root.xrandr_get_monitors().monitors:
                box = (found.x, found.y, found.width_in_pixels, found.height_in_pixels)
                monitors.append(
                    Monitor(box=box, name=str(self._connection.get_atom_name(found.name)))
                )
        return Layout(geometry.width, geometry.height, tuple(monitors))

    def has_manager(self) -> bool:
        """Return whether a window manager announces the active window."""
        return bool(numbers(self._root, "_NET_ACTIVE_WINDOW"))

    def active(self) -> Active | None:
        """Return the window that has the keyboard; None when no window on the screen has it."""
        try:
            focus = self._connection.get_input_focus().focus
            top = self._top_of(self._managed(focus) or self._focused(focus))
            if top is None:
                return None
            owner, box = self.owner(top), self._box(top)
            if not self._on_screen(box):
                return None
            window = self._window(owner.window)
            return Active(owner, text(window, "_NET_WM_NAME", "WM_NAME")[:_TITLE_LIMIT], box)
        except gone():
            return None

    def visible(self) -> list[TopWindow]:
        """Return all top-level windows that can be seen, from bottom to top."""
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        found: list[TopWindow] = []
        tops = self._root.query_tree().children
        for top in tops:
            try:
                seen = top.get_attributes()
                if seen.map_state == X.IsViewable and seen.win_class == X.InputOutput:
                    box = self._box(top)
                    if self._on_screen(box):
                        found.append(TopWindow(self.owner(top), box))
            except gone():
                continue
        self._owners = {top.id: self._owners[top.id] for top in tops if top.id in self._owners}
        return found

    def owner(self, top: Window) -> Owner:
        """Return whose a top-level window is."""
        known = self._owners.get(top.id)
        if known is None:
            known = self._find_owner(top)
            if known.app:  # else it may get its name yet
                self._owners[top.id] = known
        return known

    # Steps ------------------------------------------------------------------------------------

    def _window(self, number: int) -> Window:
        return self._connection.create_resource_object("window", number)

    def _focused(self, focus: Window | int) -> int:
        if not isinstance(focus, int):
            return int(focus.id)
        # no window has the focus: keys go to where the pointer is
        child = self._root.query_pointer().child
        return 0 if isinstance(child, int) else int(child.id)

    def _managed(self, focus: Window | int) -> int:
        """Return the window manager's active window, if its client does have the keyboard."""
        active = next(iter(numbers(self._root, "_NET_ACTIVE_WINDOW")), 0)
        if isinstance(focus, int) or self._client(active) != self._client(int(focus.id)):
            return 0
        return active

    def _top_of(self, number: int) -> Window | None:
        if not number or number == self._root.id:
            return None
        window = self._window(number)
        while True:
            tree = window.query_tree()
            if isinstance(tree.parent, int):
                return None
            if tree.parent.id == self._root.id:
                return window
            window = tree.parent

    def _client(self, number: int) -> int:
        return number & self._base_mask & 0xFFFF_FFFF

    def _find_owner(self, top: Window) -> Owner:
        inner = _client_window(top) or top
        client = self._client(inner.id)
        app = _class_of(inner) or _class_of(top) or self._sibling_app(client)
        floats = bool(top.get_attributes().override_redirect) and not self._is_passive(inner)
        return Owner(inner.id, client, app, self._pid(inner), floats)

    def _sibling_app(self, client: int) -> str:
        # menus and tooltips often carry no class; another window of the same client does
        apps = (owner.app for owner in self._owners.values() if owner.client == client)
        return next(apps, "")

    def _is_passive(self, window: Window) -> bool:
        kinds = numbers(window, "_NET_WM_WINDOW_TYPE")
        names = {str(self._connection.get_atom_name(kind)) for kind in kinds}
        return any(name.removeprefix("_NET_WM_WINDOW_TYPE_") in _PASSIVE_TYPES for name in names)

    def _pid(self, window: Window) -> int:
        # the server's own knowledge where it has some; the property is the client's word
        if self._connection.has_extension("X-Resource"):
            spec = {"client": window.id, "mask": _PID_MASK}
            for answer in self._connection.res_query_client_ids([spec]).ids:
                if answer.value:
                    return int(answer.value[0])
        return next(iter(numbers(window, "_NET_WM_PID")), 0)

    def _on_screen(self, box: Box) -> bool:
        screen = self._root.get_geometry()
        x, y, width, height = box
        # window managers keep helper windows of a pixel or two, some of them on the screen
        is_window = width > 2 and height > 2
        return is_window and x < screen.width and y < screen.height and x + width > 0 < y + height

    def _box(self, top: Window) -> Box:
        geometry = top.get_geometry()
        border = 2 * geometry.border_width
        return geometry.x, geometry.y, geometry.width + border, geometry.height + border


def _class_of(window: Window) -> str:
    parts = text(window, "WM_CLASS").split("\0")
    return parts[1] if len(parts) > 1 else ""


def _client_window(window: Window, depth: int = _DEPTH) -> Window | None:
    """Return the window with a class, from here inwards."""
    if _class_of(window):
        return window
    if depth == 0:
        return None
    for child in window.query_tree().children:
        found = _client_window(child, depth - 1)
        if found is not None:
            return found
    return None
