"""The guard on a desktop: an action is done only while its window, focus and target are as planned.

It looks and acts while the X server hears nobody else. Where a window manager intercepts clicks, as
openbox does, a click is delivered once that has let it go: the guard waits for that, and for the
app to have heard it, before anything else is done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.actions import points_of
from harness.env.desktop.hands import GuardedHands
from harness.modes.fast_forward.forecast import Scene
from harness.modes.fast_forward.planning import Planned, is_on_screen
from recorder.desktop.desk import Desk, TopWindow
from recorder.desktop.x11 import gone, numbers
from recorder.schema import (
    Action,
    Box,
    Click,
    Drag,
    Element,
    KeyChord,
    ScrollBy,
    TypeText,
    contains,
    element_at,
)

_PLANES = 0xFFFF_FFFF
_ANSWERS_S = 10.0  # an app may be busy with what it was told; one that takes longer hangs
_POLL_S = 0.0002
_DEAF = "an app does not answer"


@dataclass(frozen=True, slots=True)
class Sight:
    """The windows of a display at one moment."""

    windows: tuple[TopWindow, ...]
    """Those that can be seen, from bottom to top."""
    focus: int
    """The X window that has the keyboard; 0 where none has."""
    active: int
    """The client's window that is above it."""

    @property
    def clients(self) -> frozenset[int]:
        """The programs whose windows are there."""
        return frozenset(each.owner.client for each in self.windows)

    def at(self, place: tuple[int, int]) -> int:
        """Return the client's window that a click at a place would go to; 0 for none."""
        hit = [each for each in self.windows if contains(each.box, place)]
        return hit[-1].owner.window if hit else 0


@dataclass(frozen=True, slots=True)
class Target:
    """What an action of a plan has to meet."""

    action: Action
    window: int
    """The client's window under the place that it points at; 0 where it points at none."""
    region: Box | None
    """What is to look as it did, in px; None where nothing is."""
    picture: bytes
    """How that looked."""


@dataclass(frozen=True, slots=True)
class DeskAim:
    """Targets of the first steps of a plan, as they were found together."""

    sight: Sight
    targets: tuple[Target, ...]


