"""Gestures: low-level input reduced to actions, as the person meant them.

First every press, wheel notch and key becomes an action of its own; then neighbours that belong
together are merged: clicks into a double click, notches into one scroll, characters into a text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from recorder.align.keysyms import character_of, is_lock, key_name, modifier_of
from recorder.align.paths import near, simplify
from recorder.schema import (
    Action,
    AgentAction,
    Click,
    Controller,
    Drag,
    Element,
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

_MS = 1_000_000
_STILL_NS = 300 * _MS  # a pointer that rests this long has ended its movement
_AIM_NS = 500 * _MS  # a press this soon after a movement is what the movement was for
_LONGEST_AIM_NS = 2000 * _MS
_DOUBLE_CLICK_NS = 500 * _MS
_SCROLL_NS = 300 * _MS
_TYPING_NS = 1500 * _MS
_REPEAT_NS = 300 * _MS
_CAUSE_NS = 500 * _MS  # text this soon after a key came from that key
_INSERTS = frozenset({"insertText", "insertCompositionText", "insertFromComposition"})
_COMPOSING = frozenset({"Process", "Dead", "Unidentified", "Compose"})
_COMMANDS = frozenset({"alt", "ctrl", "meta"})
_ACCENTS = frozenset("\u00b4`^\u00a8~\u00b8\u02d8\u02c7\u02d9\u00b0\"'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gesture:
    """One action and when it happened."""

    action: Action
    begin_ns: int
    """When it began; for clicks and drags, when the pointer began to move there."""
    acted_ns: int
    """When it first did something: the press, the first key, the first notch."""
    end_ns: int
    controller: Controller = Controller.HUMAN
    agent: str = ""
    page: str = ""
    target: Element | None = None
    redacted: bool = False
    composed: str = ""
    """End of a typed text that an input method may still replace."""
    repeat: bool = False
    """True when the system repeated a key that was held."""


def reduce_events(
    events: Sequence[InputEvent | HeldState],
    *,
    rest_ns: int = 0,
    changed: Callable[[int, int], bool] = lambda start_ns, end_ns: False,
) -> list[Gesture]:
    """Return what one actor did, in order.

    Args:
        events: input events of one actor, sorted by time, with the held states between them.
        rest_ns: a pointer that rests this long, while the screen changes, was moved there for its
            own sake; 0 leaves all mere movements out.
        changed: whether the screen changed between two times.
    """
    reducer = _Reducer(rest_ns, changed, _typed_keys(events))
    for number, event in enumerate(events):
        reducer.take(number, event)
    return merge(reducer.finish())


def of_agent(entry: AgentAction, page: str) -> Gesture:
    """Return the gesture that an executor recorded itself."""
    return Gesture(
        action=entry.action,
        begin_ns=entry.t_ns,
        acted_ns=entry.t_ns,
        end_ns=entry.end_ns,
        controller=entry.controller,
        agent=entry.agent,
        page=page,
    )


# One by one -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Press:
    """A pointer button that is down."""

    event: PointerButton
    begin_ns: int
    modifiers: tuple[str, ...]
    path: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Typed:
    """Which keys typed a text that is in the recording as such; events are known by position."""

    keys: frozenset[int]
    begin_ns: dict[int, int]
    """When the key behind a text went down."""


def _typed_keys(events: Sequence[InputEvent | HeldState]) -> _Typed:
    keys: set[int] = set()
    begin_ns: dict[int, int] = {}
    last: dict[str, int] = {}
    for number, event in enumerate(events):
        if isinstance(event, Key) and event.down:
            last[event.page] = number
        elif isinstance(event, TextInput) and event.input_type in _INSERTS:
            key = last.pop(event.page, None)
            if key is not None and event.t_ns - events[key].t_ns <= _CAUSE_NS:
                keys.add(key)
                begin_ns[number] = events[key].t_ns
    return _Typed(frozenset(keys), begin_ns)


class _Reducer:
    """Turns the events of one actor into gestures that are not merged yet."""

    def __init__(self, rest_ns: int, changed: Callable[[int, int], bool], typed: _Typed) -> None:
        self._rest_ns = rest_ns
        self._changed = changed
        self._typed = typed
        self._gestures: list[Gesture] = []
        self._run: list[PointerMove] = []
        self._pressed: dict[str, _Press] = {}
        self._modifiers: set[str] = set()
        self._lone: str = ""
        self._composing = 0

    def take(self, number: int, event: InputEvent | HeldState) -> None:
        """Take the next event."""
        if isinstance(event, PointerMove):
            self._move(event)
            return
        if isinstance(event, InputEvent):
            self._end_run(event.t_ns)
        match event:
            case PointerButton(down=True):
                self._lone = ""
                self._press(event)
            case PointerButton():
                self._release(event)
            case Scroll():
                self._lone = ""
                self._add(
                    event,
                    ScrollBy(x=event.x, y=event.y, dx=event.dx, dy=event.dy, unit=event.unit),
                )
            case Key():
                self._key(number, event)
            case TextInput():
                self._text(number, event)
            case HeldState():
                self._let_go(event)
            case _:
                pass
        if not isinstance(event, Key):
            self._run.clear()

    def finish(self) -> list[Gesture]:
        """Return all gestures, in order; a press that was never released counts as a click."""
        for press in self._pressed.values():
            self._clicked(press, press.event)
        in_order = sorted(self._gestures, key=lambda gesture: gesture.acted_ns)
        # a movement that began before the last action ended was not aimed yet
        return in_order[:1] + [
            replace(two, begin_ns=min(two.acted_ns, max(two.begin_ns, one.end_ns)))
            for one, two in pairwise(in_order)
        ]

    def _add(self, event: InputEvent, action: Action, begin_ns: int | None = None) -> None:
        self._gestures.append(
            Gesture(
                action=action,
                begin_ns=event.t_ns if begin_ns is None else begin_ns,
                acted_ns=event.t_ns if begin_ns is None else begin_ns,
                end_ns=event.t_ns,
                controller=event.controller,
                agent=event.agent,
                page=event.page,
                target=getattr(event, "target", None),
            )
        )

    # Pointer

    def _move(self, event: PointerMove) -> None:
        for press in self._pressed.values():
            press.path.append((event.x, event.y))
        if self._run and event.t_ns - self._run[-1].t_ns > _STILL_NS:
            self._end_run(event.t_ns)
            self._run.clear()
        self._run.append(event)

    def _end_run(self, t_ns: int) -> None:
        """Keep a movement for its own sake when the screen answered to it while it rested."""
        if not self._run or not self._rest_ns or self._pressed:
            return
        first, last = self._run[0], self._run[-1]
        if t_ns - last.t_ns >= self._rest_ns and self._changed(last.t_ns, t_ns):
            self._add(last, Move(x=last.x, y=last.y), first.t_ns)
            self._run.clear()

    def _press(self, event: PointerButton) -> None:
        begin_ns = event.t_ns
        if self._run and event.t_ns - self._run[-1].t_ns <= _AIM_NS:
            begin_ns = max(self._run[0].t_ns, event.t_ns - _LONGEST_AIM_NS)
        modifiers = tuple(sorted(self._modifiers))
        self._pressed[event.button] = _Press(event, begin_ns, modifiers, [(event.x, event.y)])

    def _release(self, event: PointerButton) -> None:
        press = self._pressed.pop(event.button, None)
        if press is None:
            return
        press.path.append((event.x, event.y))
        self._clicked(press, event)

    def _clicked(self, press: _Press, end: PointerButton) -> None:
        down = press.event
        if all(near(point, (down.x, down.y)) for point in press.path):
            action: Action = Click(
                x=down.x, y=down.y, button=down.button, modifiers=press.modifiers
            )
        else:
            path = tuple(simplify(press.path))
            action = Drag(path=path, button=down.button, modifiers=press.modifiers)
        self._add(down, action, press.begin_ns)
        self._gestures[-1] = replace(
            self._gestures[-1], acted_ns=down.t_ns, end_ns=max(down.t_ns, end.t_ns)
        )

    def _let_go(self, held: HeldState) -> None:
        """End the presses whose release was missed."""
        for button in self._pressed.keys() - set(held.buttons):
            press = self._pressed.pop(button)
            self._clicked(press, press.event)

    # Keyboard

    def _key(self, number: int, key: Key) -> None:
        modifier = modifier_of(key)
        if modifier:
            self._modifier(key, modifier)
        elif key.down and not is_lock(key):
            self._lone = ""
            action = self._key_action(key)
            if number not in self._typed.keys and action is not None:
                self._add(key, action)
                self._gestures[-1] = replace(self._gestures[-1], repeat=key.repeat)

    def _modifier(self, key: Key, modifier: str) -> None:
        if key.down:
            self._modifiers.add(modifier)
            self._lone = "" if key.repeat and not self._lone else modifier
            return
        self._modifiers.discard(modifier)
        if self._lone == modifier and modifier in ("alt", "meta"):  # these open menus on their own
            self._add(key, KeyChord(key=modifier.capitalize()))
        self._lone = ""

    def _key_action(self, key: Key) -> Action | None:
        name, character = key_name(key), character_of(key.symbol)
        is_command = bool(_COMMANDS & set(key.modifiers))
        if name in ("Dead", "Compose") and not key.page:
            self._composing = 1 if name == "Dead" else 2
        elif key.page and name in _COMPOSING:
            return None  # what an input method makes of it comes as text
        elif character and not is_command and not key.page:
            if not self._composing:
                return TypeText(text=character)
            self._composing -= 1
        return KeyChord(key=name, modifiers=tuple(sorted(key.modifiers)))

    def _text(self, number: int, event: TextInput) -> None:
        if event.input_type not in _INSERTS or not event.text:
            return  # deletions, line breaks and pastes are there as keys
        self._lone = ""
        self._add(event, TypeText(text=event.text), self._typed.begin_ns.get(number))
        if event.input_type != "insertText":
            self._gestures[-1] = replace(self._gestures[-1], composed=event.text)


# Together -------------------------------------------------------------------------------------


def merge(gestures: Iterable[Gesture]) -> list[Gesture]:
    """Return gestures with those that belong together made one."""
    merged: list[Gesture] = []
    for gesture in gestures:
        both = _merged(merged[-1], gesture) if merged else None
        if both is None:
            merged.append(gesture)
        else:
            merged[-1] = both
    return merged


def _merged(one: Gesture, two: Gesture) -> Gesture | None:
    if one.page != two.page:
        return None
    action = _merged_action(one, two)
    if action is None:
        return None
    return replace(one, action=action, end_ns=two.end_ns, composed=two.composed)


def _merged_action(one: Gesture, two: Gesture) -> Action | None:
    since_ns = two.acted_ns - one.end_ns
    match one.action, two.action:
        case Click() as first, Click() as second:
            same = replace(first, count=second.count, x=second.x, y=second.y) == second
            nearby = near((first.x, first.y), (second.x, second.y))
            if same and nearby and since_ns <= _DOUBLE_CLICK_NS and first.count < 3:
                return replace(first, count=first.count + 1)
        case ScrollBy() as first, ScrollBy() as second:
            if first.unit == second.unit and since_ns <= _SCROLL_NS and _same_way(first, second):
                return replace(first, dx=first.dx + second.dx, dy=first.dy + second.dy)
        case TypeText() as first, TypeText() as second:
            if since_ns <= _TYPING_NS:
                return TypeText(text=_joined(first.text, one.composed, second.text, two.composed))
        case KeyChord() as first, KeyChord() as second:
            same = replace(first, count=second.count) == second
            if same and (two.repeat or since_ns <= _REPEAT_NS):
                return replace(first, count=first.count + second.count)
        case _:
            pass
    return None


def _joined(before: str, composed: str, after: str, composing: str) -> str:
    """Return two texts as one, the second in place of what the first was still composing."""
    replaces = (
        composed
        and composing
        and (
            after.startswith(composed)
            or composed.startswith(after)
            or composed in _ACCENTS
            or (composed.isascii() and not after.isascii())
        )
    )
    return (before.removesuffix(composed) if replaces else before) + after


def _same_way(one: ScrollBy, two: ScrollBy) -> bool:
    return one.dx * two.dx >= 0 and one.dy * two.dy >= 0
