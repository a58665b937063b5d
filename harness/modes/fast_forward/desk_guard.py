"""The guard on a desktop: an action is done only while its window, focus and target are as planned.

It looks and acts while the X server hears nobody else, so that what it saw is what the input meets,
and waits for the app to have heard a click before anything else is done.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.actions import points_of
from harness.env.desktop.hands import GuardedHands
from harness.errors import MisfitError
from harness.modes.fast_forward.forecast import Scene
from harness.modes.fast_forward.planning import Planned, is_on_screen
from recorder.desktop.desk import Desk, TopWindow
from recorder.desktop.x11 import Window, gone, numbers
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
_ACTIVATES_S = 1.0
_BY_HAND = 2  # what pagers say; window managers may not heed apps
_DEAF = "an app does not answer"
_MULTI_CLICK_S = 0.4  # GTK, Qt and Xfce take what follows sooner for one more of the same click
_NEAR_PX = 8


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

    def can_be_clicked(self, window: int) -> bool:
        """Say whether a window is active, or a menu or the like, which never is."""
        floats = [each.owner.window for each in self.windows if each.owner.floats]
        return window == self.active or window in floats

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
    is_button: bool = False
    """It is pressed as often as it is clicked, however soon."""


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
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask | X.PropertyChangeMask)
        self._viewable = X.IsViewable
        self._message, self._property = X.ClientMessage, X.PropertyNotify
        names = ("WM_PROTOCOLS", "_NET_WM_PING", "_NET_ACTIVE_WINDOW")
        self._protocols, self._ping, self._activating = map(self._connection.intern_atom, names)
        self._sight: Sight | None = None
        self._asked = 0
        self._answered = 0
        self._clicked: Click | None = None
        self._clicked_s = 0.0

    def look(self) -> Sight:
        """Return the windows as they are now."""
        with self._hands.stillness():
            return self._look()

    def aim(self, steps: Sequence[Planned]) -> DeskAim:
        """Find the targets of the first steps of a plan.

        It goes no further than a click into another window, and not to what will look different by
        then, because the plan itself has pressed it or takes the pointer from it.

        Raises:
            MisfitError: it points at no window.
        """
        with self._hands.stillness():
            sight = self._look()
            pointer = self._root.query_pointer()
            touched: list[Box] = []
            targets: list[Target] = []
            for step in steps:
                found = _target_of(step)
                if found and any(_meet(found.box, each) for each in touched):
                    break
                target = self._target(step, sight, found)
                targets.append(target)
                if target.window and not sight.can_be_clicked(target.window):
                    break
                if target.window and not touched:
                    touched.append((pointer.root_x, pointer.root_y, 1, 1))
                touched += [found.box] if found else []
        return DeskAim(sight, tuple(targets))

    def carry_out(self, aim: DeskAim) -> tuple[int, str]:
        """Do what was aimed at; return how many actions that were, and why no more if so."""
        for number, target in enumerate(aim.targets):
            if target.window and not aim.sight.can_be_clicked(target.window):
                self._activate(target.window)
            self._let_clicks_end(target)
            if reason := self._hands.perform_if(
                target.action, lambda target=target: self._objection(aim.sight, target)
            ):
                return number, reason
            if isinstance(target.action, Click):
                self._clicked_s, self._clicked = time.monotonic(), target.action
            if target.window and not self._has_heard(target.window):
                return number + 1, _DEAF
        return len(aim.targets), "" if self._has_heard(aim.sight.active) else _DEAF

    # Parts ----------------------------------------------------------------------------------------

    def _let_clicks_end(self, target: Target) -> None:
        """Wait until no app can take a click for one more of those before it.

        Some go by the time alone: they open what was clicked before at a double click elsewhere.
        """
        action, last = target.action, self._clicked
        if not isinstance(action, Click) or last is None:
            return
        is_near = max(abs(action.x - last.x), abs(action.y - last.y)) <= _NEAR_PX
        if action.count > 1 or (is_near and not target.is_button):
            time.sleep(max(0.0, self._clicked_s + _MULTI_CLICK_S - time.monotonic()))

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
            is_activation = event.type == self._property and event.atom == self._activating
            if event.type in self._told or is_activation:
                self._sight = None
            elif event.type == self._message and event.client_type == self._protocols:
                self._answered = max(self._answered, int(event.data[1][1]))

    def _has_heard(self, window: int) -> bool:
        """Wait until an app has heard all input, or closed its window; say whether it has."""
        until = time.monotonic() + _ANSWERS_S
        try:
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

        if not window:
            return False
        asked = self._connection.create_resource_object("window", window)
        if self._ping not in numbers(asked, "WM_PROTOCOLS"):
            return False
        self._asked += 1
        self._tell(asked, asked, self._protocols, (self._ping, self._asked, window), X.NoEventMask)
        return True

    def _activate(self, window: int) -> None:
        """Have the window manager bring a window up, as a click would; wait until it has."""
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        meant = self._connection.create_resource_object("window", window)
        mask = X.SubstructureNotifyMask | X.SubstructureRedirectMask
        self._tell(self._root, meant, self._activating, (_BY_HAND, X.CurrentTime, 0), mask)
        until = time.monotonic() + _ACTIVATES_S
        while self._look().active != window and time.monotonic() < until:
            time.sleep(_POLL_S)

    def _tell(
        self, to: Window, about: Window, kind: int, said: tuple[int, int, int], mask: int
    ) -> None:
        from Xlib.protocol.event import ClientMessage  # noqa: PLC0415 - with the desktop extra only

        message = ClientMessage(window=about, client_type=kind, data=(32, [*said, 0, 0]))
        to.send_event(message, event_mask=mask)
        self._connection.flush()

    def _target(self, step: Planned, sight: Sight, found: Element | None) -> Target:
        action = step.action
        if not isinstance(action, Click | Drag | ScrollBy):
            return Target(action, 0, None, b"")
        place = points_of(action)[0]
        window = sight.at(place)
        if not window:
            raise MisfitError(f"no window is at {place}")
        # a caret blinks, and what becomes active is drawn anew
        is_still = found and "focused" not in found.states and sight.can_be_clicked(window)
        region = found.box if found and is_still else None
        return Target(
            action,
            window,
            region,
            self._picture(region) if region else b"",
            is_button=found is not None and found.role == "button",
        )

    def _picture(self, box: Box) -> bytes:
        from Xlib import X  # noqa: PLC0415 - with the desktop extra only

        found = self._root.get_image(*box, X.ZPixmap, _PLANES)
        return bytes(found.data)

    def _objection(self, expected: Sight, target: Target) -> str:
        try:
            found = self._look()
            if set(found.windows) != set(expected.windows):
                return "a window has moved, come or gone"
            if target.window == 0 and found.focus != expected.focus:
                return "something else has the focus"
            if target.window and not (found.can_be_clicked(target.window) and self._is_hit(target)):
                return "another window is where the target was"
            if target.region and self._picture(target.region) != target.picture:
                return "the target does not look as it did"
        except gone():
            return "a window is gone"
        return ""

    def _is_hit(self, target: Target) -> bool:
        """Say whether the server itself would give a click to the target's window."""
        child = self._root.translate_coords(self._root, *points_of(target.action)[0]).child
        if isinstance(child, int) or self._desk.owner(child).window != target.window:
            return False
        # its frame may still be there when the app has taken it away
        meant = self._connection.create_resource_object("window", target.window)
        return meant.get_attributes().map_state == self._viewable


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


def _target_of(step: Planned) -> Element | None:
    """Return the element that a step points at; None where it points at none."""
    points = points_of(step.action)
    elements = step.scene.observation.elements
    hit = element_at(points[0], elements) if points else None
    return None if hit is None else elements[hit]


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )
