"""Events and actions as JSON objects, and back.

One line of `events.jsonl` is one event: its `kind`, then its fields by name, defaults left out.
What this version does not know comes back as `UnknownEvent` and is written as it was read.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, cast

import msgspec

from recorder.errors import DamagedError
from recorder.schema import ACTIONS, EVENTS, Action, AgentAction, Controller, Event, UnknownEvent

_EVENT_TYPES: dict[str, type[Event]] = {event.KIND: event for event in EVENTS}
_ACTION_TYPES: dict[str, type[Action]] = {action.KIND: action for action in ACTIONS}


def event_to_line(event: Event) -> bytes:
    r"""Return one JSON line, newline included; ASCII only, so that a cut never splits a character.

    >>> from recorder.schema import Mark
    >>> event_to_line(Mark(t_ns=5, label="é"))
    b'{"kind":"mark","t_ns":5,"label":"\\u00e9"}\n'
    """
    return json.dumps(event_to_dict(event), separators=(",", ":")).encode("ascii") + b"\n"


def event_from_line(line: bytes) -> Event:
    """Return the event on one line of `events.jsonl`.

    Raises:
        DamagedError: the line is not a JSON object with a `kind` and an integer `t_ns`.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"not a line of JSON: {line[:60]!r}") from error
    return event_from_dict(found)


def event_to_dict(event: Event) -> dict[str, Any]:
    """Return the JSON object of an event."""
    if isinstance(event, UnknownEvent):
        return dict(event.fields)
    return {"kind": event.KIND, **_fields_to_dict(event)}


def event_from_dict(found: object) -> Event:
    """Return the event of a JSON object, an `UnknownEvent` where this version knows no better.

    Raises:
        DamagedError: there is no `kind`, or no integer `t_ns`.
    """
    if not isinstance(found, dict):
        raise DamagedError(f"an event is a JSON object; found {type(found).__name__}")
    entry = cast("dict[str, Any]", found)
    kind, t_ns = entry.get("kind"), entry.get("t_ns")
    if not isinstance(kind, str) or type(t_ns) is not int:
        raise DamagedError(f"an event has a kind and an integer t_ns; found {str(entry)[:80]}")
    unknown = UnknownEvent(t_ns=t_ns, fields=entry)
    event_type = _EVENT_TYPES.get(kind)
    if event_type is None or not entry.keys() - {"kind"} <= _names(event_type):
        return unknown
    body = {name: value for name, value in entry.items() if name != "kind"}
    try:
        return (
            _agent_action(body) if event_type is AgentAction else msgspec.convert(body, event_type)
        )
    except (msgspec.ValidationError, DamagedError, KeyError):
        return unknown


def _agent_action(body: dict[str, Any]) -> AgentAction:
    # msgspec has no tagged unions of dataclasses, so the one nested action is read by hand
    return AgentAction(
        t_ns=body["t_ns"],
        end_ns=msgspec.convert(body["end_ns"], int),
        controller=msgspec.convert(body["controller"], Controller),
        agent=msgspec.convert(body["agent"], str),
        action=action_from_dict(body["action"]),
    )


def action_to_dict(action: Action) -> dict[str, Any]:
    """Return the JSON object of an action."""
    return {"kind": action.KIND, **_fields_to_dict(action)}


def action_from_dict(found: object) -> Action:
    """Return the action of a JSON object.

    Raises:
        DamagedError: it is not an action that this version knows.
    """
    entry = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    action_type = _ACTION_TYPES.get(str(entry.get("kind")))
    if action_type is None:
        raise DamagedError(f"unknown action {str(found)[:80]}; known: {', '.join(_ACTION_TYPES)}")
    body = {name: value for name, value in entry.items() if name != "kind"}
    if not body.keys() <= _names(action_type):
        raise DamagedError(f"unknown fields in action {str(found)[:80]}")
    try:
        return msgspec.convert(body, action_type)
    except msgspec.ValidationError as error:
        raise DamagedError(f"bad action {str(found)[:80]}: {error}") from error


@cache
def _fields(type_: type[Any]) -> tuple[Field[Any], ...]:
    return fields(type_)


@cache
def _names(type_: type[Any]) -> frozenset[str]:
    return frozenset(entry.name for entry in fields(type_))


def _fields_to_dict(value: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for entry in _fields(type(value)):
        found = getattr(value, entry.name)
        if entry.default is MISSING or found != entry.default:
            kept[entry.name] = _to_json(found)
    return kept


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(entry) for entry in cast("tuple[Any, ...]", value)]
    if not is_dataclass(value):
        return value
    return action_to_dict(value) if isinstance(value, ACTIONS) else _fields_to_dict(value)
