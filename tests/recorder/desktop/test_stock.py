"""The macOS and Windows path, with listeners of our own in place of pynput's."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from recorder.desktop.stock import Listener, StockInput
from recorder.desktop.viewport import Viewport
from recorder.ledger import Entry, Ledger
from recorder.schema import (
    Controller,
    HeldState,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TimeSource,
)


class FakeListener:
    """A listener whose thread can be made to die."""

    def __init__(self) -> None:
        self.alive = False

    def start(self) -> None:
        """Live."""
        self.alive = True

    def stop(self) -> None:
        """Ask to end."""

    def join(self, timeout: float | None = None) -> None:
        """End."""
        self.alive = False

    def is_alive(self) -> bool:
        """Return whether it lives."""
        return self.alive


class FakeClock:
    """Counts up by one at each look."""

    def __init__(self) -> None:
        self.t_ns = 0

    def now_ns(self) -> int:
        """Return one more than before."""
        self.t_ns += 1
        return self.t_ns

    def boottime_ns(self) -> int:
        """Return the last time looked at."""
        return self.t_ns

    def realtime_ns(self) -> int:
        """Return the last time looked at."""
        return self.t_ns


MOUSE, KEYBOARD = FakeListener(), FakeListener()
got: list[InputEvent] = []


def two_listeners(_: StockInput) -> Sequence[Listener]:
    return MOUSE, KEYBOARD


def named(name: str, vk: int) -> SimpleNamespace:
    return SimpleNamespace(name=name, value=SimpleNamespace(vk=vk))


def character(char: str | None, vk: int) -> SimpleNamespace:
    return SimpleNamespace(char=char, vk=vk)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def stock(ledger: Ledger) -> StockInput:
    got.clear()
    viewport = Viewport((-100, 0))
    made = StockInput(
        got.append, clock=FakeClock(), ledger=ledger, viewport=viewport, listeners=two_listeners
    )
    made.start()
    return made


def test_the_pointer_is_in_pixels_of_the_image_and_times_are_of_receipt(stock: StockInput) -> None:
    stock.on_move(-40.4, 7)
    stock.on_click(-40, 7, SimpleNamespace(name="x2"), True)
    stock.on_click(-40, 7, SimpleNamespace(name="button30"), True)
    stock.on_scroll(-40, 7, 1, -2)
    move, button, scroll = got
    assert isinstance(move, PointerMove)
    assert isinstance(button, PointerButton)
    assert isinstance(scroll, Scroll)
    assert (move.x, move.y) == (60, 7)
    assert (button.button, button.down) == ("forward", True)
    assert (scroll.dx, scroll.dy, scroll.unit) == (1, 2, "notch")
    assert {event.time_source for event in got} == {TimeSource.RECEIPT}
    assert all(event.t_ns == event.received_ns for event in got)


def test_keys_repeat_and_know_their_modifiers(stock: StockInput) -> None:
    stock.on_press(named("ctrl_l", 59))
    stock.on_press(character("c", 8))
    stock.on_press(character("c", 8))
    stock.on_release(character("c", 8))
    stock.on_release(named("ctrl_l", 59))
    keys = [event for event in got if isinstance(event, Key)]
    assert [(key.symbol, key.down, key.repeat) for key in keys] == [
        ("Control_L", True, False),
        ("c", True, False),
        ("c", True, True),
        ("c", False, False),
        ("Control_L", False, False),
    ]
    assert [key.modifiers for key in keys] == [(), ("ctrl",), ("ctrl",), ("ctrl",), ("ctrl",)]
    assert keys[0].code == "ControlLeft"
    assert keys[1].keycode == 8


def test_dead_and_unknown_keys_have_no_made_up_names(stock: StockInput) -> None:
    stock.on_press(character(None, 40))
    stock.on_press(named("media_next", 0))
    dead, unknown = (event for event in got if isinstance(event, Key))
    assert (dead.symbol, dead.code, dead.keycode) == ("", "", 40)
    assert (unknown.symbol, unknown.code) == ("media_next", "")


def test_what_is_held_is_what_was_pressed(stock: StockInput) -> None:
    stock.on_click(-90, 5, SimpleNamespace(name="left"), True)
    stock.on_press(character("a", 4))
    held = stock.held_state()
    assert isinstance(held, HeldState)
    assert (held.x, held.y, held.buttons, held.keycodes) == (10, 5, ("left",), (4,))
    stock.on_click(-90, 5, SimpleNamespace(name="left"), False)
    stock.on_release(character("a", 4))
    held = stock.held_state()
    assert isinstance(held, HeldState)
    assert (held.buttons, held.keycodes) == ((), ())


def test_an_agents_click_is_not_a_persons(stock: StockInput, ledger: Ledger) -> None:
    ledger.write(Entry(0, "button left down", Controller.POLICY, "p"))
    stock.on_click(0, 0, SimpleNamespace(name="left"), True)
    stock.on_click(0, 0, SimpleNamespace(name="left"), False)
    assert [event.controller for event in got] == [Controller.POLICY, Controller.HUMAN]


def test_a_listener_that_died_is_a_fault_until_it_is_stopped(stock: StockInput) -> None:
    assert stock.check() is None
    KEYBOARD.alive = False
    fault = stock.check()
    assert fault is not None
    assert fault.startswith("listener-dead: ")
    stock.stop()
    assert stock.check() is None
    assert not MOUSE.alive
