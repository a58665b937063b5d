"""Low-level input becomes the actions that the person meant."""

from collections.abc import Sequence
from typing import Any

import pytest

from recorder.align.gestures import Gesture, reduce_events
from recorder.schema import (
    Click,
    Drag,
    HeldState,
    InputEvent,
    Key,
    KeyChord,
    Move,
    PointerButton,
    PointerMove,
    Scroll,
    ScrollBy,
    TextInput,
    TypeText,
)

MS = 1_000_000
Stream = list[InputEvent | HeldState]


def press(ms: int, x: int = 10, y: int = 10, hold_ms: int = 40, **more: Any) -> Stream:
    """Return a button going down and up."""
    button = more.pop("button", "left")
    return [
        PointerButton(t_ns=(ms + late) * MS, button=button, down=not late, x=x, y=y, **more)
        for late in (0, hold_ms)
    ]


def moves(start_ms: int, *points: tuple[int, int]) -> Stream:
    """Return a pointer moving through points, 20 ms apart."""
    return [
        PointerMove(t_ns=(start_ms + 20 * place) * MS, x=x, y=y)
        for place, (x, y) in enumerate(points)
    ]


def keys(start_ms: int, *symbols: str, step_ms: int = 100, **more: Any) -> Stream:
    """Return keys going down and up, one after the other."""
    return [
        Key(t_ns=(start_ms + step_ms * place + late) * MS, symbol=symbol, down=not late, **more)
        for place, symbol in enumerate(symbols)
        for late in (0, 30)
    ]


def actions(events: Sequence[InputEvent | HeldState], **options: Any) -> list[object]:
    """Return the actions of a stream."""
    return [gesture.action for gesture in reduce_events(events, **options)]


def only(events: Stream) -> Gesture:
    """Return the one gesture of a stream."""
    (found,) = reduce_events(events)
    return found


# Pointer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["left", "middle", "right", "back", "forward"])
def test_a_press_and_its_release_are_a_click(button: str) -> None:
    found = only(press(100, button=button))
    assert found.action == Click(x=10, y=10, button=button)  # type: ignore[arg-type]
    assert (found.begin_ns, found.acted_ns, found.end_ns) == (100 * MS, 100 * MS, 140 * MS)


@pytest.mark.parametrize(
    ("second_ms", "x", "expected"),
    [
        (400, 12, [Click(x=10, y=10, count=2)]),
        (900, 10, [Click(x=10, y=10), Click(x=10, y=10)]),  # too late
        (400, 90, [Click(x=10, y=10), Click(x=90, y=10)]),  # elsewhere
    ],
)
def test_two_clicks_at_once_are_a_double_click(
    second_ms: int, x: int, expected: list[Click]
) -> None:
    assert actions([*press(100), *press(second_ms, x=x)]) == expected


def test_clicks_of_two_buttons_stay_apart_and_four_are_three_and_one() -> None:
    assert len(actions([*press(100), *press(200, button="right")])) == 2
    quick = [event for ms in (0, 100, 200, 300) for event in press(ms)]
    assert actions(quick) == [Click(x=10, y=10, count=3), Click(x=10, y=10)]


def test_a_click_begins_when_the_pointer_began_to_move_there() -> None:
    aimed = [*moves(0, (90, 90), (95, 95)), *moves(600, (50, 50), (20, 20)), *press(700)]
    assert only(aimed).begin_ns == 600 * MS  # the movement before the rest was something else


def test_a_movement_long_before_a_click_was_not_for_it() -> None:
    assert only([*moves(0, (50, 50), (10, 10)), *press(2000)]).begin_ns == 2000 * MS


def test_an_endless_movement_counts_two_seconds_at_most() -> None:
    wandering = moves(0, *((i, i) for i in range(200)))
    assert only([*wandering, *press(4010)]).begin_ns == 2010 * MS


