"""What the network is given of one observation, as arrays, and what it is to say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from policy.actions import GOAL, Event, Span, source_of
from policy.text import (
    WORD_GRAMS,
    Floats,
    Grams,
    Match,
    Readable,
    gram_row,
    match,
    rank_said,
    split,
)
from recorder.schema import (
    NEAR_PX,
    Action,
    Element,
    KeyChord,
    Observation,
    TypeText,
    Wait,
    contains,
    element_at,
)

MOST_WORDS = 48
MOST_ELEMENTS = 128
TEXT_GRAMS, ROLE_GRAMS, VALUE_GRAMS = 24, 4, 8
FIELDS = ("name", "text", "value")
"""Parts of an element that can be copied whole."""
STATES = (
    *("checked", "disabled", "expanded", "focused", "multiline"),
    *("readonly", "required", "secret", "selected"),
)
_RANKS = 7
_PLAIN = 11  # numbers before the ranks
_STATE_PLACES = {state: _PLAIN + _RANKS + number for number, state in enumerate(STATES)}
_QUOTES = 3
WORD_FLAGS = 5 + _QUOTES + len(Match)
_TALLIED = _PLAIN + _RANKS + len(STATES)  # what follows is told by what matches
POINTED = 7
"""Which of the numbers says that the pointer is over an element."""
NUMBERS = _TALLIED + 3 * len(Match) + 2
"""Numbers that describe one element; the first two are where its middle is."""
_LEAST_REPEATED = 4  # words; fewer stand in a goal by chance
_FAR = 16  # elements; what stands further up says nothing of an element
FINE = 9
"""A place in a candidate's box is told on a grid of this many rows and columns."""
ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class StepFeatures:
    """One observation as arrays: G words of the goal, E elements."""

    words: Grams
    """(G, WORD_GRAMS) rows of the hash table."""
    word_flags: Floats
    """(G, WORD_FLAGS)."""
    elements: Grams
    """(E, TEXT_GRAMS + ROLE_GRAMS + VALUE_GRAMS)."""
    numbers: Floats
    """(E, NUMBERS)."""
    matches: Floats
    """(E, G, Match)."""
    boxes: NDArray[np.int32]
    """(E, 4) x, y, width, height in px of the screen."""
    unseen: Grams
    """(WORD_GRAMS,) of what was done last where no element shows it, else zeros."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """What the network is to say in one step; `ABSENT` where there is nothing to say."""

    labels: NDArray[np.int64]
    """(Head,)."""
    accepted: NDArray[np.bool_]
    """(2, E) elements that a press, and the release of a drag, may point at."""
    points: NDArray[np.int64]
    """(2, 2) x, y in px of the screen."""
    span: NDArray[np.int64]
    """(2,) first and last candidate of a copy: words of the goal, then fields of elements."""


def featurise(observation: Observation, unseen: Action | None = None) -> StepFeatures:
    """Return what the network is given; words and elements beyond the most are left out.

    Args:
        observation: what is seen.
        unseen: what was done last, if nothing shows it, as `left_unseen` tells.
    """
    elements = observation.elements[:MOST_ELEMENTS]
    goal = observation.goal
    said = split(goal).folded[:MOST_WORDS]
    matches = np.zeros((len(elements), len(said), len(Match)), np.float32)
    boxes = np.array([element.box for element in elements], np.int32).reshape(-1, 4)
    readable = [Readable(each.role, each.name, each.text, each.value) for each in elements]
    for number in _beyond_instruction(readable, boxes, goal):
        matches[number] = match(readable[number], goal)[: len(said)]
    _match_ranks(matches, elements, said)
    features = StepFeatures(
        words=_word_rows(goal)[: len(said)],
        word_flags=_goal_flags(goal)[: len(said)],
        elements=_element_rows(readable),
        numbers=_numbers(observation, elements),
        matches=matches,
        boxes=boxes,
        unseen=_action_rows(unseen),
    )
    return tallied(features)


def left_unseen(
    action: Action | None, before: Sequence[Element] | None, now: Sequence[Element]
) -> Action | None:
    """Return what was done if the elements don't tell, as when something is copied; else None.

    Only keys, texts and waits are returned: a pointer shows where it has been. Of what can be seen,
    a network would learn no more than to do it again.
    """
    is_blind = isinstance(action, KeyChord | TypeText | Wait)
    return action if is_blind and now and before == now else None


def _action_rows(action: Action | None) -> Grams:
    match action:
        case KeyChord():
            said = "+".join((*action.modifiers, action.key))
        case TypeText() | Wait():
            said = action.KIND
        case _:
            return np.zeros(WORD_GRAMS, np.uint16)
    return np.array(gram_row((said.casefold(),), WORD_GRAMS), np.uint16)


def tallied(features: StepFeatures) -> StepFeatures:
    """Return features that say of each word and each element how well they match, all in all."""
    matches = features.matches
    if not matches.size:
        return features
    numbers, flags = features.numbers.copy(), features.word_flags.copy()
    ends = [len(Match), 2 * len(Match), 3 * len(Match)]
    own, before, behind, under = np.split(numbers[:, _TALLIED:], ends, axis=1)
    own[:] = matches.max(axis=1)
    # what stands before a field is often its label, and so is what stands behind a box to tick
    before[0] = behind[-1] = 0
    before[1:], behind[:-1] = own[:-1], own[1:]
    away = _under(matches)
    under[:, 0], under[:, 1] = 1 / away, away <= _FAR
    flags[:, -len(Match) :] = matches.max(axis=0)
    return replace(features, numbers=numbers, word_flags=flags)


def _under(matches: Floats) -> Floats:
    """Return how many elements further up that stands which an element is under, (E,).

    That is the last one which is called as the goal says in words that the element itself is not
    called by: of several buttons that are called the same, it tells whose each is. Infinity where
    there is none.
    """
    is_named = matches[..., Match.PHRASE] > 0
    number = np.arange(len(matches))[:, None]
    last = np.full((len(matches) + 1, matches.shape[1]), -1)
    last[1:] = np.maximum.accumulate(np.where(is_named, number, -1))
    above = np.where(is_named, -1, last[:-1]).max(axis=1)
    return np.where(above < 0, np.inf, number[:, 0] - above).astype(np.float32)


def _match_ranks(matches: Floats, elements: Sequence[Element], said: Sequence[str]) -> None:
    wanted = {number: rank for number, word in enumerate(said) if (rank := rank_said(word))}
    seen: Counter[str] = Counter()
    for number, element in enumerate(elements):
        seen[element.role] += 1
        own = seen[element.role]
        # what is called by another number isn't meant by its place
        if own in wanted.values() and _numbers_in(element.name, element.text) <= {own}:
            for word, rank in wanted.items():
                matches[number, word, Match.RANK] = own == rank


def _numbers_in(*texts: str) -> set[int]:
    words = (word for text in texts for word in split(text).folded)
    return {number for word in words if (number := rank_said(word)) is not None}


def _beyond_instruction(
    elements: Sequence[Readable], boxes: NDArray[np.int32], goal: str
) -> list[int]:
    """Return which elements are no part of the instruction itself.

    It is on many pages, and matches every word of itself; parts of it may be in other elements.
    """
    beyond: list[int] = []
    instruction: NDArray[np.int32] | None = None
    for number, element in enumerate(elements):
        if _repeats_goal(element, goal):
            instruction = boxes[number]
        elif instruction is None or not _lies_in(boxes[number], instruction):
            beyond.append(number)
    return beyond


def _repeats_goal(element: Readable, goal: str) -> bool:
    if not goal:
        return False
    return element.text == goal or element.name == goal or _is_most_of(element.text, goal)


@lru_cache(maxsize=16_384)
def _is_most_of(text: str, goal: str) -> bool:
    """Say whether a text is a goal that lacks some words, which stand in elements of their own."""
    shown, said = split(text).folded, split(goal).folded
    if len(shown) < _LEAST_REPEATED or 2 * len(shown) < len(said):
        return False
    rest = iter(said)
    return all(word in rest for word in shown)


def _lies_in(inner: NDArray[np.int32], outer: NDArray[np.int32]) -> bool:
    ends = inner[:2] + inner[2:] <= outer[:2] + outer[2:]
    return bool((inner[:2] >= outer[:2]).all() and ends.all())


@lru_cache(maxsize=4096)
def _word_rows(goal: str) -> Grams:
    rows = [gram_row((word,), WORD_GRAMS) for word in split(goal).folded]
    return np.array(rows, np.uint16).reshape(-1, WORD_GRAMS)


def _element_rows(elements: Sequence[Readable]) -> Grams:
    width = TEXT_GRAMS + ROLE_GRAMS + VALUE_GRAMS
    return np.array([_element_row(each) for each in elements], np.uint16).reshape(-1, width)


@lru_cache(maxsize=16_384)
def _element_row(element: Readable) -> tuple[int, ...]:
    name, text = split(element.name).folded, split(element.text).folded
    return (
        *gram_row(name if name == text else name + text, TEXT_GRAMS),
        *gram_row(split(element.role).folded, ROLE_GRAMS),
        *gram_row(split(element.value).folded, VALUE_GRAMS),
    )


@lru_cache(maxsize=4096)
def _goal_flags(goal: str) -> Floats:
    """Return what is told of each word of a goal on any page; not to be changed."""
    said = split(goal)
    flags = np.zeros((len(said.written), WORD_FLAGS), np.float32)
    for number, quote in enumerate(said.quotes):
        if quote:
            flags[number, 4 + min(quote, _QUOTES)] = 1
    flags[:, 0] = [not word[0].isalnum() for word in said.written]
    flags[:, 1] = [quote > 0 for quote in said.quotes]
    flags[:, 2] = [word[0].isupper() for word in said.written]
    flags[:, 3] = [any(map(str.isdigit, word)) for word in said.written]
    flags[:, 4] = [number / MOST_WORDS for number in range(len(said.written))]
    return flags


def _numbers(observation: Observation, elements: Sequence[Element]) -> Floats:
    numbers = np.zeros((len(elements), NUMBERS), np.float32)
    if not elements:
        return numbers
    height, width = observation.pixels.shape[:2]
    boxes = np.array([element.box for element in elements], np.float32)
    boxes[:, :2] += boxes[:, 2:] / 2
    numbers[:, :4] = boxes / np.array([width, height, width, height], np.float32)
    numbers[:, 4] = np.arange(len(elements)) / 32
    # in px, and their logarithms: a field of two lines is told from one of one
    numbers[:, 9:11] = np.log2(np.maximum(boxes[:, 2:], 1)) / 4
    seen: Counter[str] = Counter()
    for number, element in enumerate(elements):
        rank = min(seen[element.role], _RANKS - 1)
        seen[element.role] += 1
        numbers[number, _PLAIN + rank] = 1
        for state in element.states:
            if state in _STATE_PLACES:
                numbers[number, _STATE_PLACES[state]] = 1
    numbers[:, 5:8] = [
        (bool(each.value), bool(each.text or each.name), contains(each.box, observation.cursor))
        for each in elements
    ]
    numbers[:, 8] = [seen[element.role] / 8 for element in elements]
    return numbers.clip(-4, 4)


def placed(features: StepFeatures) -> StepFeatures:
    """Return features that say anew the how-manieth each element is, of all and of its role."""
    count = len(features.elements)
    if not count:
        return features
    numbers = features.numbers.copy()
    of_role = features.elements[:, TEXT_GRAMS : TEXT_GRAMS + ROLE_GRAMS]
    same = (of_role[:, None] == of_role).all(axis=2)
    rank = np.minimum(np.tril(same, -1).sum(axis=1), _RANKS - 1)
    numbers[:, 4] = np.arange(count) / 32
    numbers[:, 8] = same.sum(axis=1) / 8
    numbers[:, _PLAIN : _PLAIN + _RANKS] = np.arange(_RANKS) == rank[:, None]
    return replace(features, numbers=numbers.clip(-4, 4))


# What is to be said -------------------------------------------------------------------------------


def targets(event: Event, observation: Observation) -> Targets:
    """Return what the network is to say for an event in sight of an observation."""
    elements = observation.elements[:MOST_ELEMENTS]
    accepted = np.zeros((2, len(elements)), np.bool_)
    points = np.full((2, 2), ABSENT, np.int64)
    ends = (event.points[0], event.points[-1]) if len(event.points) > 1 else event.points
    for number, point in enumerate(ends):
        points[number] = point
        accepted[number] = accepted_elements(point, elements)
    return Targets(
        labels=np.array(event.labels, np.int64),
        accepted=accepted,
        points=points,
        span=_span_target(event, observation),
    )


def accepted_elements(point: tuple[int, int], elements: Sequence[Element]) -> NDArray[np.bool_]:
    """Return the elements whose middle is as good as a point, (E,); else the one that it hits."""
    around = np.zeros(len(elements), np.bool_)
    for number, element in enumerate(elements):
        x, y, width, height = element.box
        away = max(abs(point[0] - (x + width / 2)), abs(point[1] - (y + height / 2)))
        around[number] = away <= NEAR_PX and contains(element.box, point)
    hit = None if around.any() else element_at(point, elements)
    if hit is not None:
        around[hit] = True
    return around


def _span_target(event: Event, observation: Observation) -> NDArray[np.int64]:
    if event.span is None:
        return np.full(2, ABSENT, np.int64)
    for first, last, span in _spans(observation):
        if span == event.span:
            return np.array([first, last], np.int64)
    if event.span.source != GOAL:
        return np.full(2, ABSENT, np.int64)
    return _goal_span(event.span, observation.goal)


def _goal_span(span: Span, goal: str) -> NDArray[np.int64]:
    spans = split(goal).spans[:MOST_WORDS]
    starts = {start: number for number, (start, _) in enumerate(spans)}
    ends = {end: number for number, (_, end) in enumerate(spans)}
    if span.start not in starts or span.end not in ends:
        return np.full(2, ABSENT, np.int64)
    return np.array([starts[span.start], ends[span.end]], np.int64)


def _spans(observation: Observation) -> list[tuple[int, int, Span]]:
    """Return each whole field that can be copied, with its place among the candidates."""
    count = min(len(split(observation.goal).spans), MOST_WORDS)
    found: list[tuple[int, int, Span]] = []
    for number, element in enumerate(observation.elements[:MOST_ELEMENTS]):
        for place, text in enumerate((element.name, element.text, element.value)):
            if text:
                candidate = count + number * len(FIELDS) + place
                span = Span(source_of(number, FIELDS[place]), 0, len(text))  # pyright: ignore[reportArgumentType]
                found.append((candidate, candidate, span))
    return found


def span_at(first: int, last: int, observation: Observation) -> Span | None:
    """Return the span between two candidates of a copy; None when there is none."""
    spans = split(observation.goal).spans[:MOST_WORDS]
    if first < len(spans):
        last = min(max(first, last), len(spans) - 1)
        return Span(GOAL, spans[first][0], spans[last][1])
    number, place = divmod(first - len(spans), len(FIELDS))
    if not 0 <= number < min(len(observation.elements), MOST_ELEMENTS):
        return None
    element = observation.elements[number]
    length = len((element.name, element.text, element.value)[place])
    return Span(source_of(number, FIELDS[place]), 0, length) if length else None
