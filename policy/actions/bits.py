"""What events cost in bits, so that codecs and policies can be compared.

A cost is that of labels, points and span under some probabilities, plus that of what they leave
out. Divided by the number of raw events of the device it does not depend on how actions are cut.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from policy.actions.codec import Event, Exact, Extra
from policy.actions.heads import CODES, SIZES, USES, Head, Kind, literal_bits
from policy.actions.spans import Span, is_aligned, texts, words
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    KeyChord,
    Move,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
)


def raw_events(action: Action) -> int:
    """Return how many records of a device an action stands for: presses, releases, moves, notches.

    Waits, and words to the harness, are none.
    """
    match action:
        case Wait() | Done() | Ask():
            return 0
        case Move():
            return 1
        case Click():
            return 1 + 2 * (action.count + len(action.modifiers))
        case Drag():
            return len(action.path) + 2 + 2 * len(action.modifiers)
        case ScrollBy():
            turns = abs(action.dx) + abs(action.dy)
            is_whole = action.unit == "notch" and math.isfinite(turns)
            return max(1, round(turns)) if is_whole else 1
        case KeyChord():
            return 2 * (action.count + len(action.modifiers))
        case TypeText():
            return 2 * len(action.text)
        case _:
            assert_never(action)


def rest_bits(event: Event, observation: Observation) -> float:
    """Return the cost of what no network predicts, in bits.

    That is: exact values within their classes, and the middle of a drag's path, each point told by
    its distance from the one before.
    """
    scalars = [head for head in USES[event.kind] if head is not Head.KIND]
    cost = sum(_scalar_bits(event, head) for head in scalars)
    cost += sum(_exact_bits(exact) for name, exact in event.rest.items() if name in tuple(Extra))
    if event.kind is Kind.DRAG:
        cost += literal_bits(len(event.points))
        middle = zip(event.points, event.points[1:-1], strict=False)
        cost += sum(
            literal_bits(x - before_x) + literal_bits(y - before_y)
            for (before_x, before_y), (x, y) in middle
        )
    return cost


def _scalar_bits(event: Event, head: Head) -> float:
    exact = event.rest.get(head)
    value = event.value(head) if exact is None else exact
    assert not isinstance(value, tuple), value
    return CODES[head].rest_bits(value, event.label(head))


def _exact_bits(exact: Exact) -> float:
    return sum(map(literal_bits, exact)) + 1 if isinstance(exact, tuple) else literal_bits(exact)


@dataclass(frozen=True, slots=True)
class Codebook:
    """How probable each class of each head is: the code of a policy that sees nothing."""

    counts: Mapping[tuple[Kind | None, Head], Mapping[int, int]] = field(
        default_factory=dict[tuple[Kind | None, Head], Mapping[int, int]]
    )
    """How often each label came; that of `Head.KIND` under None."""

    @classmethod
    def uniform(cls) -> Codebook:
        """Return a codebook that has seen nothing: all classes are alike."""
        return cls()

    @classmethod
    def fit(cls, events: Iterable[Event]) -> Codebook:
        """Return the codebook of what comes in some events."""
        counts: dict[tuple[Kind | None, Head], Counter[int]] = {}
        for event in events:
            for head in USES[event.kind]:
                counts.setdefault(_place(event, head), Counter())[event.label(head)] += 1
        return cls(counts)

    def bits(self, event: Event, observation: Observation) -> float:
        """Return the whole cost of an event in sight of an observation, in bits."""
        return sum(self.costs(event, observation).values())

    def costs(self, event: Event, observation: Observation) -> dict[str, float]:
        """Return the cost of each part of an event in sight of an observation, in bits.

        A place on the screen costs the logarithm of its pixels, a span that of the spans of whole
        words of its text; `rest` is what no network predicts.
        """
        costs = {head.name.lower(): self._label_bits(event, head) for head in USES[event.kind]}
        ends = event.points[:1] + event.points[1:][-1:]
        costs["pointer"] = sum(_point_bits(point, observation) for point in ends)
        costs["span"] = _span_bits(event.span, observation) if event.span else 0.0
        costs["rest"] = rest_bits(event, observation)
        return costs

    def _label_bits(self, event: Event, head: Head) -> float:
        # half an observation of each class beforehand, as Krichevsky and Trofimov estimate;
        # having no class is one more
        counts = self.counts.get(_place(event, head), {})
        classes = SIZES[head] + 1
        share = (counts.get(event.label(head), 0) + 0.5) / (sum(counts.values()) + classes / 2)
        return -math.log2(share)


def _place(event: Event, head: Head) -> tuple[Kind | None, Head]:
    return (None if head is Head.KIND else event.kind, head)


def _point_bits(point: tuple[int, int], observation: Observation) -> float:
    height, width = observation.pixels.shape[:2]
    x, y = point
    if 0 <= x < width and 0 <= y < height:
        return 1.0 + math.log2(width * height)
    return 1.0 + literal_bits(x) + literal_bits(y)


def _span_bits(span: Span, observation: Observation) -> float:
    sources = texts(observation)
    source = sources[span.source]
    count = len(words(source)) if is_aligned(span, source) else len(source)
    filled = sum(map(bool, sources))
    return 1.0 + math.log2(filled) + math.log2(count * (count + 1) / 2)
