"""What can be told of an action before it is done: where it lands, what it is, what it risks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from recorder.schema import (
    Action,
    Ask,
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
    contains,
    element_at,
    points_of,
)

_CANNOT_BE_UNDONE = re.compile(
    r"\b(delete|erase|discard|remove|destroy|wipe|trash|unsubscribe|"
    r"buy|purchase|pay|order|transfer|send|publish|overwrite|deactivate|terminate)\b",
    re.IGNORECASE,
)
# pressed by whatever picture or piece of text lies on them
_PRESSED = frozenset({"button", "link", "menuitem", "option", "switch", "tab"})


def digest(observation: Observation, action: Action) -> str:
    """Return what stands for one action on one frame."""
    found = hashlib.blake2b(observation.pixels.tobytes(), digest_size=16)
    found.update(repr(action).encode())
    return found.hexdigest()


def is_irreversible(action: Action, elements: Sequence[Element]) -> bool:
    """Say whether the words on what an action presses say that it cannot be undone.

    >>> bin_it = Element(role="button", box=(0, 0, 40, 20), text="Delete all")
    >>> is_irreversible(Click(x=5, y=5), [bin_it]), is_irreversible(Click(x=50, y=5), [bin_it])
    (True, False)
    """
    match action:
        case Click() | Drag():
            words = _words_at(points_of(action)[-1], elements)
        case KeyChord():
            focused = [each for each in elements if "focused" in each.states]
            words = _words(focused) if action.key in ("Enter", " ") else action.key
        case Wait() | Move() | ScrollBy() | TypeText() | Done() | Ask():
            return False
    return _CANNOT_BE_UNDONE.search(words) is not None


def _words_at(point: tuple[int, int], elements: Sequence[Element]) -> str:
    # the words of other things that contain what is hit are those of its neighbours as well
    hit = element_at(point, elements)
    pressed = [each for each in elements if each.role in _PRESSED and contains(each.box, point)]
    return _words(pressed if hit is None else [elements[hit], *pressed])


def _words(elements: Sequence[Element]) -> str:
    # a field's value and the goal's own words are content, not what the control does
    return " ".join(
        f"{each.name} {each.text}" for each in elements if each.role not in ("textbox", "text")
    )
