"""Schema observations and actions as Gymnasium spaces, and back."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TypeAlias, assert_never, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from harness.errors import ConfigError
from recorder.schema import (
    ACTIONS,
    Action,
    Ask,
    Button,
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

Sample: TypeAlias = dict[str, Any]

KINDS: tuple[str, ...] = tuple(action.KIND for action in ACTIONS)
BUTTONS: tuple[Button, ...] = get_args(Button)
MODIFIERS = ("alt", "ctrl", "meta", "shift")
UNITS = ("notch", "pixel")
# names of W3C UI Events `key`; printable characters stand for themselves
KEYS: tuple[str, ...] = (
    *("Enter", "Tab", "Escape", "Backspace", "Delete", "Insert", "Home", "End"),
    *("PageUp", "PageDown", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    *(f"F{number}" for number in range(1, 13)),
    *map(chr, range(32, 127)),
)

MAX_TEXT = 1000
MAX_PATH = 256
MAX_WAIT_MS = 60_000
MAX_COUNT = 99
_MAX_SCROLL = 10_000.0
_MAX_ELEMENTS_TEXT = 2000
_UNKNOWN = "\ufffd"
# what can be shown and typed: everything printable of the first planes of Unicode
_CHARSET = frozenset(
    {"\n", "\t", _UNKNOWN} | {chr(code) for code in range(0x3000) if chr(code).isprintable()}
)


def _text(longest: int) -> spaces.Text:
    return spaces.Text(max_length=longest, min_length=0, charset=_CHARSET)


def _whole(low: int, high: int) -> spaces.Box:
    return spaces.Box(low, high, (), np.int64)


def action_space(
    size: tuple[int, int], *, buttons: int = len(BUTTONS), longest: int = MAX_TEXT
) -> spaces.Dict:
    """Return the space of schema actions on a screen of `size` (width, height) in px.

    Every action has all fields; those that its kind does not use are ignored. `longest` bounds the
    text of one action, in characters.
    """
    width, height = size
    point = spaces.Box(np.zeros(2), np.array([width - 1, height - 1]), (2,), np.int64)
    return spaces.Dict(
        {
            "kind": spaces.Discrete(len(KINDS)),
            "point": point,
            "path": spaces.Sequence(point),
            "button": spaces.Discrete(buttons),
            "count": _whole(1, MAX_COUNT),
            "modifiers": spaces.MultiBinary(len(MODIFIERS)),
            "scroll": spaces.Box(-_MAX_SCROLL, _MAX_SCROLL, (2,), np.float64),
            "unit": spaces.Discrete(len(UNITS)),
            "key": spaces.Discrete(len(KEYS)),
            "text": _text(longest),
            "duration_ms": _whole(0, MAX_WAIT_MS),
        }
    )


def observation_space(size: tuple[int, int], *, elements: bool) -> spaces.Dict:
    """Return the space of schema observations of a screen of `size` (width, height) in px."""
    width, height = size
    fields: dict[str, spaces.Space[Any]] = {
        "pixels": spaces.Box(0, 255, (height, width, 3), np.uint8),
        "cursor": spaces.Box(np.zeros(2), np.array([width - 1, height - 1]), (2,), np.int64),
        "t_ns": _whole(0, sys.maxsize),
        "goal": _text(_MAX_ELEMENTS_TEXT),
    }
    if elements:
        bound = np.iinfo(np.int32).max
        element: dict[str, spaces.Space[Any]] = {
            "role": _text(100),
            "box": spaces.Box(-bound, bound, (4,), np.int64),
            **{name: _text(_MAX_ELEMENTS_TEXT) for name in ("name", "text", "value")},
            "states": _text(200),
            "selectors": _text(_MAX_ELEMENTS_TEXT),
        }
        fields["elements"] = spaces.Sequence(spaces.Dict(element))
    return spaces.Dict(fields)


# Observations -------------------------------------------------------------------------------------


def from_observation(observation: Observation, *, elements: bool) -> Sample:
    """Return an observation as a sample of `observation_space`; its arrays are not shared."""
    sample: Sample = {
        "pixels": observation.pixels.copy(),
        "cursor": np.array(observation.cursor, np.int64),
        "t_ns": np.array(observation.t_ns, np.int64),
        "goal": _clean(observation.goal, _MAX_ELEMENTS_TEXT),
    }
    if elements:
        sample["elements"] = tuple(_from_element(element) for element in observation.elements)
    return sample


def to_observation(sample: Mapping[str, Any]) -> Observation:
    """Return the schema observation that a sample of `observation_space` stands for."""
    x, y = sample["cursor"]
    return Observation(
        pixels=sample["pixels"],
        cursor=(int(x), int(y)),
        t_ns=int(sample["t_ns"]),
        goal=sample["goal"],
        elements=tuple(_to_element(element) for element in sample.get("elements", ())),
    )


def _from_element(element: Element) -> Sample:
    return {
        "role": _clean(element.role, 100),
        "box": np.array(element.box, np.int64),
        "name": _clean(element.name, _MAX_ELEMENTS_TEXT),
        "text": _clean(element.text, _MAX_ELEMENTS_TEXT),
        "value": _clean(element.value, _MAX_ELEMENTS_TEXT),
        "states": _clean(" ".join(element.states), 200),
        "selectors": _clean("\n".join(element.selectors), _MAX_ELEMENTS_TEXT),
    }


def _to_element(sample: Mapping[str, Any]) -> Element:
    x, y, width, height = (int(edge) for edge in sample["box"])
    return Element(
        role=sample["role"],
        box=(x, y, width, height),
        name=sample["name"],
        text=sample["text"],
        value=sample["value"],
        states=tuple(sample["states"].split()),
        selectors=tuple(sample["selectors"].split("\n")) if sample["selectors"] else (),
    )


def _clean(text: str, longest: int) -> str:
    return "".join(character if character in _CHARSET else _UNKNOWN for character in text[:longest])


# Actions ------------------------------------------------------------------------------------------


def from_action(action: Action) -> Sample:
    """Return an action as a sample of `action_space`.

    Raises:
        ConfigError: the space has no such key, or the text or path is too long for it.
    """
    sample: Sample = {
        "kind": np.int64(KINDS.index(action.KIND)),
        "point": np.zeros(2, np.int64),
        "path": (),
        "button": np.int64(0),
        "count": np.array(1, np.int64),
        "modifiers": np.zeros(len(MODIFIERS), np.int8),
        "scroll": np.zeros(2, np.float64),
        "unit": np.int64(0),
        "key": np.int64(0),
        "text": "",
        "duration_ms": np.array(0, np.int64),
    }
    return sample | _fields(action)


def _fields(action: Action) -> Sample:
    match action:
        case Wait():
            return {"duration_ms": np.array(action.duration_ms, np.int64)}
        case Move():
            return {"point": _point(action.x, action.y)}
        case Click():
            return {
                "point": _point(action.x, action.y),
                "button": np.int64(BUTTONS.index(action.button)),
                "count": np.array(action.count, np.int64),
                "modifiers": _flags(action.modifiers),
            }
        case Drag():
            return {
                "path": _path(action),
                "button": np.int64(BUTTONS.index(action.button)),
                "modifiers": _flags(action.modifiers),
            }
        case ScrollBy():
            return {
                "point": _point(action.x, action.y),
                "scroll": np.array([action.dx, action.dy], np.float64),
                "unit": np.int64(UNITS.index(action.unit)),
            }
        case KeyChord():
            return {
                "key": np.int64(_key_index(action.key)),
                "count": np.array(action.count, np.int64),
                "modifiers": _flags(action.modifiers),
            }
        case TypeText():
            return {"text": _checked_text(action.text)}
        case Done():
            return {}
        case Ask():
            return {"text": _checked_text(action.question)}
        case _:
            assert_never(action)


def to_action(sample: Mapping[str, Any]) -> Action:
    """Return the schema action that a sample of `action_space` stands for."""
    x, y = (int(edge) for edge in sample["point"])
    button = BUTTONS[int(sample["button"])]
    modifiers = tuple(
        name for name, held in zip(MODIFIERS, sample["modifiers"], strict=True) if held
    )
    kind = ACTIONS[int(sample["kind"])]
    if kind is Wait:
        return Wait(duration_ms=int(sample["duration_ms"]))
    if kind is Move:
        return Move(x=x, y=y)
    if kind is Click:
        return Click(x=x, y=y, button=button, count=int(sample["count"]), modifiers=modifiers)
    if kind is Drag:
        path = tuple((int(px), int(py)) for px, py in sample["path"]) or ((x, y),)
        return Drag(path=path, button=button, modifiers=modifiers)
    if kind is ScrollBy:
        dx, dy = (float(turn) for turn in sample["scroll"])
        return ScrollBy(x=x, y=y, dx=dx, dy=dy, unit=UNITS[int(sample["unit"])])
    if kind is KeyChord:
        key = KEYS[int(sample["key"])]
        return KeyChord(key=key, modifiers=modifiers, count=int(sample["count"]))
    if kind is TypeText:
        return TypeText(text=sample["text"])
    return Ask(question=sample["text"]) if kind is Ask else Done()


def _point(x: int, y: int) -> NDArray[np.int64]:
    return np.array([x, y], np.int64)


def _path(action: Drag) -> tuple[NDArray[np.int64], ...]:
    if len(action.path) > MAX_PATH:
        raise ConfigError(f"a path of {len(action.path)} points; allowed: at most {MAX_PATH}")
    return tuple(_point(x, y) for x, y in action.path)


def _flags(modifiers: tuple[str, ...]) -> NDArray[np.int8]:
    return np.array([name in modifiers for name in MODIFIERS], np.int8)


def _key_index(key: str) -> int:
    if key not in KEYS:
        raise ConfigError(f"no key {key!r} in the action space; type it as text, or see KEYS")
    return KEYS.index(key)


def _checked_text(text: str) -> str:
    strange = sorted(set(text) - _CHARSET)
    if len(text) > MAX_TEXT or strange:
        raise ConfigError(
            f"cannot type {text[:40]!r}: allowed are {MAX_TEXT} characters of those that print"
            + (f", not {strange[:5]}" if strange else "")
        )
    return text