def test_no_action_begins_before_the_last_one_of_its_actor_ended() -> None:
    typed = Key(t_ns=130 * MS, down=True, symbol="a")
    in_between = [*moves(100, (5, 5), (6, 6)), typed, *moves(150, (8, 8)), *press(180)]
    first, second = reduce_events(in_between)
    assert (first.action, second.action) == (TypeText(text="a"), Click(x=10, y=10))
    assert second.begin_ns == first.end_ns == 130 * MS


def test_a_press_that_travels_is_a_drag_along_a_simple_path() -> None:
    down, up = press(100, 0, 0, hold_ms=200)
    path = moves(110, (10, 0), (20, 1), (30, 0), (30, 20))
    up = PointerButton(t_ns=300 * MS, button="left", down=False, x=30, y=40)
    assert actions([down, *path, up]) == [Drag(path=((0, 0), (30, 0), (30, 40)))]


def test_a_press_without_its_release_is_a_click_still() -> None:
    assert actions(press(100)[:1]) == [Click(x=10, y=10)]
    held = HeldState(t_ns=110 * MS, x=10, y=10)
    assert actions([*press(100)[:1], held, *press(900)]) == [Click(x=10, y=10)] * 2


def test_a_button_that_is_known_to_be_held_goes_on() -> None:
    down, up = press(100, hold_ms=500)
    held = HeldState(t_ns=300 * MS, x=10, y=10, buttons=("left",))
    assert only([down, held, up]).end_ns == 600 * MS


def test_a_release_without_its_press_is_nothing() -> None:
    assert actions(press(100)[1:]) == []


def test_modifiers_of_a_click_are_those_held() -> None:
    down, up = keys(0, "Control_L", step_ms=1)
    up = Key(t_ns=500 * MS, symbol="Control_L", down=False)
    assert actions([down, *press(100), up, *press(900)]) == [
        Click(x=10, y=10, modifiers=("ctrl",)),
        Click(x=10, y=10),
    ]


def wheel(ms: int, dy: float, **more: Any) -> Scroll:
    """Return one turn of the wheel."""
    return Scroll(t_ns=ms * MS, dx=0, dy=dy, x=5, y=6, **more)


def test_notches_in_a_row_are_one_scroll_until_they_turn_or_rest() -> None:
    turns: Stream = [wheel(0, 1), wheel(100, 1), wheel(200, -1), wheel(900, -1)]
    assert actions(turns) == [
        ScrollBy(x=5, y=6, dy=2),
        ScrollBy(x=5, y=6, dy=-1),
        ScrollBy(x=5, y=6, dy=-1),
    ]
    assert len(actions([wheel(0, 1), wheel(50, 30, unit="pixel")])) == 2
    assert len(actions([wheel(0, 1), wheel(50, 1, page="p2")])) == 2


def test_a_mere_movement_counts_when_the_screen_answers_to_it() -> None:
    hovering = [*moves(0, (1, 1), (30, 30)), *press(2000)]
    expected = [Move(x=30, y=30), Click(x=10, y=10)]

    def answers(start_ns: int, end_ns: int) -> bool:
        return start_ns <= 300 * MS < end_ns

    assert actions(hovering, rest_ns=1000 * MS, changed=answers) == expected
    assert actions(hovering, rest_ns=1000 * MS) == expected[1:]
    assert actions(hovering, changed=answers) == expected[1:]


# Keyboard ---------------------------------------------------------------------------------------


def test_printable_keys_in_a_row_are_a_text() -> None:
    assert actions(keys(0, "H", "i", "exclam", "space", "eacute", "U4F60", "KP_5")) == [
        TypeText(text="Hi! é你5")
    ]


def test_a_text_ends_at_other_keys_and_at_a_rest() -> None:
    typed = [*keys(0, "a", "b", "Return", "c"), *keys(5000, "d")]
    assert actions(typed) == [
        TypeText(text="ab"),
        KeyChord(key="Enter"),
        TypeText(text="c"),
        TypeText(text="d"),
    ]


def test_keys_with_a_command_modifier_are_a_chord() -> None:
    assert actions(keys(0, "s", modifiers=("ctrl",))) == [KeyChord(key="s", modifiers=("ctrl",))]
    assert actions(keys(0, "S", modifiers=("shift",))) == [TypeText(text="S")]


