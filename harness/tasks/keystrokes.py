"""The keystroke-level model: what people do, operator by operator, and how long each takes.

Card, Moran and Newell, "The keystroke-level model for user performance time with interactive
systems", Communications of the ACM 23 (1980): K a key of an average typist, P pointing, B a button
going down or up, H a hand moving between keyboard and mouse, M preparing mentally. Their rules
place an M before each chunk: before pointing at something new and before a command, but not within
what belongs together, such as a click into a field and what is typed there.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from recorder.schema import Action, Click, Drag, KeyChord, Move, ScrollBy, TypeText

SECONDS = {"K": 0.28, "P": 1.1, "B": 0.1, "H": 0.4, "M": 1.35}
"""What each operator takes."""
_POINTS_A_STROKE = 8  # a path of so many points is one movement


def operators(before: Action | None, action: Action) -> str:
    """Return the operators of an action that follows another.

    >>> click = Click(x=1, y=1)
    >>> operators(None, click), operators(click, TypeText(text="ab"))
    ('MPBB', 'HKK')
    """
    hand = "H" if before is not None and _by_keys(before) != _by_keys(action) else ""
    match action:
        case Click():
            is_same = isinstance(before, Click) and (before.x, before.y) == (action.x, action.y)
            return ("" if is_same else f"M{hand}P") + "BB" * action.count
        case Drag():
            return f"M{hand}PB" + "P" * max(1, len(action.path) // _POINTS_A_STROKE) + "B"
        case ScrollBy():
            return ("" if isinstance(before, ScrollBy) else f"M{hand}P") + "K"
        case Move():
            return f"M{hand}P"
        case TypeText():
            return ("" if before is not None else "M") + hand + "K" * len(action.text)
        case KeyChord():
            is_chunk = before is not None and (_by_keys(before) or isinstance(before, Click))
            keys = len(action.modifiers) + action.count
            return ("" if is_chunk else "M") + hand + "K" * keys
        case _:
            return ""


def seconds(actions: Iterable[Action]) -> float:
    """Return how long people take for some actions, by the model.

    >>> round(seconds([Click(x=1, y=1), TypeText(text="ab")]), 2)
    3.61
    """
    done = [action for action in actions if operators(None, action)]
    pairs = pairwise([None, *done])
    return sum(SECONDS[each] for one, two in pairs if two for each in operators(one, two))


def _by_keys(action: Action) -> bool:
    return isinstance(action, TypeText | KeyChord)
