"""Hypothesis strategies for every kind of event and action that a recording can hold."""

from __future__ import annotations

import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from recorder.schema import ACTIONS, EVENTS, Action, Event, UnknownEvent

TIMES = st.integers(0, 2**62)
_NUMBERS = st.integers(-(2**53), 2**53)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _FLOATS | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the type of a field."""
    simple = {int: _NUMBERS, float: _FLOATS, str: st.text(max_size=12), bool: st.booleans()}
    if hint in simple:
        return simple[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint == Action:
        return st.one_of([of_type(action) for action in ACTIONS])
    if origin in (typing.Union, types.UnionType):
        return st.one_of([of_type(argument) for argument in arguments])
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of_type, arguments))
    if hint is type(None):
        return st.none()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert isinstance(hint, type), hint
    assert is_dataclass(hint), hint
    hints = typing.get_type_hints(hint)
    chosen = {entry.name: of_type(hints[entry.name]) for entry in fields(hint)}
    if "t_ns" in chosen:
        chosen["t_ns"] = TIMES
    return st.builds(hint, **chosen)


def unknown_events() -> st.SearchStrategy[UnknownEvent]:
    """Return events of kinds that a later version may write."""
    kinds = st.sampled_from(["smell", "brainwave", "elements2"])
    extra = st.dictionaries(st.text(max_size=8), _JSON, max_size=4)
    return st.builds(_unknown, kinds, TIMES, extra)


def _unknown(kind: str, t_ns: int, rest: dict[str, Any]) -> UnknownEvent:
    return UnknownEvent(t_ns=t_ns, fields={**rest, "kind": kind, "t_ns": t_ns})


def events() -> st.SearchStrategy[Event]:
    """Return any event at all."""
    return st.one_of([*map(of_type, EVENTS), unknown_events()])
