"""What a language model is shown, and what its answer means."""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from harness.agents.errors import AnswerError, Failure
from recorder.codec import action_from_dict, action_to_dict
from recorder.errors import DamagedError
from recorder.schema import (
    ACTIONS,
    Action,
    Click,
    Drag,
    Element,
    KeyChord,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
    points_of,
)

INSTRUCTIONS = """You operate a computer for a person, one action at a time. You are given a goal, \
your actions so far, the elements on the screen by number, with their boxes as x, y, width, height \
in pixels, and, if there is one, a screenshot. Answer with one JSON object and nothing else:
{"action": ACTION, "confidence": P}
P is the probability, from 0 to 1, that the person would do just this. ACTION is one of:
{"kind": "click", "element": NUMBER} or {"kind": "click", "x": X, "y": Y}; also "count", "button"
{"kind": "type", "text": TEXT} into what has the focus; click it first
{"kind": "key", "key": NAME, "modifiers": ["ctrl"]} with names as in DOM: Enter, Tab, Backspace, a
{"kind": "scroll", "element": NUMBER, "dy": NOTCHES}, down when positive
{"kind": "drag", "path": [[X, Y], [X, Y]]}
{"kind": "move", "element": NUMBER}
{"kind": "wait", "duration_ms": MS}
{"kind": "done"} when the goal is reached
{"kind": "ask", "question": TEXT} when only the person can know"""

_KINDS = frozenset(action.KIND for action in ACTIONS)
_POINTED = frozenset({"click", "scroll", "move"})
_MODIFIERS = frozenset({"alt", "ctrl", "meta", "shift"})
_BUTTONS = frozenset({"left", "middle", "right"})
_LONGEST_WAIT_MS, _LONGEST_TEXT, _MOST_PRESSES, _MOST_NOTCHES = 60_000, 10_000, 50, 1000
_FENCED = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)
_SHOWN = 120  # characters of an answer, in messages


class Said(NamedTuple):
    """An action that a language model chose."""

    action: Action
    confidence: float | None
    """As stated, from 0 to 1; None where nothing was."""


def question(observation: Observation, done: Sequence[Action], *, is_shown: bool) -> list[Any]:
    """Return the parts of a message that shows where an agent stands.

    Args:
        observation: what is on the screen.
        done: the agent's last actions.
        is_shown: with the screenshot.
    """
    height, width = observation.pixels.shape[:2]
    lines = [
        f"Goal: {observation.goal or 'none was given'}",
        f"Screen: {width} x {height}",
        "Your actions so far: "
        + ("; ".join(json.dumps(action_to_dict(each)) for each in done) or "none"),
        "Elements:",
        *(f"{number}. {_line(each)}" for number, each in enumerate(observation.elements)),
    ]
    parts: list[Any] = [{"type": "text", "text": "\n".join(lines)}]
    if is_shown:
        parts.append({"type": "image_url", "image_url": {"url": _data_url(observation)}})
    return parts


def read_answer(text: str, observation: Observation) -> Said:
    """Return what an answer to a question about this observation means.

    Raises:
        AnswerError: it is no action that can be done here; the message says why.
    """
    try:
        return _read(text, observation)
    except RecursionError as error:
        raise AnswerError(Failure.MALFORMED, f"nested too deeply: {text[:_SHOWN]!r}") from error


def _read(text: str, observation: Observation) -> Said:
    found = _object(text)
    fields = found.get("action", found)
    if not isinstance(fields, dict):
        raise AnswerError(Failure.MALFORMED, f"an action is a JSON object; found {fields!r:.120}")
    body = dict(cast("dict[str, Any]", fields))
    body.pop("confidence", None)
    kind = body.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        allowed = ", ".join(sorted(_KINDS))
        raise AnswerError(Failure.UNKNOWN_KIND, f"no action {kind!r:.60}; allowed: {allowed}")
    try:
        action = action_from_dict(_pointed(body, observation))
    except DamagedError as error:
        raise AnswerError(Failure.BAD_FIELDS, str(error)) from error
    _check(action, observation)
    return Said(action, _confidence(found.get("confidence")))


def _line(element: Element) -> str:
    box = ", ".join(map(str, element.box))
    words = " ".join(json.dumps(word) for word in (element.name, element.text) if word)
    value = f" = {json.dumps(element.value)}" if element.value else ""
    states = f" [{', '.join(element.states)}]" if element.states else ""
    return f"{element.role} {words}{value} ({box}){states}"


def _data_url(observation: Observation) -> str:
    from PIL import Image  # noqa: PLC0415 - an optional extra

    body = io.BytesIO()
    Image.fromarray(observation.pixels).save(body, "PNG")
    return f"data:image/png;base64,{base64.b64encode(body.getvalue()).decode()}"


def _object(text: str) -> dict[str, Any]:
    fenced = _FENCED.match(text)
    try:
        found: Any = json.loads(fenced[1] if fenced else text)
    except ValueError as error:
        raise AnswerError(Failure.MALFORMED, f"not JSON: {text[:_SHOWN]!r}") from error
    if not isinstance(found, dict):
        raise AnswerError(Failure.MALFORMED, f"not a JSON object: {text[:_SHOWN]!r}")
    return cast("dict[str, Any]", found)


def _pointed(body: dict[str, Any], observation: Observation) -> dict[str, Any]:
    """Return an action's fields with whole pixels, and a point where an element was named."""
    number = body.pop("element", None)
    if number is None or body["kind"] not in _POINTED:
        return {
            name: round(value) if name in ("x", "y") and _is_finite(value) else value
            for name, value in body.items()
        }
    elements = observation.elements
    if type(number) is not int or not 0 <= number < len(elements):
        raise AnswerError(
            Failure.BAD_FIELDS, f"no element {number!r:.60}; allowed: 0 to {len(elements) - 1}"
        )
    left, top, width, height = elements[number].box
    return {**body, "x": left + width // 2, "y": top + height // 2}


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _confidence(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def _check(action: Action, observation: Observation) -> None:
    height, width = observation.pixels.shape[:2]
    for x, y in points_of(action):
        if not (0 <= x < width and 0 <= y < height):
            raise AnswerError(
                Failure.OFF_SCREEN,
                f"({x}, {y}) is not on the screen; allowed: 0 to {width - 1}, 0 to {height - 1}",
            )
    if not _is_doable(action):
        raise AnswerError(Failure.BAD_FIELDS, f"no hand can do {action!r:.120}")


def _is_doable(action: Action) -> bool:
    match action:
        case Click():
            is_doable = 1 <= action.count <= _MOST_PRESSES and action.button in _BUTTONS
            return is_doable and _MODIFIERS.issuperset(action.modifiers)
        case Drag():
            is_doable = len(action.path) > 1 and action.button in _BUTTONS
            return is_doable and _MODIFIERS.issuperset(action.modifiers)
        case KeyChord():
            is_doable = 1 <= action.count <= _MOST_PRESSES and _is_typed(action.key)
            return is_doable and _MODIFIERS.issuperset(action.modifiers)
        case ScrollBy():
            return all(abs(turn) <= _MOST_NOTCHES for turn in (action.dx, action.dy))
        case TypeText():
            return _is_typed(action.text) and len(action.text) <= _LONGEST_TEXT
        case Wait():
            return 0 <= action.duration_ms <= _LONGEST_WAIT_MS
        case _:
            return True


def _is_typed(text: str) -> bool:
    # JSON can hold halves of characters, which no page takes
    return bool(text) and not any("\ud800" <= sign <= "\udfff" for sign in text)
