"""The event codec: an action as what a network says of it, and what that leaves out.

Labels, points and a span are what a network predicts. What they do not say exactly is carried in
`rest`, so that every action comes back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias, assert_never, cast

from policy.actions.heads import (
    ABSENT,
    CODES,
    MODIFIERS,
    PLAIN_KEYS,
    POINTS,
    USES,
    Head,
    Kind,
    Value,
    unit_px,
)
from policy.actions.spans import CASINGS, Copy, Span, cut, texts
from policy.errors import ConfigError, DataError
from recorder.schema import (
    Action,
    Ask,
    Button,
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

Point: TypeAlias = tuple[int, int]


class Extra(StrEnum):
    """What no head says."""

    BUTTON = "button"
    CLICKS = "clicks"
    MODIFIERS = "modifiers"  # when they are not the four in alphabetical order
    QUESTION = "question"


Exact: TypeAlias = Value | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One choice of a network: an action, or a piece of a text that is typed."""

    labels: tuple[int, ...]
    """A class for each `Head`, in their order; `ABSENT` where there is none."""
    points: tuple[Point, ...] = ()
    """Places in px of the observation; of a drag, a network says the first and the last."""
    span: Span | None = None
    """What is copied."""
    rest: Mapping[Head | Extra, Exact] = field(default_factory=dict[Head | Extra, Exact])
    """Exact values where labels do not say them."""

    @property
    def kind(self) -> Kind:
        """What is done."""
        return Kind(self.labels[Head.KIND])

    def label(self, head: Head) -> int:
        """Return the class that a head should say."""
        return self.labels[head]

    def value(self, head: Head) -> Value:
        """Return the exact value that a head stands for."""
        exact = self.rest.get(head)
        return CODES[head].value(self.labels[head]) if exact is None else cast("Value", exact)


_CLICKS: Mapping[tuple[str, int], Kind] = {
    ("left", 1): Kind.CLICK,
    ("left", 2): Kind.DOUBLE_CLICK,
    ("right", 1): Kind.RIGHT_CLICK,
}
_BUTTONS = {kind: pressed for pressed, kind in _CLICKS.items()}
_CHARACTERS = {key: character for character, key in PLAIN_KEYS.items()}


@dataclass(slots=True)
class _Draft:
    """An event that is being put together."""

    kind: Kind
    points: tuple[Point, ...] = ()
    span: Span | None = None
    labels: dict[Head, int] = field(default_factory=dict[Head, int])
    rest: dict[Head | Extra, Exact] = field(default_factory=dict[Head | Extra, Exact])

    def put(self, head: Head, value: Value) -> _Draft:
        label = self.labels[head] = CODES[head].label(value)
        if label == ABSENT or CODES[head].value(label) != value:
            self.rest[head] = value
        return self

    def hold(self, modifiers: tuple[str, ...]) -> _Draft:
        for name, head in MODIFIERS.items():
            self.labels[head] = int(name in modifiers)
        if tuple(name for name in MODIFIERS if name in modifiers) != modifiers:
            self.rest[Extra.MODIFIERS] = modifiers
        return self

    def event(self, gap_ms: int) -> Event:
        self.put(Head.KIND, self.kind).put(Head.GAP, gap_ms)
        labels = tuple(self.labels.get(head, ABSENT) for head in Head)
        return Event(labels, self.points, self.span, self.rest)


def encode(
    action: Action, observation: Observation, *, gap_ms: int = 0, copying: bool = True
) -> tuple[Event, ...]:
    """Return the events of an action that is taken in sight of an observation.

    All but texts are one event. A text that can be read in view is one event too; of any other,
    words of the goal and single characters are one event each.

    Args:
        action: what is done.
        observation: what was seen before; its goal and elements are what texts are copied from.
        gap_ms: time since the action before began.
        copying: False to spell every text.
    """
    if isinstance(action, TypeText):
        drafts = _typed(action.text, texts(observation) if copying else [""])
    else:
        drafts = [_draft(action)]
    return tuple(draft.event(0 if number else gap_ms) for number, draft in enumerate(drafts))


def _typed(text: str, sources: Sequence[str]) -> list[_Draft]:
    pieces = cut(text, sources) or [""]
    return [
        _piece(piece).put(Head.MORE, int(number < len(pieces)))
        for number, piece in enumerate(pieces, start=1)
    ]


def _piece(piece: Copy | str) -> _Draft:
    if isinstance(piece, Copy):
        return _Draft(Kind.COPY, span=piece.span).put(Head.CASING, piece.casing)
    # a key's name stands for that key, but as a text it would be spelled letter by letter
    return _Draft(Kind.SPELL).put(Head.KEY, PLAIN_KEYS.get(piece, piece))


def _draft(action: Wait | Move | Click | Drag | ScrollBy | KeyChord | Done | Ask) -> _Draft:
    match action:
        case Wait():
            return _Draft(Kind.WAIT).put(Head.DURATION, action.duration_ms)
        case Move():
            return _Draft(Kind.MOVE, ((action.x, action.y),))
        case Click():
            return _clicked(action)
        case Drag():
            drag = _Draft(Kind.DRAG, action.path).hold(action.modifiers)
            if action.button != "left":
                drag.rest[Extra.BUTTON] = action.button
            return drag
        case ScrollBy():
            return _scrolled(action)
        case KeyChord():
            key = _Draft(Kind.KEY).put(Head.KEY, action.key).put(Head.COUNT, action.count)
            return key.hold(action.modifiers)
        case Done():
            return _Draft(Kind.DONE)
        case Ask():
            return _Draft(Kind.ASK, rest={Extra.QUESTION: action.question})
        case _:
            assert_never(action)


