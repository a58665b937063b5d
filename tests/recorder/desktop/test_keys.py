"""Names of keys: what a keymap says under every combination of shift, locks and groups."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from recorder.desktop.keys import Keymap, code_of, keysym_of, symbol_name, symbol_number

LOCK, NUMLOCK, LEVEL3, SUPER, GROUP2 = 2, 1 << 4, 1 << 7, 1 << 6, 1 << 13
A, DIGIT_1, KEYPAD_1, SHIFT_L, CONTROL_L, ALT_L, SUPER_L, ALTGR, NUM_LOCK, SPARE = range(8, 18)


class FakeConnection:
    """A server with ten keys, German and Russian."""

    display = SimpleNamespace(info=SimpleNamespace(min_keycode=8, max_keycode=17))

    def get_keyboard_mapping(self, first: int, count: int) -> list[list[int]]:
        """Return a row of symbols for each key."""
        rows = [
            ("a", "A", "Cyrillic_ef", "Cyrillic_EF", "ae", "AE"),
            ("1", "exclam"),
            ("KP_End", "KP_1"),
            ("Shift_L",),
            ("Control_L",),
            ("Alt_L", "Meta_L"),
            ("Super_L",),
            ("ISO_Level3_Shift",),
            ("Num_Lock",),
            (),
        ]
        assert (first, count) == (8, len(rows))
        numbers = [[symbol_number(name) for name in row] for row in rows]
        return [(row + [0] * 6)[:6] for row in numbers]

    def get_modifier_mapping(self) -> list[list[int]]:
        """Return the keys of each modifier."""
        return [[SHIFT_L], [], [CONTROL_L], [ALT_L], [NUM_LOCK], [], [SUPER_L], [ALTGR, 0]]


@pytest.fixture
def keymap() -> Keymap:
    connection: Any = FakeConnection()
    return Keymap(connection)


@pytest.mark.parametrize(
    ("keycode", "state", "symbol"),
    [
        (A, 0, "a"),
        (A, 1, "A"),
        (A, LOCK, "A"),
        (A, LOCK | 1, "a"),
        (A, LEVEL3, "ae"),
        (A, LEVEL3 | 1, "AE"),
        (A, GROUP2, "Cyrillic_ef"),
        (A, GROUP2 | 1, "Cyrillic_EF"),
        (A, GROUP2 | LOCK, "Cyrillic_EF"),
        (DIGIT_1, 1, "exclam"),
        (DIGIT_1, LOCK, "1"),
        (DIGIT_1, GROUP2, "1"),
        (KEYPAD_1, 0, "KP_End"),
        (KEYPAD_1, NUMLOCK, "KP_1"),
        (KEYPAD_1, NUMLOCK | 1, "KP_End"),
        (SHIFT_L, 1, "Shift_L"),
        (SPARE, 0, ""),
        (200, 0, ""),
    ],
)
def test_a_symbol_follows_group_level_shift_and_locks(
    keymap: Keymap, keycode: int, state: int, symbol: str
) -> None:
    assert symbol_name(keymap.keysym(keycode, state)) == symbol


def test_modifiers_have_one_name_each_and_locks_have_none(keymap: Keymap) -> None:
    assert keymap.modifiers(0xFF) == ("alt", "ctrl", "meta", "shift")
    assert keymap.modifiers(LOCK | NUMLOCK | LEVEL3) == ()
    assert keymap.modifiers(SUPER) == ("meta",)


def test_a_key_for_a_symbol_is_found_with_or_without_shift(keymap: Keymap) -> None:
    assert keymap.find(keysym_of("1")) == (DIGIT_1, False)
    assert keymap.find(keysym_of("!")) == (DIGIT_1, True)
    assert keymap.find(keysym_of("ß")) is None
    assert keymap.spare_keycodes() == [SPARE]


@pytest.mark.parametrize(
    ("keycode", "code"),
    [
        (9, "Escape"),
        (24, "KeyQ"),
        (61, "Slash"),
        (65, "Space"),
        (94, "IntlBackslash"),
        (104, "NumpadEnter"),
        (108, "AltRight"),
        (113, "ArrowLeft"),
        (119, "Delete"),
        (133, "MetaLeft"),
        (135, "ContextMenu"),
        (191, "F13"),
        (3, ""),
    ],
)
def test_physical_codes_are_those_of_the_web(keycode: int, code: str) -> None:
    assert code_of(keycode) == code


def test_every_symbol_has_a_name() -> None:
    assert symbol_name(0x1004F60) == "U4F60"
    assert symbol_name(0x10FEDCBA) == "0x10fedcba"
    assert symbol_number("no such symbol") == 0
