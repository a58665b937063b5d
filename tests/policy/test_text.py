"""Words and elements: what is the same matches, in any case, and what is not does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.actions import Span
from policy.actions.spans import texts
from policy.features import featurise, left_unseen, span_at
from policy.text import TABLE, Match, Readable, grams, likeness, match, rank_said, split
from recorder.schema import Action, Click, Element, KeyChord, Observation, TypeText, Wait
from tests.policy.worlds import page

WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@given(WORD, WORD)
def test_likeness_is_a_symmetric_share_and_whole_only_for_itself(one: str, two: str) -> None:
    assert likeness(one, two) == likeness(two, one)
    assert 0 <= likeness(one, two) <= 1 + 1e-9
    assert likeness(one, one) == 1


@given(WORD)
def test_grams_are_rows_of_the_table_and_never_the_empty_one(word: str) -> None:
    assert all(0 < row < TABLE for row in grams(word))


@given(st.text(max_size=60))
def test_words_are_what_their_spans_say(text: str) -> None:
    said = split(text)
    assert tuple(text[start:end] for start, end in said.spans) == said.written
    assert len(said.quoted) == len(said.written) == len(said.folded)


def _row(element: Readable, goal: str, word: str) -> dict[Match, float]:
    found = match(element, goal)[split(goal).written.index(word)]
    return {kind: float(found[kind]) for kind in Match}


def test_a_quoted_name_matches_in_every_way() -> None:
    row = _row(Readable("button", "Log in", "", ""), 'Press "Log in" now', "in")
    assert [row[kind] for kind in (Match.EXACT, Match.CASED, Match.PHRASE, Match.QUOTED)] == [1] * 4


def test_case_is_told_apart() -> None:
    row = _row(Readable("button", "ok", "", ""), "Press OK", "OK")
    assert (row[Match.EXACT], row[Match.CASED], row[Match.PHRASE]) == (1, 0, 1)


def test_a_letter_off_is_alike_but_not_the_same() -> None:
    row = _row(Readable("button", "submet", "", ""), "Press submit", "submit")
    assert row[Match.EXACT] == 0
    assert 0.3 < row[Match.FUZZY] < 1


def test_a_part_of_a_quotation_is_not_the_whole() -> None:
    row = _row(Readable("button", "Log", "", ""), 'Press "Log in"', "Log")
    assert (row[Match.PHRASE], row[Match.QUOTED]) == (1, 0)


def test_roles_and_values_match_too() -> None:
    assert _row(Readable("textbox", "", "", ""), "Press textbox", "textbox")[Match.ROLE] == 1
    assert _row(Readable("textbox", "", "", "Ann"), "Type ann", "ann")[Match.VALUE] == 1


def test_a_lone_quotation_mark_quotes_nothing() -> None:
    assert not any(split('5" wide').quoted)


def _by_rank(names: Sequence[str], goal: str) -> list[bool]:
    elements = tuple(Element(role="tab", name=name, box=(0, 0, 9, 9)) for name in names)
    seen = Observation(np.zeros((9, 9, 3), np.uint8), (0, 0), 0, goal, elements)
    matches = featurise(seen).matches[..., Match.RANK]
    return [bool(each) for each in matches.max(axis=1)]


def test_a_number_says_which_of_its_role_is_meant() -> None:
    assert _by_rank(["", "", ""], "the 2nd one") == [False, True, False]
    assert _by_rank(["a", "b", "c"], "the third") == [False, False, True]


def test_what_is_called_by_another_number_is_not_meant_by_its_place() -> None:
    assert _by_rank(["Tab #2", "Tab #3"], "Tab #1") == [False, False]
    assert _by_rank(["Tab #1", "Tab #2"], "Tab #1") == [True, False]


def _posts(*texts: str, goal: str) -> Observation:
    """A page that shows its goal, with a part of it in an element of its own, and then texts."""
    top, *rest = texts
    elements = (
        Element(role="generic", text=goal.replace(top, ""), box=(0, 0, 90, 20)),
        Element(role="generic", text=top, box=(50, 0, 20, 20)),
        *(
            Element(role="generic", text=each, box=(0, 20 * number + 20, 50, 20))
            for number, each in enumerate(rest)
        ),
    )
    return Observation(np.zeros((99, 99, 3), np.uint8), (0, 0), 0, goal, elements)


def test_the_instruction_and_its_parts_match_nothing() -> None:
    goal = "For the user @ann press the like button"
    matches = featurise(_posts("@ann", "@bob", "@ann", goal=goal)).matches
    # "@" is in both names
    assert matches.any(axis=(1, 2)).tolist() == [False, False, True, True]
    assert matches[..., Match.PHRASE].any(axis=1).tolist() == [False, False, False, True]


def test_what_is_called_the_same_is_told_by_what_it_stands_under() -> None:
    goal = "For the user @ann press the like button"
    seen = _posts("@ann", "@bob", "like", "@ann", "hello", "like", goal=goal)
    one_over, is_near = featurise(seen).numbers[:, -2:].T
    assert one_over.tolist() == [0, 0, 0, 0, 1, 1, 0.5]
    assert is_near.tolist() == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(("texts", "places"), [(("", "Name"), [1]), (("Name", ""), [0])])
def test_a_field_knows_what_the_label_before_or_behind_it_matches(
    texts: tuple[str, str], places: list[int]
) -> None:
    elements = tuple(Element(role="generic", text=each, box=(0, 0, 9, 9)) for each in texts)
    seen = Observation(np.zeros((9, 9, 3), np.uint8), (0, 0), 0, "your name", elements)
    own, before, behind = np.split(featurise(seen).numbers[:, -3 * len(Match) - 2 : -2], 3, axis=1)
    assert np.flatnonzero(own.any(axis=1)).tolist() == places
    field = 1 - places[0]
    label = before[field] if field else behind[field]
    assert (label == own[places[0]]).all()
    assert not (behind[field] if field else before[field]).any()


def test_words_know_in_which_quotation_they_stand() -> None:
    assert split('"a b" or "c"').quotes == (0, 1, 1, 0, 0, 0, 2, 0)


def test_numbers_are_read() -> None:
    assert [rank_said(word) for word in ("1st", "22nd", "third", "7", "x1")] == [1, 22, 3, 7, None]


@given(WORD, WORD)
def test_likeness_is_the_cosine_of_what_two_words_share(one: str, two: str) -> None:
    first, second = set(grams(one)), set(grams(two))
    cosine = len(first & second) / (len(first) * len(second)) ** 0.5
    assert likeness(one, two) == pytest.approx(cosine if cosine >= 0.3 else 0)


def test_each_field_that_can_be_copied_is_found_where_it_stands() -> None:
    shown = page(1)
    first = len(split(shown.goal).spans)
    fields = texts(shown)[1:]
    for place, text in enumerate(fields):
        span = span_at(first + place, 0, shown)
        assert span == (Span(1 + place, 0, len(text)) if text else None)
    assert span_at(first + len(fields), 0, shown) is None


_COPY = KeyChord(key="c", modifiers=("ctrl",))


@pytest.mark.parametrize(
    ("action", "is_told"),
    [
        *((_COPY, True), (TypeText(text="a"), True), (Wait(duration_ms=9), True)),
        *((None, False), (Click(x=1, y=2), False)),
    ],
)
def test_keys_texts_and_waits_are_told_of_where_nothing_shows_them(
    action: Action | None, is_told: bool
) -> None:
    elements = page(1).elements
    assert left_unseen(action, elements, elements) is (action if is_told else None)
    assert left_unseen(action, elements, page(2).elements) is None
    assert left_unseen(action, None, elements) is None
    assert left_unseen(action, (), ()) is None


def test_what_was_done_unseen_is_told_apart_by_its_keys() -> None:
    seen = page(1)
    cut = KeyChord(key="x", modifiers=("ctrl",))
    rows = [featurise(seen, each).unseen.tolist() for each in (None, _COPY, cut)]
    assert not any(rows[0])
    assert rows[1] != rows[2]
    assert all(any(row) for row in rows[1:])
