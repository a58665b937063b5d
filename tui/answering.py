"""From keys to an answer: what was pressed so far on a card, and what the next key makes of it.

    reading ── y ─────────────────────────► approve        (what can be undone)
            ── y ──► approving ── digit ──► approve        (what cannot)
            ── x ──► objecting ── 1-4 ────► reject
            ── c ──► picking   ── enter ──► click there    (arrows, mouse)
                        │      ── 2-9 ────► do the alternative
                       tab
                     writing   ── enter ──► type that
            ── t, d, e ───────────────────► take over, defer, escalate

Escape leads back to reading. Any other key is no part of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias, assert_never

from harness.hub.errors import ProtocolError
from harness.hub.proposals import ChooseAlternative, EditText, PickPoint, Point, action_of
from harness.hub.requests import (
    Answer,
    Approve,
    Correct,
    Defer,
    Escalate,
    HelpRequest,
    Objection,
    Reject,
    TakeOver,
)
from recorder.schema import TypeText

FIRST_ALTERNATIVE = 2
"""Digit of the first alternative; 1 would be what is proposed, which takes a y."""
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Reading:
    """Nothing is pressed yet."""


@dataclass(frozen=True, slots=True)
class Approving:
    """Of what cannot be undone: the digit on the card is next."""


@dataclass(frozen=True, slots=True)
class Objecting:
    """Which objection is next."""


@dataclass(frozen=True, slots=True)
class Picking:
    """A point on the frame is being picked."""

    cross: Point


@dataclass(frozen=True, slots=True)
class Writing:
    """What is to be typed is being written."""

    text: str


Draft: TypeAlias = Reading | Approving | Objecting | Picking | Writing


@dataclass(frozen=True, slots=True)
class Decided:
    """An answer is complete."""

    answer: Answer
    digit: int | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """One key.

    Args:
        key: its name.
        character: that it types; empty if none.
        reach: pixels of the frame that an arrow moves the cross by, to the side and down.
    """

    key: str
    character: str = ""
    reach: Point = (1, 1)


_AT_ONCE: Mapping[str, Answer] = MappingProxyType({"t": TakeOver(), "d": Defer(), "e": Escalate()})
_OBJECTIONS: Mapping[str, Objection] = MappingProxyType(
    {str(number): each for number, each in enumerate(Objection, 1)}
)
_ARROWS: Mapping[str, Point] = MappingProxyType(
    {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
)


def press(draft: Draft, pressed: Press, request: HelpRequest) -> Draft | Decided | None:
    """Return what a key makes of a draft; None if it is no part of an answer."""
    if pressed.key == "escape" and draft != Reading():
        return Reading()
    match draft:
        case Reading():
            return _begin(pressed.key, request)
        case Approving():
            is_digit = pressed.key.isdecimal()
            return Decided(Approve(), digit=int(pressed.key)) if is_digit else None
        case Objecting():
            objection = _OBJECTIONS.get(pressed.key)
            return None if objection is None else Decided(Reject(objection))
        case Picking():
            return _pick(draft, pressed, request)
        case Writing():
            return _write(draft, pressed, request)
        case _:
            assert_never(draft)


def objections() -> str:
    """Return the objections with their digits.

    >>> objections()
    '1 wrong target · 2 wrong value · 3 not now · 4 never'
    """
    return " · ".join(f"{digit} {each.value}" for digit, each in _OBJECTIONS.items())


def pasted(draft: Draft, text: str) -> Draft | None:
    """Return a draft with pasted text in it; None where none can be."""
    if not isinstance(draft, Writing):
        return None
    return Writing((draft.text + text)[:_LONGEST_TEXT])


def _begin(key: str, request: HelpRequest) -> Draft | Decided | None:
    if key == "y":
        return Approving() if request.is_irreversible else Decided(Approve())
    if key == "x":
        return Objecting()
    if key == "c":
        return _correction(request)
    return Decided(_AT_ONCE[key]) if key in _AT_ONCE else None


def _correction(request: HelpRequest) -> Draft:
    text = _text_of(request)
    return _picking(request) if text is None else Writing(text)


def _picking(request: HelpRequest) -> Picking:
    points, target = request.proposed.points, request.target
    if points:
        return Picking(points[-1])
    if target is not None:
        return Picking((target[0] + target[2] // 2, target[1] + target[3] // 2))
    width, height = request.size
    return Picking((width // 2, height // 2))


def _text_of(request: HelpRequest) -> str | None:
    try:
        action = action_of(request.proposed.deed)
    except ProtocolError:
        return None
    return action.text if isinstance(action, TypeText) else None


def _pick(draft: Picking, pressed: Press, request: HelpRequest) -> Draft | Decided | None:
    key = pressed.key
    if key in _ARROWS:
        return Picking(_moved(draft.cross, _ARROWS[key], pressed.reach, request.size))
    if key == "enter":
        return Decided(Correct(PickPoint(*draft.cross)))
    if key == "tab":
        return Writing(_text_of(request) or "")
    if not key.isdecimal():
        return None
    index = int(key) - FIRST_ALTERNATIVE
    is_there = 0 <= index < len(request.alternatives)
    return Decided(Correct(ChooseAlternative(index))) if is_there else None


def _moved(cross: Point, step: Point, reach: Point, size: tuple[int, int]) -> Point:
    x, y = (place + way * far for place, way, far in zip(cross, step, reach, strict=True))
    return min(max(x, 0), size[0] - 1), min(max(y, 0), size[1] - 1)


def _write(draft: Writing, pressed: Press, request: HelpRequest) -> Draft | Decided | None:
    match pressed.key:
        case "enter":
            return Decided(Correct(EditText(draft.text)))
        case "tab":
            return _picking(request)
        case "backspace":
            return replace(draft, text=draft.text[:-1])
        case "ctrl+u":
            return Writing("")
        case _ if pressed.character.isprintable() and pressed.character:
            return Writing((draft.text + pressed.character)[:_LONGEST_TEXT])
        case _:
            return None
