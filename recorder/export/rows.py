"""Rows: a piece of a recording on a grid of constant rate, its input packed into vectors.

Row `i` shows what was on screen at `i / fps` and holds what was done from then until the next row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.align.pieces import Piece
from recorder.codec import event_to_dict
from recorder.schema import (
    AgentAction,
    Event,
    Frame,
    FrameUnchanged,
    HeldState,
    InputEvent,
    Key,
    PointerButton,
    PointerMove,
    Redacted,
    Scroll,
)
from recorder.surgery.spans import PANIC, TAKEN_OUT

_SECOND = 1_000_000_000
_BUTTONS = ("left", "middle", "right", "back", "forward")
_NAMED_KEYS = (
    "Enter Escape Backspace Tab Space Minus Equal BracketLeft BracketRight Backslash Semicolon "
    "Quote Backquote Comma Period Slash CapsLock IntlBackslash PrintScreen ScrollLock Pause Insert "
    "Home PageUp Delete End PageDown ArrowRight ArrowLeft ArrowDown ArrowUp NumLock ContextMenu "
    "NumpadDivide NumpadMultiply NumpadSubtract NumpadAdd NumpadEnter NumpadDecimal ControlLeft "
    "ShiftLeft AltLeft MetaLeft ControlRight ShiftRight AltRight MetaRight other"
)
_KEYS = (
    *(f"Key{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    *(f"Digit{digit}" for digit in range(10)),
    *(f"F{number}" for number in range(1, 13)),
    *(f"Numpad{digit}" for digit in range(10)),
    *_NAMED_KEYS.split(),
)
_HELD = (*(f"button_{name}" for name in _BUTTONS), *(f"key_{name}" for name in _KEYS))
_WHEEL = ("wheel_notch_dx", "wheel_notch_dy", "wheel_pixel_dx", "wheel_pixel_dy")
STATE_NAMES = ("pointer_x", "pointer_y", *_HELD)
"""What a state vector holds: the pointer, and 1 for each button and key that is down."""
ACTION_NAMES = ("pointer_x", "pointer_y", "pointer_dx", "pointer_dy", *_WHEEL, *_HELD)
"""What an action vector holds: where the pointer ends, how far it went, how far the wheel turned,
and 1 for each button and key that was down at any moment."""
_PLACE = {name: place for place, name in enumerate(_HELD)}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One moment of the grid."""

    frame: Frame
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    events: list[dict[str, Any]]
    """What was done until the next row, in order and in full."""


