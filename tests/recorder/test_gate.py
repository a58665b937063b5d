"""The gate keeps nothing that was not allowed, and leaves a marker wherever it kept nothing."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.gate import Command, Gate, Hotkeys, Rules, Secrecy
from recorder.schema import (
    Element,
    ElementSnapshot,
    Event,
    Key,
    Navigation,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    TextInput,
    WindowChange,
)

FIELD = Element(role="textbox", box=(0, 0, 10, 10))
SECRET = Element(role="textbox", box=(0, 0, 10, 10), states=("secret",))


def key(t_ns: int, symbol: str = "a", *, down: bool = True, **rest: object) -> Key:
    return Key(t_ns=t_ns, down=down, symbol=symbol, code=f"Key{symbol.upper()}", **rest)  # type: ignore[arg-type]


def admit(gate: Gate, events: Sequence[Event]) -> list[Event]:
    return [kept for event in events for kept in gate.admit(event)]


def test_nothing_passes_while_paused() -> None:
    gate = Gate(Rules(trust_display=True))
    assert gate.pause(5) == [Pause(t_ns=5, reason="asked")]
    assert admit(gate, [key(6), PointerMove(t_ns=7, x=1, y=1)]) == []
    assert gate.resume(9) == [Resume(t_ns=9)]


def test_a_second_pause_and_a_resume_without_pause_do_nothing() -> None:
    gate = Gate()
    assert gate.resume(1) == []
    gate.pause(2)
    assert gate.pause(3) == []


def test_a_release_after_a_pause_whose_press_was_before_is_dropped() -> None:
    gate = Gate(Rules(trust_display=True))
    press, release = key(1, target=FIELD), key(9, down=False)
    assert gate.admit(press) == [press]
    gate.pause(2)
    gate.resume(8)
    assert gate.admit(release) == []


def test_keys_of_a_secret_field_become_one_span_without_count_or_timing() -> None:
    gate = Gate()
    kept = admit(gate, [key(t, target=SECRET, page="p1") for t in range(10, 20)])
    assert kept == [Redacted(t_ns=10, end_ns=10, reason="secret-field", page="p1")]
    after = gate.admit(key(30, target=FIELD, page="p1"))
    assert after[0] == Redacted(t_ns=10, end_ns=30, reason="secret-field", page="p1")
    assert isinstance(after[1], Key)


def test_a_press_elsewhere_on_the_page_ends_the_span() -> None:
    gate = Gate()
    gate.admit(key(10, target=SECRET, page="p1"))
    press = PointerButton(t_ns=20, button="left", down=True, x=1, y=1, page="p1", target=FIELD)
    assert gate.admit(press) == [
        Redacted(t_ns=10, end_ns=20, reason="secret-field", page="p1"),
        press,
    ]


def test_a_key_without_known_target_is_not_kept() -> None:
    assert [type(event) for event in Gate().admit(key(1))] == [Redacted]


@pytest.mark.parametrize("symbol", ["Tab", "Enter", "Escape"])
def test_keys_that_type_nothing_pass_even_in_secret_fields(symbol: str) -> None:
    press = Key(t_ns=1, down=True, symbol=symbol, code=symbol, target=SECRET)
    assert press in Gate().admit(press)


def test_text_of_a_secret_field_is_not_kept() -> None:
    event = TextInput(t_ns=1, text="hunter2", target=SECRET, page="p1")
    assert [type(kept) for kept in Gate().admit(event)] == [Redacted]


def test_values_of_secret_elements_are_not_kept() -> None:
    secret = Element(role="textbox", box=(0, 0, 1, 1), value="x", text="x", states=("secret",))
    (kept,) = Gate().admit(ElementSnapshot(t_ns=1, page="p1", elements=(secret, FIELD)))
    assert isinstance(kept, ElementSnapshot)
    assert kept.elements[0].value == kept.elements[0].text == ""
    assert kept.elements[1] == FIELD


@pytest.mark.parametrize(
    ("secrecy", "kept"),
    [(Secrecy.PUBLIC, True), (Secrecy.SECRET, False), (Secrecy.UNKNOWN, False)],
)
def test_held_keys_wait_for_the_verdict(secrecy: Secrecy, kept: bool) -> None:
    gate = Gate(hold_keys=True)
    assert gate.admit(key(1)) == []
    assert gate.waiting_since() == 1
    released = gate.settle(secrecy, "password", before_ns=2)
    assert any(isinstance(event, Key) for event in released) is kept
    assert gate.waiting_since() is None


def test_a_verdict_does_not_cover_keys_typed_after_it_was_asked_for() -> None:
    gate = Gate(hold_keys=True)
    admit(gate, [key(1), key(5, "b")])
    assert len(gate.settle(Secrecy.PUBLIC, "", before_ns=5)) == 1
    assert gate.waiting_since() == 5


def test_what_follows_a_held_key_keeps_its_place_behind_it() -> None:
    gate = Gate(hold_keys=True)
    events = [key(1), PointerMove(t_ns=2, x=1, y=1), key(3, down=False)]
    assert admit(gate, events) == []
    assert gate.settle(Secrecy.PUBLIC, "", before_ns=10) == events


def test_keys_still_held_at_the_end_are_dropped() -> None:
    gate = Gate(hold_keys=True)
    gate.admit(key(1))
    assert not any(isinstance(event, Key) for event in gate.finish(2))


def test_a_display_of_our_own_holds_nothing() -> None:
    gate = Gate(Rules(trust_display=True), hold_keys=True)
    assert gate.admit(key(1, target=FIELD)) == [key(1, target=FIELD)]


def test_a_denied_app_leaves_only_a_marker() -> None:
    gate = Gate(Rules(deny_apps=("KeePassXC",)))
    window = WindowChange(t_ns=1, app="keepassxc", title="my vault")
    click = PointerButton(t_ns=2, button="left", down=True, x=1, y=1)
    kept = admit(gate, [window, click, PointerMove(t_ns=3, x=2, y=2)])
    assert kept == [Redacted(t_ns=1, end_ns=1, reason="denied-app")]
    gate.admit(WindowChange(t_ns=4, app="mousepad", title=""))
    assert gate.admit(PointerMove(t_ns=5, x=3, y=3))


def test_with_a_list_of_allowed_apps_others_are_denied() -> None:
    rules = Rules(allow_apps=("mousepad",))
    assert rules.app_allowed("Mousepad")
    assert not rules.app_allowed("firefox")


def test_a_denied_domain_leaves_only_a_marker() -> None:
    gate = Gate(Rules(deny_domains=("bank.example",)))
    there = Navigation(t_ns=1, page="p1", url="https://www.bank.example/")
    back = Navigation(t_ns=9, page="p1", url="https://news.example/")
    click = PointerButton(t_ns=2, button="left", down=True, x=1, y=1, page="p1")
    assert admit(gate, [there, click]) == [
        Redacted(t_ns=1, end_ns=1, reason="denied-domain", page="p1")
    ]
    assert gate.page_denied("p1")
    assert back in gate.admit(back)
    assert not gate.page_denied("p1")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://a.example/x", True),
        ("https://sub.a.example/x", True),
        ("https://nota.example/x", False),
        ("about:blank", False),
    ],
)
def test_a_domain_rule_covers_subdomains_and_nothing_that_only_looks_alike(
    url: str, allowed: bool
) -> None:
    assert Rules(allow_domains=("a.example",)).domain_allowed(url) is allowed


@pytest.mark.parametrize(
    ("symbol", "command"),
    [("F9", Command.TOGGLE_PAUSE), ("F10", Command.STOP), ("F11", Command.PANIC)],
)
def test_hotkeys_act_and_are_not_recorded(symbol: str, command: Command) -> None:
    seen: list[Command] = []
    gate = Gate(Rules(trust_display=True), hotkeys=Hotkeys(), on_command=seen.append)
    press = Key(t_ns=1, down=True, symbol=symbol, modifiers=("alt", "ctrl", "shift"), target=FIELD)
    assert gate.admit(press) == []
    assert seen == [command]


def test_the_pause_hotkey_works_while_paused() -> None:
    seen: list[Command] = []
    gate = Gate(on_command=seen.append)
    gate.pause(1)
    gate.admit(Key(t_ns=2, down=True, symbol="F9", modifiers=("alt", "ctrl", "shift")))
    assert seen == [Command.TOGGLE_PAUSE]


ACTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.booleans(), st.sampled_from([FIELD, SECRET, None])),
    max_size=40,
)


@given(ACTS)
def test_no_key_is_released_on_disk_that_was_not_pressed_there(
    acts: list[tuple[str, bool, Element | None]],
) -> None:
    gate, pressed = Gate(), set[str]()
    for t_ns, (symbol, down, target) in enumerate(acts):
        for event in gate.admit(key(t_ns, symbol, down=down, target=target)):
            if isinstance(event, Key) and event.down:
                assert event.target == FIELD
                pressed.add(event.code)
            elif isinstance(event, Key):
                assert event.code in pressed
                pressed.discard(event.code)