def test_what_a_dead_key_makes_of_the_next_is_not_guessed() -> None:
    assert actions(keys(0, "dead_acute", "e", "f")) == [
        KeyChord(key="Dead"),
        KeyChord(key="e"),
        TypeText(text="f"),
    ]
    assert actions(keys(0, "Multi_key", "o", "e", "f"))[-1] == TypeText(text="f")


def test_a_held_key_is_one_chord_with_a_count() -> None:
    held: Stream = [
        Key(t_ns=ms * MS, down=True, symbol="BackSpace", repeat=ms > 0) for ms in (0, 660, 700)
    ]
    assert actions(held) == [KeyChord(key="Backspace", count=3)]
    assert actions(keys(0, "Tab", "Tab")) == [KeyChord(key="Tab", count=2)]
    assert actions(keys(0, "Tab", "Tab", step_ms=900)) == [KeyChord(key="Tab")] * 2


def test_modifiers_and_locks_are_no_actions_but_a_menu_key_alone_is() -> None:
    assert actions(keys(0, "Shift_L", "Control_R", "Caps_Lock", "ISO_Level3_Shift")) == []
    assert actions(keys(0, "Super_L")) == [KeyChord(key="Meta")]
    down, up = keys(0, "Alt_L")
    tab = keys(5, "Tab", modifiers=("alt",))
    assert actions([down, *tab, up]) == [KeyChord(key="Tab", modifiers=("alt",))]


def test_a_key_without_a_symbol_goes_by_its_code() -> None:
    assert actions(keys(0, "", code="F13")) == [KeyChord(key="F13")]
    assert actions(keys(0, "")) == [KeyChord(key="Unidentified")]


# Text from a page -----------------------------------------------------------------------------


def typed(ms: int, symbol: str, text: str, input_type: str = "insertText") -> Stream:
    """Return a key in a page and the text that its field received."""
    down, up = keys(ms, symbol, page="p1")
    field = TextInput(t_ns=(ms + 2) * MS, text=text, input_type=input_type, page="p1")
    return [down, field, up]


def test_text_counts_once_and_begins_with_its_key() -> None:
    found = only([*typed(100, "h", "h"), *typed(200, "i", "i")])
    assert found.action == TypeText(text="hi")
    assert found.begin_ns == 100 * MS


def test_a_key_that_no_field_took_is_a_chord_in_a_page() -> None:
    assert actions(keys(0, "j", page="p1")) == [KeyChord(key="j")]


def test_deleting_breaking_lines_and_pasting_are_keys() -> None:
    stream = [
        *typed(0, "a", "a"),
        *typed(100, "Backspace", "", "deleteContentBackward"),
        *typed(200, "Enter", "", "insertLineBreak"),
        TextInput(t_ns=900 * MS, text="", input_type="insertFromPaste", page="p1"),
    ]
    assert actions(stream) == [
        TypeText(text="a"),
        KeyChord(key="Backspace"),
        KeyChord(key="Enter"),
    ]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["n", "ni", "你"], "你"),
        (["\u00b4", "é"], "é"),
        (["n", "ni", "你", "h", "hao", "好"], "你好"),
        (["ka", "k"], "k"),
    ],
)
def test_a_composition_counts_as_what_came_of_it(pieces: list[str], expected: str) -> None:
    stream = [
        event
        for place, piece in enumerate(pieces)
        for event in typed(place * 100, "Process", piece, "insertCompositionText")
    ]
    assert actions(stream) == [TypeText(text=expected)]


def test_text_without_a_key_is_text_still() -> None:
    emoji = TextInput(t_ns=5, text="🙂", page="p1")
    late = TextInput(t_ns=900 * MS, text="x", page="p1")
    assert actions([emoji]) == [TypeText(text="🙂")]
    assert actions([*keys(0, "j", page="p1"), late]) == [KeyChord(key="j"), TypeText(text="x")]
