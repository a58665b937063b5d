"""Input of an X11 display: order, times, names, and nothing lost."""

from __future__ import annotations

import random
import statistics
import time

import pytest

from recorder.desktop.inputs import X11Input
from recorder.desktop.x11 import Connection, connect
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import UnsupportedError
from recorder.schema import Event, Key, PointerButton, PointerMove, Scroll, TimeSource
from tests.recorder.desktop.stage import injector, listening, of
from tests.soak import repeats
from tests.waiting import until

pytestmark = pytest.mark.display

KEY_PRESS, KEY_RELEASE, PRESS, RELEASE, MOTION = range(2, 7)
KEY_A = 38


@pytest.mark.slow
def test_keys_and_clicks_keep_the_order_in_which_they_were_made(bare: VirtualDisplay) -> None:
    with listening(bare) as got, injector(bare) as inject:
        for _ in range(repeats(300, 6000)):
            for kind, detail in (
                (KEY_PRESS, KEY_A),
                (PRESS, 1),
                (KEY_RELEASE, KEY_A),
                (RELEASE, 1),
            ):
                inject(kind, detail)
    made = [(event.KIND, event.down) for event in got if isinstance(event, Key | PointerButton)]
    cycle = [("key", True), ("button", True), ("key", False), ("button", False)]
    assert made == cycle * (repeats(300, 6000))


@pytest.mark.parametrize("run", range(repeats(5, 60)))
def test_nothing_is_lost_at_the_end(bare: VirtualDisplay, run: int) -> None:
    count = random.Random(run).randint(1, 150)
    with listening(bare) as got, injector(bare) as inject:
        for number in range(count):
            inject(MOTION, x=100 + number % 50, y=200 + number // 50)
    last = of(PointerMove, got)[-count:]
    assert [(m.x, m.y) for m in last] == [(100 + n % 50, 200 + n // 50) for n in range(count)]


@pytest.mark.slow
def test_times_are_when_it_happened_not_when_it_was_heard(bare: VirtualDisplay) -> None:
    truth: list[int] = []
    with listening(bare) as got, injector(bare) as inject:
        for number in range(150):
            truth.append(time.monotonic_ns())
            inject(MOTION, x=100 + number, y=300)
            time.sleep(0.005)
    errors_ms = [(e.t_ns - t) / 1e6 for e, t in zip(got[-150:], truth, strict=True)]
    assert abs(statistics.median(errors_ms)) < 2
    assert min(errors_ms) > -1.5
    assert {event.time_source for event in got} == {TimeSource.SERVER}
    assert all(event.received_ns > 0 for event in got)


def test_a_server_with_another_clock_gives_times_of_receipt(
    bare: VirtualDisplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remote(_: Connection) -> bool:
        return False

    monkeypatch.setattr("recorder.desktop.inputs.server_counts_our_time", remote)
    with listening(bare) as got, injector(bare) as inject:
        inject(MOTION, x=5, y=5)
    assert got[-1].time_source is TimeSource.RECEIPT
    assert got[-1].t_ns == got[-1].received_ns


@pytest.mark.slow
def test_a_held_key_repeats_and_says_so(bare: VirtualDisplay) -> None:
    with listening(bare) as got, injector(bare) as inject:
        inject(KEY_PRESS, KEY_A)
        until(lambda: sum(key.repeat for key in of(Key, got)) >= 3, "three repeats")
        inject(KEY_RELEASE, KEY_A)
    keys = of(Key, got)
    assert [key.repeat for key in keys] == [False, *[True] * (len(keys) - 2), False]
    assert not keys[-1].down


def test_all_buttons_and_both_wheels_have_names(bare: VirtualDisplay) -> None:
    with listening(bare) as got, injector(bare) as inject:
        for number in range(1, 11):
            inject(PRESS, number)
            inject(RELEASE, number)
    buttons = [event.button for event in of(PointerButton, got) if event.down]
    assert buttons == ["left", "middle", "right", "back", "forward"]
    turns = [(turn.dx, turn.dy, turn.unit) for turn in of(Scroll, got)]
    assert turns == [(0, -1, "notch"), (0, 1, "notch"), (-1, 0, "notch"), (1, 0, "notch")]


def test_keys_have_physical_codes_symbols_and_modifiers(bare: VirtualDisplay) -> None:
    bare.call(["setxkbmap", "us"])
    with listening(bare) as got:
        bare.call(["xdotool", "key", "ctrl+shift+a"])
    press = next(key for key in of(Key, got) if key.down and key.keycode == KEY_A)
    assert (press.code, press.symbol, press.modifiers) == ("KeyA", "A", ("ctrl", "shift"))


def test_another_group_changes_the_symbol_and_not_the_key(bare: VirtualDisplay) -> None:
    bare.call(["setxkbmap", "-layout", "us,ru", "-option", "grp:caps_toggle"])
    try:
        with listening(bare) as got, injector(bare) as inject:
            for detail in (KEY_A, 66, KEY_A, 66):
                inject(KEY_PRESS, detail)
                inject(KEY_RELEASE, detail)
        presses = [key for key in of(Key, got) if key.down and key.keycode == KEY_A]
        assert [key.code for key in presses] == ["KeyA", "KeyA"]
        assert [key.symbol for key in presses] == ["a", "Cyrillic_ef"]
        assert presses[0].state != presses[1].state
    finally:
        bare.call(["setxkbmap", "-layout", "us", "-option", ""])


def test_a_new_layout_is_noticed_while_listening(bare: VirtualDisplay) -> None:
    key_y = 29
    try:
        with listening(bare) as got, injector(bare) as inject:
            bare.call(["setxkbmap", "de"])

            def press() -> bool:
                inject(KEY_PRESS, key_y)
                inject(KEY_RELEASE, key_y)
                return any(key.symbol == "z" for key in of(Key, got))

            until(press, "the key next to T gives a z")
    finally:
        bare.call(["setxkbmap", "us"])
    assert {key.code for key in of(Key, got)} == {"KeyY"}


def test_what_is_held_is_known(bare: VirtualDisplay) -> None:
    listener = X11Input(bare.name, lambda _: None)
    listener.start()
    try:
        with injector(bare) as inject:
            inject(MOTION, x=77, y=88)
            inject(KEY_PRESS, 50)
            inject(PRESS, 3)
            held = listener.held_state()
            inject(RELEASE, 3)
            inject(KEY_RELEASE, 50)
    finally:
        listener.stop()
    assert held is not None
    assert (held.x, held.y, held.buttons, held.keycodes) == (77, 88, ("right",), (50,))


def test_a_key_held_before_the_start_only_repeats(bare: VirtualDisplay) -> None:
    with injector(bare) as inject:
        inject(KEY_PRESS, KEY_A)
        with listening(bare) as got:
            until(lambda: of(Key, got), "a repeat")
            inject(KEY_RELEASE, KEY_A)
    assert all(key.repeat for key in of(Key, got) if key.down)


def test_a_listener_that_loses_its_server_is_a_fault() -> None:
    with VirtualDisplay((320, 200)) as display:
        listener = X11Input(display.name, lambda _: None)
        listener.start()
        assert listener.check() is None
    fault = until(listener.check, "the listener noticed")
    assert fault.startswith("listener-dead: ")
    listener.stop()
    assert listener.check() is None
    assert listener.held_state() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_while_an_event_is_taken_is_a_fault(bare: VirtualDisplay) -> None:
    def fail(_: Event) -> None:
        raise ZeroDivisionError

    listener = X11Input(bare.name, fail)
    listener.start()
    try:
        with injector(bare) as inject:
            inject(MOTION, x=9, y=9)
        fault = until(listener.check, "the listener noticed")
    finally:
        listener.stop()
    assert fault.startswith("listener-dead: ")


def test_no_display_is_said_in_one_sentence() -> None:
    with pytest.raises(UnsupportedError, match="cannot open display ':4242'"):
        connect(":4242")


def test_no_name_of_a_display_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(UnsupportedError, match="DISPLAY is not set"):
        connect(None)