class DeskGuard:
    """Looks at one display and carries plans out on it, one action after another.

    Args:
        hands: that act on it.
    """

    def __init__(self, hands: GuardedHands) -> None:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        self._hands = hands
        self._connection = hands.connection
        self._desk = Desk(self._connection)
        self._root = self._connection.screen().root
        self._told = frozenset(
            (X.MapNotify, X.UnmapNotify, X.ConfigureNotify, X.DestroyNotify, X.ReparentNotify)
        )
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._message = X.ClientMessage
        self._held = X.Button1Mask | X.Button2Mask | X.Button3Mask
        self._protocols, self._ping = (
            self._connection.intern_atom(name) for name in ("WM_PROTOCOLS", "_NET_WM_PING")
        )
        self._sight: Sight | None = None
        self._asked = 0
        self._answered = 0

    def look(self) -> Sight:
        """Return the windows as they are now."""
        with self._hands.stillness():
            return self._look()

    def aim(self, steps: Sequence[Planned]) -> DeskAim:
        """Find the targets of a plan; of those behind a click into another window, none."""
        with self._hands.stillness():
            sight = self._look()
            touched: list[Box] = []
            targets: list[Target] = []
            for step in steps:
                target = self._target(step, sight, touched)
                targets.append(target)
                if target.window not in (0, sight.active):
                    break
        return DeskAim(sight, tuple(targets))

    def carry_out(self, aim: DeskAim) -> tuple[int, str]:
        """Do what was aimed at; return how many actions that were, and why no more if so."""
        for number, target in enumerate(aim.targets):
            if reason := self._hands.perform_if(
                target.action, lambda target=target: self._objection(aim.sight, target)
            ):
                return number, reason
            if target.window and not self._has_heard(target.window):
                return number + 1, _DEAF
        return len(aim.targets), "" if self._has_heard(aim.sight.active) else _DEAF

    # Parts ----------------------------------------------------------------------------------------

    def _look(self) -> Sight:
        focus = self._focus()  # its answer comes behind all that has happened
        self._take_news()
        if self._sight and self._sight.focus == focus:
            return self._sight
        active = self._desk.active()
        self._sight = Sight(
            tuple(self._desk.visible()), focus, active.owner.window if active else 0
        )
        return self._sight

    def _focus(self) -> int:
        focus = self._connection.get_input_focus().focus
        return focus if isinstance(focus, int) else int(focus.id)

    def _take_news(self) -> None:
        """Forget what was seen if windows have changed since; note which question was answered."""
        for _ in range(self._connection.pending_events()):
            event = self._connection.next_event()
            if event.type in self._told:
                self._sight = None
            elif event.type == self._message and event.client_type == self._protocols:
                self._answered = max(self._answered, int(event.data[1][1]))

    def _has_heard(self, window: int) -> bool:
        """Wait until a window's app has heard all input so far, or closed it; say whether it has."""
        until = time.monotonic() + _ANSWERS_S
        try:
            while self._root.query_pointer().mask & self._held:  # the window manager keeps a click
                if time.monotonic() > until:
                    return False
            if not self._ask(window):
                return True
            while self._answered < self._asked:
                if time.monotonic() > until:
                    return False
                time.sleep(_POLL_S)
                self._take_news()
                if self._sight is None and not self._is_shown(window):
                    return True
        except gone():
            pass
        return True

    def _is_shown(self, window: int) -> bool:
        return any(each.owner.window == window for each in self._look().windows)

    def _ask(self, window: int) -> bool:
        """Ask an app whether it is there; say whether it is one that answers.

        It answers in turn, after the input that came before.
        """
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only
        from Xlib.protocol.event import ClientMessage  # noqa: PLC0415

        if not window:
            return False
        asked = self._connection.create_resource_object("window", window)
        if self._ping not in numbers(asked, "WM_PROTOCOLS"):
            return False
        self._asked += 1
        said = (32, [self._ping, self._asked, window, 0, 0])
        asked.send_event(
            ClientMessage(window=asked, client_type=self._protocols, data=said),
            event_mask=X.NoEventMask,
        )
        self._connection.flush()
        return True

    def _target(self, step: Planned, sight: Sight, touched: list[Box]) -> Target:
        action = step.action
        if not isinstance(action, Click | Drag | ScrollBy):
            return Target(action, 0, None, b"")
        place = points_of(action)[0]
        found = _element_at(place, step.scene)
        region = found.box if found else None
        # what the plan itself has pressed, or points at, looks different for that
        if region and (any(_meet(region, each) for each in touched) or self._is_under(region)):
            region = None
        if found:
            touched.append(found.box)
        picture = self._picture(region) if region else b""
        return Target(action, sight.at(place), region, picture)

    def _is_under(self, box: Box) -> bool:
        pointer = self._root.query_pointer()
        return contains(box, (pointer.root_x, pointer.root_y))

    def _picture(self, box: Box) -> bytes:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        found = self._root.get_image(*box, X.ZPixmap, _PLANES)
        return bytes(found.data)

    def _objection(self, expected: Sight, target: Target) -> str:
        try:
            found = self._look()
            if found.windows != expected.windows:
                return "a window has moved, come or gone"
            if target.window == 0 and found.focus != expected.focus:
                return "something else has the focus"
            if target.window and not self._is_hit(target):
                return "another window is where the target was"
            if target.region and self._picture(target.region) != target.picture:
                return "the target does not look as it did"
        except gone():
            return "a window is gone"
        return ""

    def _is_hit(self, target: Target) -> bool:
        """Say whether the server itself would give a click to the target's window."""
        child = self._root.translate_coords(self._root, *points_of(target.action)[0]).child
        return not isinstance(child, int) and self._desk.owner(child).window == target.window


def on_a_desktop(scene: Scene, action: Action) -> bool:
    """Say whether it can be checked that an action meets its target on a desktop."""
    match action:
        case Click() | Drag() | ScrollBy():
            return is_on_screen(scene, action)
        case TypeText():
            return bool(action.text) and action.text.isprintable()
        case KeyChord():
            return True
        case _:  # the others touch nothing, so that nothing can be checked
            return False


def stranger(before: Sight, now: Sight) -> str:
    """Return what of another program has come into sight, or which window was moved; else empty."""
    known = {each.owner.window: each.box for each in before.windows}
    for each in now.windows:
        if each.owner.client not in before.clients:
            return f"a window of {each.owner.app or 'another program'} has come up"
        if known.get(each.owner.window, each.box) != each.box:
            return f"a window of {each.owner.app} has moved"
    return ""


def _element_at(place: tuple[int, int], scene: Scene) -> Element | None:
    elements = scene.observation.elements
    hit = element_at(place, elements)
    return None if hit is None else elements[hit]


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )
