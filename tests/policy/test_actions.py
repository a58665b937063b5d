"""The event codec loses nothing, says texts briefly, and counts what it costs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.actions import (
    ABSENT,
    CASINGS,
    CODES,
    POINTS,
    SIZES,
    USES,
    Codebook,
    Event,
    Head,
    Kind,
    Span,
    decode,
    encode,
    find_copy,
    is_aligned,
    predicted,
    raw_events,
    rest_bits,
    same_text,
    source_of,
    texts,
    words,
)
from policy.errors import ConfigError, DataError
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
)
from tests.policy.screens import ACTIONS, ELEMENTS, MANY, TEXT, element, seen


@st.composite
def typed_from_view(draw: st.DrawFn) -> tuple[str, Observation]:
    """Return some text of an observation, in some case, and the observation."""
    observation = seen(draw(TEXT), *draw(ELEMENTS))
    source = draw(st.sampled_from(texts(observation)))
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(source))] * 2)))
    return draw(st.sampled_from(CASINGS))(source[start:end]), observation


# Losing nothing -----------------------------------------------------------------------------------


@MANY
@given(ACTIONS, TEXT, ELEMENTS, st.integers(0, 10**7), st.booleans())
def test_every_action_comes_back_as_it_was(
    action: Action, goal: str, elements: list[Element], gap_ms: int, copying: bool
) -> None:
    observation = seen(goal, *elements)
    events = encode(action, observation, gap_ms=gap_ms, copying=copying)
    assert decode(events, observation) == action
    assert events[0].value(Head.GAP) == gap_ms


@MANY
@given(typed_from_view())
def test_text_from_the_view_comes_back_as_it_was(case: tuple[str, Observation]) -> None:
    text, observation = case
    assert decode(encode(TypeText(text=text), observation), observation) == TypeText(text=text)


@pytest.mark.parametrize(
    "action",
    [
        ScrollBy(x=1, y=2, dx=math.inf, dy=-0.1, unit="pixel"),
        ScrollBy(x=-5, y=10**9, dx=1e-300, dy=-1e300),
        Drag(path=()),
        Drag(path=((3, 4),), button="back", modifiers=("shift", "alt", "shift")),
        Click(x=0, y=0, button="forward", count=0, modifiers=("AltGraph",)),
        KeyChord(key="", count=-3),
        KeyChord(key="\n", modifiers=("meta", "ctrl")),
        TypeText(text=""),
        TypeText(text="\ud800\x00\r\n\t👩‍🚀"),
        Wait(duration_ms=-1),
        Ask(question="why?\n"),
    ],
)
def test_strange_actions_come_back_as_they_were(action: Action) -> None:
    assert decode(encode(action, seen("x")), seen("x")) == action


@MANY
@given(ACTIONS, TEXT)
def test_labels_are_classes_of_the_heads_that_the_kind_uses(action: Action, goal: str) -> None:
    for event in encode(action, seen(goal)):
        for head in Head:
            allowed = range(SIZES[head]) if head in USES[event.kind] else ()
            assert event.label(head) in (ABSENT, *allowed)
        assert (event.span is not None) == (event.kind is Kind.COPY)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Click(x=1, y=1), Kind.CLICK),
        (Click(x=1, y=1, count=2), Kind.DOUBLE_CLICK),
        (Click(x=1, y=1, button="right"), Kind.RIGHT_CLICK),
        (Click(x=1, y=1, button="middle"), Kind.CLICK),
        (Done(), Kind.DONE),
        (Ask(), Kind.ASK),
        (Move(x=1, y=1), Kind.MOVE),
    ],
)
def test_each_gesture_has_its_kind(action: Action, kind: Kind) -> None:
    assert encode(action, seen())[0].kind is kind


def test_a_key_without_a_class_is_carried_and_left_out_of_training() -> None:
    (event,) = encode(KeyChord(key="AudioVolumeUp"), seen())
    assert event.label(Head.KEY) == ABSENT
    assert event.value(Head.KEY) == "AudioVolumeUp"


@pytest.mark.parametrize("unit", ["pixel", "notch"])
def test_scrolls_are_predicted_in_their_direction_and_to_a_third_or_thrice(
    unit: Literal["pixel", "notch"],
) -> None:
    sizes = [*range(15, 406), 600] if unit == "pixel" else range(1, 28)
    for size in [*sizes, *(-size for size in sizes)]:
        (event,) = encode(ScrollBy(x=1, y=1, dy=size, unit=unit), seen())
        labels = {head: event.label(head) for head in USES[Kind.SCROLL]}
        meant = decode((predicted(Kind.SCROLL, labels=labels, points=((1, 1),)),), seen())
        assert isinstance(meant, ScrollBy)
        assert 1 / 3 <= meant.dy / size <= 3


# Texts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "goal", "span"),
    [
        ("Tora", 'Enter "Tora" please', Span(0, 7, 11)),
        ("text", 'Put text in text, "text"', Span(0, 19, 23)),
        ("cat", "concat cat", Span(0, 7, 10)),
        ("nca", "concat", Span(0, 2, 5)),
        ("a.b@c", "mail a.b@c!", Span(0, 5, 10)),
    ],
)
def test_a_text_of_the_goal_is_one_event(text: str, goal: str, span: Span) -> None:
    (event,) = encode(TypeText(text=text), seen(goal))
    assert event.kind is Kind.COPY
    assert event.span == span


def test_whole_words_of_an_element_come_before_parts_of_words_of_the_goal() -> None:
    observation = seen(
        "concatenate", element("link", (0, 0, 9, 9)), element("a", (0, 0, 9, 9), "cat")
    )
    (event,) = encode(TypeText(text="cat"), observation)
    assert event.span == Span(source_of(1, "name"), 0, 3)


@pytest.mark.parametrize(("text", "casing"), [("BOB", 2), ("bob", 1), ("Bob", 3), ("bOb", 0)])
def test_another_case_is_a_copy_too(text: str, casing: int) -> None:
    (event,) = encode(TypeText(text=text), seen("call bOb now"))
    assert (event.kind, event.label(Head.CASING)) == (Kind.COPY, casing)
    assert event.span == Span(0, 5, 8)


def test_a_text_found_nowhere_is_spelled_but_for_words_of_the_goal() -> None:
    observation = seen("Delete the file notes.txt.")
    events = encode(TypeText(text="rm notes.txt"), observation)
    assert [event.kind for event in events] == [Kind.SPELL] * 3 + [Kind.COPY]
    assert [event.label(Head.MORE) for event in events] == [1, 1, 1, 0]
    assert [event.value(Head.GAP) for event in events] == [0, 0, 0, 0]
    spelled = encode(TypeText(text="rm notes.txt"), observation, copying=False)
    assert [event.kind for event in spelled] == [Kind.SPELL] * 12


@MANY
@given(typed_from_view())
def test_what_is_copied_is_found_and_all_equals_of_it_read_the_same(
    case: tuple[str, Observation],
) -> None:
    text, observation = case
    sources = texts(observation)
    copy = find_copy(text, sources)
    if copy is None:
        assert len(text) < 2 or text not in sources
        return
    read = sources[copy.span.source][copy.span.start : copy.span.end]
    assert CASINGS[copy.casing](read) == text
    equals = same_text(copy.span, sources)
    assert copy.span in equals
    assert {sources[each.source][each.start : each.end] for each in equals} == {read}


@given(TEXT)
def test_words_are_apart_in_order_and_leave_only_space(text: str) -> None:
    found = words(text)
    assert all(start < end for start, end in found)
    assert found == sorted(found)
    left = "".join(" " if any(a <= i < b for a, b in found) else c for i, c in enumerate(text))
    assert not left.strip()
    assert all(is_aligned(Span(0, start, end), text) for start, end in found)


# What a network says ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_classes_a_network_chooses_there_is_an_action(kind: Kind) -> None:
    observation = seen("say hello")
    points = [(5, 6), (70, 80)][: POINTS.get(kind, 0)]
    span = Span(0, 4, 9) if kind is Kind.COPY else None
    for head in USES[kind]:
        for label in range(SIZES[head]):
            event = predicted(kind, labels={head: label}, points=points, span=span)
            action = decode((event,), observation)
            assert event.kind is kind
            if kind not in (Kind.SPELL, Kind.COPY):  # the same words may be said in another way
                (again,) = encode(action, observation, gap_ms=int(event.value(Head.GAP)))
                assert again.labels == event.labels


@pytest.mark.parametrize(
    ("kind", "points", "span"),
    [
        (Kind.CLICK, [], None),
        (Kind.DRAG, [(1, 1)], None),
        (Kind.COPY, [], None),
        (Kind.DONE, [(1, 1)], None),
        (Kind.SPELL, [], Span(0, 0, 1)),
    ],
)
def test_a_network_must_say_what_a_kind_needs(
    kind: Kind, points: list[tuple[int, int]], span: Span | None
) -> None:
    with pytest.raises(ConfigError, match=kind.name):
        predicted(kind, points=points, span=span)


def test_what_is_no_action_is_refused() -> None:
    observation = seen("a")
    done = encode(Done(), observation)
    with pytest.raises(DataError, match="0 events"):
        decode((), observation)
    with pytest.raises(DataError, match="2 events"):
        decode(done * 2, observation)
    for span in (Span(0, 0, 9), Span(7, 0, 1)):
        with pytest.raises(DataError, match="nothing to copy"):
            decode((predicted(Kind.COPY, span=span),), observation)


# Bits ---------------------------------------------------------------------------------------------


@MANY
@given(ACTIONS, TEXT, ELEMENTS)
@example(Drag(path=((1, 1), (200, 300), (5, 5))), "", [])
def test_costs_are_positive_and_what_is_predicted_costs_too(
    action: Action, goal: str, elements: list[Element]
) -> None:
    observation = seen(goal, *elements)
    for event in encode(action, observation):
        rest, whole = rest_bits(event, observation), Codebook.uniform().bits(event, observation)
        assert 0 <= rest < whole < math.inf


@pytest.mark.parametrize("head", list(Head))
def test_the_probabilities_of_a_codebook_add_up(head: Head) -> None:
    observation = seen("say hi")
    kind = next(kind for kind in Kind if head in USES[kind])
    points = [(1, 1), (2, 2)][: POINTS.get(kind, 0)]
    span = Span(0, 0, 3) if kind is Kind.COPY else None
    some = predicted(kind, points=points, span=span)
    book = Codebook.fit([some] * 3)
    labels = [ABSENT, *range(SIZES[head])]
    events = [_with_label(some, head, label) for label in labels]
    used = [event for event in events if head is not Head.KIND]
    total = sum(2 ** -book.costs(event, observation)[head.name.lower()] for event in used)
    assert not used or total == pytest.approx(1)


def _with_label(event: Event, head: Head, label: int) -> Event:
    labels = list(event.labels)
    labels[head] = label
    rest = {head: CODES[head].value(0)} if label == ABSENT else {}
    return replace(event, labels=tuple(labels), rest=rest)


def test_a_copy_is_cheaper_than_spelling_and_habits_are_cheaper_than_surprises() -> None:
    observation = seen('Enter "Katharina" and press Submit.')
    book = Codebook.uniform()

    def cost(*, copying: bool) -> float:
        events = encode(TypeText(text="Katharina"), observation, copying=copying)
        return sum(book.bits(event, observation) for event in events)

    assert cost(copying=True) * 3 < cost(copying=False)
    (click,) = encode(Click(x=4, y=4), observation)
    assert Codebook.fit([click] * 9).bits(click, observation) < book.bits(click, observation)


@pytest.mark.parametrize(
    ("value", "bits"),
    [(240, 1.0), (241, 1 + math.log2(134)), (10**6, 1 + 2 * 20 + 1), (0, 2.0)],
)
def test_an_exact_gap_costs_what_its_class_leaves_open(value: int, bits: float) -> None:
    (event,) = encode(Done(), seen(), gap_ms=value)
    assert rest_bits(event, seen()) == pytest.approx(bits, abs=0.1)


@pytest.mark.parametrize(
    ("action", "count"),
    [
        (Wait(duration_ms=5), 0),
        (Move(x=1, y=1), 1),
        (Click(x=1, y=1), 3),
        (Click(x=1, y=1, count=2, modifiers=("ctrl",)), 7),
        (Drag(path=((1, 1), (2, 2), (3, 3))), 5),
        (ScrollBy(x=1, y=1, dy=-3), 3),
        (ScrollBy(x=1, y=1, dy=240, unit="pixel"), 1),
        (KeyChord(key="a", modifiers=("ctrl",), count=2), 6),
        (TypeText(text="abc"), 6),
    ],
)
def test_raw_events_are_those_of_the_device(action: Action, count: int) -> None:
    assert raw_events(action) == count
