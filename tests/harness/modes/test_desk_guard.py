"""On a desktop, what a plan does not mean is never touched, whatever windows do meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from itertools import count, pairwise
from typing import Any

import numpy as np
import pytest
from Xlib import X

from harness.env.desktop.hands import GuardedHands
from harness.modes.fast_forward.desk_guard import DeskGuard
from harness.modes.fast_forward.forecast import Scene
from harness.modes.fast_forward.planning import Planned
from recorder.desktop.x11 import Connection, Window, connect, gone
from recorder.desktop.xvfb import VirtualDisplay
from recorder.ledger import Ledger
from recorder.schema import (
    Action,
    Click,
    Controller,
    Decision,
    Element,
    Move,
    Observation,
    TypeText,
)
from tests.soak import repeats

pytestmark = [pytest.mark.display, pytest.mark.slow]

SIZE = (800, 600)
FORM = (260, 160)
BUTTONS = ((20, 15), (20, 65), (20, 115))
BUTTON = (120, 30)
DOUBLE_CLICK_MS = 400
"""Between two presses that GTK takes for one double click, at most."""
CHANGES = ("moved", "relabelled", "closed", "covered", "focus stolen")


@dataclass
class Form:
    """A window of an app of its own, which notes each input that it hears."""

    connection: Connection
    window: Window
    heard: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """Kind of event, button or key, and where in the window a button was pressed: x << 16 | y."""
    pressed_ms: list[int] = field(default_factory=list[int])
    """When buttons were, by the clock of the X server."""

    @classmethod
    def open(cls, display: str, *, mapped: bool) -> Form:
        connection = connect(display)
        root = connection.screen().root
        kinds = X.ButtonPressMask | X.KeyPressMask | X.ExposureMask
        window = root.create_window(
            40, 40, *FORM, 0, X.CopyFromParent, background_pixel=0xDDDDDD, event_mask=kinds
        )
        window.set_wm_class("form", "Form")
        form = cls(connection, window)
        if mapped:
            window.map()
        connection.sync()
        return form

    def colour(self, colour: int) -> None:
        """Draw the buttons."""
        brush = self.window.create_gc(foreground=colour)
        for x, y in BUTTONS:
            self.window.fill_rectangle(brush, x, y, *BUTTON)
        self.connection.sync()

    def listen(self) -> None:
        """Note what has arrived."""
        self.connection.sync()
        for _ in range(self.connection.pending_events()):
            event = self.connection.next_event()
            if event.type in (X.ButtonPress, X.KeyPress):
                is_click = event.type == X.ButtonPress
                place = event.event_x << 16 | event.event_y if is_click else 0
                self.heard.append((event.type, event.detail, place))
                if is_click:
                    self.pressed_ms.append(event.time)

    def corner(self) -> tuple[int, int]:
        """Return where it is on the screen."""
        found = self.connection.screen().root.translate_coords(self.window, 0, 0)
        return found.x, found.y


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    settings = files("harness.env.desktop") / "openbox.xml"
    with as_file(settings) as manager, VirtualDisplay(SIZE, window_manager=manager) as found:
        yield found.name


@dataclass
class Desktop:
    """A form, a stranger beside it, and the guard."""

    form: Form
    stranger: Form
    guard: DeskGuard

    def change(self, what: str) -> None:
        """Do to the windows what a person or another app might."""
        form, other = self.form, self.stranger
        match what:
            case "moved":
                form.window.configure(x=90, y=70)
            case "relabelled":
                form.colour(0xCC6633)
            case "closed":
                form.window.unmap()
            case "covered":
                other.window.change_attributes(override_redirect=True)
                other.window.configure(x=0, y=0, width=SIZE[0], height=SIZE[1])
                other.window.map()
            case _:
                other.window.map()
                while other.window.get_attributes().map_state != X.IsViewable:
                    time.sleep(0.001)  # the window manager puts it into a frame first
                other.window.set_input_focus(X.RevertToParent, X.CurrentTime)
        form.connection.sync()
        other.connection.sync()


@pytest.fixture
def desktop(display: str) -> Iterator[Callable[[], Desktop]]:
    """Yield what makes a fresh desktop; the one before is put away."""
    opened: list[Desktop] = []
    hands = GuardedHands(display, Ledger(), Controller.POLICY, "agent")

    def put_away() -> None:
        for each in opened:
            each.form.connection.close()
            each.stranger.connection.close()
        opened.clear()

    def fresh() -> Desktop:
        put_away()
        hands.perform(Move(x=SIZE[0] - 1, y=SIZE[1] - 1))
        form, stranger = Form.open(display, mapped=True), Form.open(display, mapped=False)
        found = Desktop(form, stranger, DeskGuard(hands))
        opened.append(found)
        for look in count(1):  # the window manager puts a frame around it
            sight = found.guard.look()
            if sight.active == form.window.id and len(sight.windows) == 1:
                break
            if look % 100 == 0:  # it has not given it the keyboard by itself
                form.window.set_input_focus(X.RevertToParent, X.CurrentTime)
                form.connection.sync()
            time.sleep(0.005)
        form.colour(0x3366CC)
        return found

    try:
        yield fresh
    finally:
        put_away()
        hands.close()


def planned(form: Form, role: str = "button") -> list[Planned]:
    """Return steps that press each button of a form, and type in between."""
    left, top = form.corner()
    boxes = [(left + x, top + y, *BUTTON) for x, y in BUTTONS]
    elements = tuple(Element(role=role, name=str(box), box=box) for box in boxes)
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    scene = Scene(Observation(pixels=pixels, cursor=(0, 0), t_ns=0, elements=elements))
    presses = [Click(x=x + 30, y=y + 10) for x, y, _, _ in boxes]
    actions: Sequence[Action] = (
        presses[0],
        TypeText(text="ada"),
        presses[1],
        TypeText(text="lovelace"),
        presses[2],
    )
    return [Planned(scene, Decision(action, 1.0, 1.0)) for action in actions]


@dataclass(frozen=True)
class Took:
    """What became of a plan."""

    heard: list[tuple[int, int, int]]
    """By the form."""
    astray: list[tuple[int, int, int]]
    """What the stranger heard, and what the form heard that was no longer meant for it."""
    done: int
    reason: str


def carried_out(found: Desktop, change: str, after_s: float) -> Took:
    """Carry the plan out while windows change after a time; negative for before it begins."""
    aim = found.guard.aim(planned(found.form))
    too_late: list[Any] = []

    def disturb() -> None:
        time.sleep(max(0.0, after_s))
        found.change(change)
        if change == "relabelled":  # what comes from now on is meant for what was there
            found.form.listen()
            too_late.append(len(found.form.heard))

    disturbing = threading.Thread(target=disturb)
    disturbing.start()
    if after_s < 0:
        disturbing.join()
    done, reason = found.guard.carry_out(aim)
    disturbing.join()
    try:
        found.form.listen()
    except gone():
        pass
    found.stranger.listen()
    late = found.form.heard[too_late[0] :] if too_late else []
    pressed_late = [each for each in late if each[0] == X.ButtonPress]
    return Took(found.form.heard, [*found.stranger.heard, *pressed_late], done, reason)


def undisturbed(found: Desktop) -> tuple[list[tuple[int, int, int]], float]:
    """Return what reaches the form where nothing happens, and how long that takes in s."""
    aim = found.guard.aim(planned(found.form))
    begun = time.perf_counter()
    assert found.guard.carry_out(aim) == (5, "")
    took_s = time.perf_counter() - begun
    found.form.listen()
    return found.form.heard, took_s


def test_a_form_that_stays_as_it_is_gets_all_of_the_plan(desktop: Callable[[], Desktop]) -> None:
    heard, _ = undisturbed(desktop())
    presses = [each for each in heard if each[0] == X.ButtonPress]
    places = [((packed >> 16), packed & 0xFFFF) for _, _, packed in presses]
    assert places == [(x + 30, y + 10) for x, y in BUTTONS]


def pressed_apart_ms(found: Desktop, role: str) -> list[int]:
    """Click a place, click it again, double-click it; return the times between all presses."""
    first = planned(found.form, role)[0]
    double = replace(first, decision=Decision(replace(first.action, count=2), 1.0, 1.0))
    for step in (first, first, double):
        assert found.guard.carry_out(found.guard.aim([step])) == (1, "")
    found.form.listen()
    return [after - before for before, after in pairwise(found.form.pressed_ms)]


def test_clicks_that_follow_each_other_are_not_taken_for_a_double_click(
    desktop: Callable[[], Desktop],
) -> None:
    again, double, within = pressed_apart_ms(desktop(), "listitem")
    assert again >= DOUBLE_CLICK_MS
    assert double >= DOUBLE_CLICK_MS
    assert within < DOUBLE_CLICK_MS


def test_a_button_is_pressed_again_at_once(desktop: Callable[[], Desktop]) -> None:
    again, double, within = pressed_apart_ms(desktop(), "button")
    assert again < DOUBLE_CLICK_MS
    assert double >= DOUBLE_CLICK_MS
    assert within < DOUBLE_CLICK_MS


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_done_on_a_desktop_that_changed_since(
    desktop: Callable[[], Desktop], change: str
) -> None:
    took = carried_out(desktop(), change, -1.0)
    assert (took.heard, took.astray, took.done) == ([], [], 0)
    assert took.reason


@pytest.mark.timeout(900)  # as a soak
def test_nothing_goes_astray_whenever_windows_change(desktop: Callable[[], Desktop]) -> None:
    chance = random.Random(11)
    # the first time takes longer, and what comes after the last input changes nothing
    whole, took_s = min((undisturbed(desktop()) for _ in range(3)), key=lambda found: found[1])
    stopped = 0
    trials = [change for _ in range(repeats(3, 60)) for change in CHANGES]
    for change in trials:
        took = carried_out(desktop(), change, chance.uniform(0, took_s))
        assert not took.astray, change
        assert took.heard == whole[: len(took.heard)], change
        stopped += bool(took.reason)
    # windows did change while inputs were under way
    assert stopped > len(trials) / 10
