"""Assembly: words and widgets become the elements that a DOM would have told of."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from policy.reader.assemble import TextLine, Word, assemble
from policy.reader.find import WidgetBox
from recorder.schema import Element
from tests.policy.screens import MANY

WHITE, YELLOW = (255, 255, 255), (255, 255, 0)


def _line(text: str, left: float, top: float, colour: tuple[int, int, int] = WHITE) -> TextLine:
    """Return a line of letters of 5 px; words with a star before them are links."""
    words: list[Word] = []
    for word in text.split():
        is_link, shown = word.startswith("*"), word.lstrip("*")
        words.append(Word(shown, left, left + 5 * len(shown), 0.9, is_link))
        left += 5 * len(shown) + 4
    return TextLine(tuple(words), top, top + 10, colour)


def _widget(role: str, box: tuple[float, float, float, float], *states: str) -> WidgetBox:
    left, top, width, height = box
    return WidgetBox(role, left, top, left + width, top + height, states, 0.9)


def _of_role(elements: list[Element], role: str) -> list[Element]:
    return [each for each in elements if each.role == role]


def _read(*things: TextLine | WidgetBox) -> tuple[list[Element], str]:
    lines = [each for each in things if isinstance(each, TextLine)]
    widgets = [each for each in things if isinstance(each, WidgetBox)]
    screen = assemble(lines, widgets)
    return [seen.element for seen in screen.seen], screen.goal


def test_the_first_block_of_text_is_the_instruction() -> None:
    elements, goal = _read(
        _line('Click the "OK" button and', 3, 3, YELLOW),
        _line("nothing else.", 3, 14, YELLOW),
        _line("Or else", 3, 26),
    )
    assert goal == 'Click the "OK" button and nothing else.'
    # it is there as one element, so that it isn't taken for what it speaks of
    assert [each.text for each in elements] == [goal, "Or else"]


def test_a_button_is_called_what_is_written_on_it() -> None:
    (button,), _ = _read(_line("OK", 20, 55), _widget("button", (10, 50, 40, 20)))
    assert (button.role, button.name, button.text) == ("button", "OK", "OK")


def test_what_is_in_a_field_is_its_value_and_what_is_hidden_is_secret() -> None:
    elements, _ = _read(
        _line("Name", 5, 40),
        _line("ada", 40, 40),
        _line("•••", 40, 70),
        _widget("textbox", (36, 36, 80, 18), "focused"),
        _widget("textbox", (36, 66, 80, 18)),
    )
    name, password = _of_role(elements, "textbox")
    assert (name.value, name.states) == ("ada", ("focused",))
    assert password.states == ("secret",)


def test_a_box_to_tick_is_named_by_what_is_to_its_right() -> None:
    elements, _ = _read(
        _line("Pick one", 5, 5),
        _widget("radio", (10, 40, 12, 12), "checked"),
        _line("red fox", 26, 41),
        _widget("radio", (10, 60, 12, 12)),
        _line("dog", 26, 61),
    )
    radios = _of_role(elements, "radio")
    assert [(each.name, each.states) for each in radios] == [("red fox", ("checked",)), ("dog", ())]
    assert [each.text for each in _of_role(elements, "label")] == ["red fox", "dog"]
    # each beside the other, as they are read
    assert [each.role for each in elements] == ["paragraph", "radio", "label", "radio", "label"]


def test_links_are_elements_of_their_own_in_the_text_around_them() -> None:
    elements, _ = _read(_line("Go", 3, 3, YELLOW), _line("lorem *ipsum dolor *sit *amet", 3, 60))
    assert [each.text for each in _of_role(elements, "link")] == ["ipsum", "sit amet"]
    assert elements[1].text == "lorem dolor"


def test_a_line_that_had_room_for_more_ends_its_text() -> None:
    elements, _ = _read(
        _line("Go", 3, 3, YELLOW),
        _line("a long text that was broken where its", 3, 60),
        _line("line was full", 3, 71),
        _line("another", 3, 82),
    )
    texts = [each.text for each in elements[1:]]
    assert texts == ["a long text that was broken where its line was full", "another"]


_PLACES = st.integers(0, 200)
_LINES = st.builds(
    _line, st.text("ab* ", min_size=1, max_size=9).filter(lambda t: t.strip("* ")), _PLACES, _PLACES
)
_WIDGETS = st.builds(
    _widget,
    st.sampled_from(["button", "checkbox", "radio", "textbox", "combobox", "tab", "image"]),
    st.tuples(_PLACES, _PLACES, st.integers(4, 90), st.integers(4, 30)),
)


@MANY
@given(st.lists(_LINES, max_size=6), st.lists(_WIDGETS, max_size=4))
@example([_line("a", 1, 0)], [_widget("checkbox", (0, 0, 4, 5))] * 2)
def test_no_word_is_lost_and_boxes_are_on_the_screen(
    lines: list[TextLine], widgets: list[WidgetBox]
) -> None:
    elements, _ = _read(*lines, *widgets)
    said = " ".join(each.value or each.text for each in elements).split()
    images = [each for each in widgets if each.role == "image"]
    words = sorted(word.text for line in lines for word in line.words if word.text)
    assert images or sorted(said) == words
    assert all(x >= 0 and y >= 0 and w > 0 and h > 0 for x, y, w, h in (e.box for e in elements))