def _clicked(action: Click) -> _Draft:
    pressed = (action.button, action.count)
    draft = _Draft(_CLICKS.get(pressed, Kind.CLICK), ((action.x, action.y),))
    if pressed not in _CLICKS:
        draft.rest |= {Extra.BUTTON: action.button, Extra.CLICKS: action.count}
    return draft.hold(action.modifiers)


def _scrolled(action: ScrollBy) -> _Draft:
    draft = _Draft(Kind.SCROLL, ((action.x, action.y),)).put(Head.UNIT, action.unit)
    for head, turn in ((Head.SCROLL_X, action.dx), (Head.SCROLL_Y, action.dy)):
        draft.labels[head] = label = CODES[head].label(turn / unit_px(action.unit))
        if _turn(head, label, action.unit) != turn:
            draft.rest[head] = turn
    return draft


def _turn(head: Head, label: int, unit: str) -> float:
    return float(CODES[head].value(label)) * unit_px(unit)


# Back to actions ----------------------------------------------------------------------------------


def decode(events: Sequence[Event], observation: Observation) -> Action:
    """Return the action that events stand for.

    Raises:
        DataError: there are no events, several that are no text, or one copies what is not there.
    """
    kinds = {event.kind for event in events}
    if events and kinds <= {Kind.COPY, Kind.SPELL}:
        sources = texts(observation)
        return TypeText(text="".join(_read(event, sources) for event in events))
    if len(events) != 1:
        names = sorted(kind.name for kind in kinds)
        raise DataError(
            f"{len(events)} events {names} are no action; allowed: one, or pieces of text"
        )
    return _action(events[0])


def _read(event: Event, sources: Sequence[str]) -> str:
    if event.span is None:
        key = str(event.value(Head.KEY))
        return _CHARACTERS.get(key, key)
    span = event.span
    if span.source >= len(sources) or span.end > len(sources[span.source]):
        raise DataError(f"nothing to copy at {span}: the observation has other texts")
    read = sources[span.source][span.start : span.end]
    return CASINGS[event.label(Head.CASING)](read)


def _action(event: Event) -> Action:
    match event.kind:
        case Kind.WAIT:
            return Wait(duration_ms=int(event.value(Head.DURATION)))
        case Kind.CLICK | Kind.DOUBLE_CLICK | Kind.RIGHT_CLICK | Kind.MOVE | Kind.DRAG:
            return _pointed(event)
        case Kind.SCROLL:
            return _wheel(event)
        case Kind.KEY:
            key, count = str(event.value(Head.KEY)), int(event.value(Head.COUNT))
            return KeyChord(key=key, modifiers=_held(event), count=count)
        case Kind.DONE:
            return Done()
        case Kind.ASK:
            return Ask(question=str(event.rest.get(Extra.QUESTION, "")))
        case _:
            raise AssertionError(event.kind)  # texts are decoded elsewhere


def _pointed(event: Event) -> Action:
    rest: Mapping[Head | Extra, Any] = event.rest
    if event.kind is Kind.DRAG:
        button: Button = rest.get(Extra.BUTTON, "left")
        return Drag(path=event.points, button=button, modifiers=_held(event))
    x, y = event.points[0]
    if event.kind is Kind.MOVE:
        return Move(x=x, y=y)
    usual = _BUTTONS[event.kind]
    pressed: Button = rest.get(Extra.BUTTON, usual[0])
    count: int = rest.get(Extra.CLICKS, usual[1])
    return Click(x=x, y=y, button=pressed, count=count, modifiers=_held(event))


def _wheel(event: Event) -> ScrollBy:
    rest: Mapping[Head | Extra, Any] = event.rest
    x, y = event.points[0]
    unit: Any = event.value(Head.UNIT)
    dx, dy = (
        rest.get(head, _turn(head, event.label(head), unit))
        for head in (Head.SCROLL_X, Head.SCROLL_Y)
    )
    return ScrollBy(x=x, y=y, dx=dx, dy=dy, unit=unit)


def _held(event: Event) -> tuple[str, ...]:
    exact: Any = event.rest.get(Extra.MODIFIERS)
    if exact is not None:
        return exact
    return tuple(name for name, head in MODIFIERS.items() if event.label(head) == 1)


def predicted(
    kind: Kind,
    *,
    labels: Mapping[Head, int] | None = None,
    points: Sequence[Point] = (),
    span: Span | None = None,
) -> Event:
    """Return the event that a network's choices stand for; heads that it lacks are at their first.

    Raises:
        ConfigError: a kind has not the points or the span that it needs.
    """
    if len(points) != POINTS.get(kind, 0) or (span is None) == (kind is Kind.COPY):
        raise ConfigError(
            f"{kind.name} with {len(points)} points and {'a' if span else 'no'} span; "
            f"it takes {POINTS.get(kind, 0)} points, and COPY alone takes a span"
        )
    said = {**(labels or {}), Head.KIND: int(kind)}
    # no scroll is the middle class of its heads
    plain = {head: CODES[head].label(0) for head in (Head.SCROLL_X, Head.SCROLL_Y)}
    used = USES[kind]
    return Event(
        tuple(said.get(head, plain.get(head, 0)) if head in used else ABSENT for head in Head),
        tuple(points),
        span,
    )
