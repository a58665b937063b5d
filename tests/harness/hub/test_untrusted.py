"""Nothing that a terminal interprets, and nothing that cannot be seen, gets past the hub."""

from __future__ import annotations

import random
import unicodedata

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.hub.untrusted import Shown, shown
from tests.soak import repeats

ATTACKS = [
    "\x1b]52;c;aGVsbG8=\x07",
    "\x9b31m\x9d0;title\x9c",
    "\x1bP+q544e\x1b\\",
    "\x1b[?1049h\x1b[2J\x1b[6n",
    "\x90sixel\x9c\x18\x1a\x05",
    "\u202egnp.exe\u2066\u2069\u200e\u061c",
    "a" + "\u0301" * 10_000,
    "\u200b\u200c\u200d\ufeff\u00ad" * 500,
    "\U000e0041\U000e0042\ufe0f\ufe0e\u3164\u115f\uffa0\u2800",
    "\ud800\udfff",
    "\ufdd0\uffff\ue000\U0010fffd",
    "line\r\nline\x0b\x0c\x85\u2028\u2029",
    "[@click=app.approve]Inbox[/] [/red]",
    "\x00" * 1000,
]
TEXTS = st.one_of(
    st.text(st.characters(), max_size=400),
    st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=6).map("".join),
)
_MARKS = ("Mn", "Me", "Mc")


def assert_harmless(text: str) -> None:
    encoded = text.encode()
    assert not any(byte < 0x20 or byte == 0x7F for byte in encoded)
    for sign in text:
        assert unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        assert sign == " " or not sign.isspace()
        assert not 0xFE00 <= ord(sign) <= 0xFE0F
    run = 0
    for sign in text:
        run = run + 1 if unicodedata.category(sign) in _MARKS else 0
        assert run <= 2


@settings(max_examples=repeats(300, 5000))
@given(TEXTS, st.integers(1, 500))
@example("".join(ATTACKS), 500)
def test_no_byte_that_a_terminal_interprets_survives(text: str, most: int) -> None:
    made = shown(text, most).text
    assert_harmless(made)
    assert len(made) <= most


def test_floods_of_random_characters_are_harmless_and_short() -> None:
    rng = random.Random(11)
    for _ in range(repeats(300, 100_000)):
        signs = [chr(rng.randrange(0x110000 if rng.random() < 0.3 else 0x400)) for _ in range(60)]
        made = shown("".join(signs) + rng.choice(ATTACKS)).text
        assert_harmless(made)
        assert len(made) <= 300


@settings(max_examples=repeats(200, 5000))
@given(TEXTS)
def test_what_was_made_fit_stays_as_it_is_wherever_it_goes(text: str) -> None:
    made = shown(text)
    assert shown(made.text) == made
    assert msgspec.json.decode(msgspec.json.encode(made), type=Shown) == made
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Shown) == made


@pytest.mark.parametrize("attack", [each for each in ATTACKS if not each.startswith("[")])
def test_there_is_no_other_way_to_have_some(attack: str) -> None:
    with pytest.raises(ValueError, match="not made fit"):
        Shown(attack)
    if attack.isprintable() or not any("\ud800" <= sign <= "\udfff" for sign in attack):
        with pytest.raises(msgspec.ValidationError):
            msgspec.msgpack.decode(msgspec.msgpack.encode({"text": attack}), type=Shown)


def test_a_megabyte_is_cut_without_being_read() -> None:
    made = shown("\u0301" * 1_000_000 + "end")
    assert made.text == "…"
    assert shown("x" * 1_000_000).text == "x" * 299 + "…"


def test_markup_is_text_like_any_other() -> None:
    assert shown("[@click=app.approve]Inbox[/]").text == "[@click=app.approve]Inbox[/]"


@pytest.mark.parametrize(
    "text", ["Größe 12 €", "日本語のメール", "שלום", "Ünïcødé e\u0301", "✓ done"]
)
def test_what_people_write_stays_what_it_is(text: str) -> None:
    assert shown(text).text == text