class Shown:
    """Which frame was on screen at each moment of a recording, whatever its page."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._times: list[int] = []
        self._frames: list[Frame | None] = []
        last: dict[str, Frame] = {}
        for event in sorted(events, key=lambda event: event.t_ns):
            match event:
                case Frame():
                    last[event.page] = event
                    self._put(event.t_ns, event)
                case FrameUnchanged() if event.page in last:
                    self._put(event.t_ns, last[event.page])
                case Redacted() if event.reason in (TAKEN_OUT, PANIC):
                    last.clear()
                    self._put(event.t_ns, None)
                case _:
                    pass

    def at(self, t_ns: int, since_ns: int) -> Frame | None:
        """Return the last frame up to a moment, None when none was looked at since `since_ns`."""
        place = bisect_right(self._times, t_ns) - 1
        return self._frames[place] if place >= 0 and self._times[place] >= since_ns else None

    def first_in(self, start_ns: int, end_ns: int) -> int | None:
        """Return the first moment of a span at which a frame was shown."""
        place = bisect_right(self._times, start_ns - 1)
        while place < len(self._times) and self._times[place] < end_ns:
            if self._frames[place] is not None:
                return self._times[place]
            place += 1
        return None

    def _put(self, t_ns: int, frame: Frame | None) -> None:
        self._times.append(t_ns)
        self._frames.append(frame)


@dataclass(slots=True)
class _Hand:
    """Pointer, buttons and keys as they are, and what they did since the last row."""

    x: float = 0.0
    y: float = 0.0
    down: set[str] = field(default_factory=set[str])
    pressed: set[str] = field(default_factory=set[str])
    moved: list[float] = field(default_factory=lambda: [0.0, 0.0])
    wheel: list[float] = field(default_factory=lambda: [0.0] * len(_WHEEL))

    def take(self, event: Event) -> None:
        """Follow one event."""
        match event:
            case PointerMove() | Scroll() | PointerButton():
                self.moved[0] += event.x - self.x
                self.moved[1] += event.y - self.y
                self.x, self.y = event.x, event.y
            case HeldState():
                self.x, self.y = event.x, event.y
                self.down = {f"button_{name}" for name in event.buttons}
            case _:
                pass
        match event:
            case Scroll():
                first = 0 if event.unit == "notch" else 2
                self.wheel[first] += event.dx
                self.wheel[first + 1] += event.dy
            case PointerButton():
                self._hold(f"button_{event.button}", down=event.down)
            case Key():
                name = f"key_{event.code}"
                self._hold(name if name in _PLACE else "key_other", down=event.down)
            case _:
                pass

    def _hold(self, name: str, *, down: bool) -> None:
        if down:
            self.down.add(name)
            self.pressed.add(name)
        else:
            self.down.discard(name)

    def state(self) -> NDArray[np.float32]:
        """Return the state vector of this moment."""
        return np.array([self.x, self.y, *_multi_hot(self.down)], np.float32)

    def action(self) -> NDArray[np.float32]:
        """Return the action vector since the last row, and begin the next."""
        held = _multi_hot(self.down | self.pressed)
        vector = np.array([self.x, self.y, *self.moved, *self.wheel, *held], np.float32)
        self.pressed = set(self.down)
        self.moved, self.wheel = [0.0, 0.0], [0.0] * len(_WHEEL)
        return vector


def rows(piece: Piece, shown: Shown, fps: int) -> list[Row]:
    """Return the rows of a piece, none when nothing was done in it or nothing was on screen."""
    if not any(isinstance(event, InputEvent | AgentAction) for event in piece.events):
        return []
    start_ns = piece.start_ns
    if shown.at(start_ns, piece.since_ns) is None:
        first_ns = shown.first_in(start_ns, piece.end_ns)
        if first_ns is None:
            return []
        start_ns = first_ns
    count = (piece.end_ns - 1 - start_ns) * fps // _SECOND + 1
    times = [start_ns + number * _SECOND // fps for number in range(count)]
    hand, made = _Hand(), list[Row]()
    for event in piece.events:
        if event.t_ns <= start_ns:
            hand.take(event)
    hand.action()  # what was done before the first row belongs to none
    for t_ns, until_ns in zip(times, [*times[1:], piece.end_ns], strict=True):
        state = hand.state()
        done = [event for event in _between(piece.events, t_ns, until_ns) if _counts(event)]
        for event in done:
            hand.take(event)
        frame = shown.at(t_ns, piece.since_ns)
        entries = [event_to_dict(event) for event in done if not isinstance(event, HeldState)]
        if frame is not None:
            made.append(Row(frame, state, hand.action(), entries))
    return made


def _between(events: Sequence[Event], after_ns: int, until_ns: int) -> Sequence[Event]:
    """Return the events in `(after_ns, until_ns]`."""
    first = bisect_right(events, after_ns, key=lambda event: event.t_ns)
    return events[first : bisect_right(events, until_ns, key=lambda event: event.t_ns)]


def _counts(event: Event) -> bool:
    if isinstance(event, InputEvent):
        return event.trusted
    return isinstance(event, AgentAction | Redacted | HeldState)


def _multi_hot(names: set[str]) -> list[float]:
    vector = [0.0] * len(_HELD)
    for name in names & _PLACE.keys():
        vector[_PLACE[name]] = 1.0
    return vector
