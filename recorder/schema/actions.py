"""What is done in one step: one type per kind of action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from recorder.schema.screen import Button


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Do nothing for `duration_ms`."""

    KIND: ClassVar[str] = "wait"
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Move the pointer to `(x, y)`."""

    KIND: ClassVar[str] = "move"
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Click at `(x, y)`; `count=2` is a double click."""

    KIND: ClassVar[str] = "click"
    x: int
    y: int
    button: Button = "left"
    count: int = 1
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drag:
    """Press at the first point of `path`, move along it, release at the last."""

    KIND: ClassVar[str] = "drag"
    path: tuple[tuple[int, int], ...]
    button: Button = "left"
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrollBy:
    """Turn the wheel at `(x, y)`."""

    KIND: ClassVar[str] = "scroll"
    x: int
    y: int
    dx: float = 0.0
    dy: float = 0.0
    unit: Literal["notch", "pixel"] = "notch"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChord:
    """Press `key` with `modifiers` held, `count` times; names as in W3C UI Events `key`."""

    KIND: ClassVar[str] = "key"
    key: str
    modifiers: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeText:
    """Type `text` into whatever has the focus."""

    KIND: ClassVar[str] = "type"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Say that the task is finished."""

    KIND: ClassVar[str] = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the human."""

    KIND: ClassVar[str] = "ask"
    question: str = ""


Action: TypeAlias = Wait | Move | Click | Drag | ScrollBy | KeyChord | TypeText | Done | Ask
ACTIONS: tuple[type[Action], ...] = (
    Wait,
    Move,
    Click,
    Drag,
    ScrollBy,
    KeyChord,
    TypeText,
    Done,
    Ask,
)


def points_of(action: Action) -> tuple[tuple[int, int], ...]:
    """Return where on the screen an action lands, in its order; empty where the focus decides."""
    match action:
        case Move() | Click() | ScrollBy():
            return ((action.x, action.y),)
        case Drag():
            return action.path
        case Wait() | KeyChord() | TypeText() | Done() | Ask():
            return ()
