"""Two presses are one order only from somebody who read what the first one asked."""

from __future__ import annotations

import pytest

from harness.hub.arming import QUIET_MS
from tui.confirm import FORGET_MS, READ_MS, Confirm

LONG_MS = 3_600_000


def asked(rest_ms: int = LONG_MS) -> Confirm:
    """Return a question that was asked at 0 ms."""
    confirm = Confirm()
    confirm.pressed()
    assert not confirm.again("end", 0, rest_ms)
    return confirm


@pytest.mark.parametrize(
    ("waited_ms", "is_order"),
    [(READ_MS - 1, False), (READ_MS, True), (FORGET_MS, True), (FORGET_MS + 1, False)],
)
def test_a_second_press_counts_once_the_question_can_have_been_read(
    waited_ms: int, is_order: bool
) -> None:
    confirm = asked()
    confirm.pressed()
    assert confirm.again("end", waited_ms, waited_ms) is is_order


def test_a_key_in_between_takes_the_question_back() -> None:
    confirm = asked()
    confirm.pressed()
    confirm.pressed()
    assert not confirm.again("end", 2 * READ_MS, READ_MS)


def test_a_press_amid_typing_asks_nothing() -> None:
    confirm = asked(rest_ms=QUIET_MS - 1)
    confirm.pressed()
    assert not confirm.again("end", READ_MS, READ_MS)


def test_the_answer_to_one_question_is_none_to_another() -> None:
    confirm = asked()
    confirm.pressed()
    assert not confirm.again("leave", READ_MS, READ_MS)


def test_an_order_is_given_once() -> None:
    confirm = asked()
    confirm.pressed()
    assert confirm.again("end", READ_MS, READ_MS)
    confirm.pressed()
    assert not confirm.again("end", 2 * READ_MS, READ_MS)
