"""The ledger knows which events our own executor caused, once each."""

from pathlib import Path

import pytest

from recorder.ledger import Entry, Ledger, signature
from recorder.schema import (
    Controller,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Scroll,
    TextInput,
)

MS = 1_000_000


def click(t_ns: int) -> PointerButton:
    return PointerButton(t_ns=t_ns, button="left", down=True, x=1, y=1)


def entry(t_ns: int, agent: str = "a1") -> Entry:
    return Entry(t_ns, signature(click(0)), Controller.SCRIPT, agent)


def test_an_entry_is_claimed_once() -> None:
    ledger = Ledger()
    ledger.write(entry(10 * MS))
    assert ledger.claim(click(11 * MS)) == entry(10 * MS)
    assert ledger.claim(click(11 * MS)) is None


def test_an_event_before_its_entry_is_somebody_elses() -> None:
    ledger = Ledger()
    ledger.write(entry(100 * MS))
    assert ledger.claim(click(90 * MS)) is None


def test_the_servers_whole_milliseconds_may_seem_a_little_early() -> None:
    ledger = Ledger()
    ledger.write(entry(100 * MS))
    assert ledger.claim(click(99 * MS)) is not None


def test_an_entry_whose_event_never_came_is_forgotten() -> None:
    ledger = Ledger()
    ledger.write(entry(0))
    assert ledger.claim(click(60_000 * MS)) is None


def test_another_button_claims_nothing() -> None:
    ledger = Ledger()
    ledger.write(entry(10 * MS))
    assert ledger.claim(PointerButton(t_ns=11 * MS, button="right", down=True, x=1, y=1)) is None


def test_entries_cross_processes_through_a_file(tmp_path: Path) -> None:
    executor, recorder = Ledger(tmp_path / "ledger.jsonl"), Ledger(tmp_path / "ledger.jsonl")
    executor.write(entry(10 * MS, "a1"))
    executor.write(entry(12 * MS, "a2"))
    first, second = recorder.claim(click(11 * MS)), recorder.claim(click(12 * MS))
    assert first is not None
    assert second is not None
    assert (first.agent, second.agent) == ("a1", "a2")
    executor.close()
    recorder.close()
    recorder.close()


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (PointerMove(t_ns=1, x=3, y=4), "move 3 4"),
        (Key(t_ns=1, down=False, code="KeyA"), "key KeyA up"),
        (Key(t_ns=1, down=True, keycode=38), "key 38 down"),
        (Scroll(t_ns=1, dx=0, dy=1, x=0, y=0), "scroll"),
        (TextInput(t_ns=1, text="x"), "text"),
    ],
)
def test_a_signature_says_what_entry_and_event_have_in_common(
    event: InputEvent, expected: str
) -> None:
    assert signature(event) == expected
