"""What plainly speaks against a decision: what the goal says, what is meant, and how it was read.

A network is as sure of what it was never taught as of what it was. These are looked up instead.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from policy.features import StepFeatures
from policy.reader.read import Reading
from policy.text import Match
from recorder.schema import Element, element_at

_LEAST_SHARE = 1e-6
_FILLED_IN = frozenset({"combobox", "searchbox", "slider", "spinbutton", "textbox"})
"""Roles of what a goal says the content of, not the name."""


def unknown_words(features: StepFeatures, known: Container[int]) -> dict[str, float]:
    """Return how many words of the goal were in no goal before, nor are on the screen."""
    words, flags = features.words[:, 0], features.word_flags
    on_screen = flags[:, -len(Match) + Match.EXACT] > 0
    is_mark = flags[:, 0] > 0
    unseen = words[~(on_screen | is_mark)].tolist()
    return {"unknown_words": float(sum(word not in known for word in unseen))}


def mismatch(
    features: StepFeatures, elements: Sequence[Element], points: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """Return how badly what is pressed fits the goal.

    `near_miss` is how like a word of the goal it is called that it is not called by, unless all of
    what it says is in the goal. `unnamed` is 1 if the goal says nothing of it, but for its role;
    `unmatched`, if moreover the goal quotes what is nowhere on the screen.

    Args:
        features: of the observation.
        elements: on the screen, at least those that features tell of.
        points: of the action, in px.
    """
    found = {"near_miss": 0.0, "unnamed": 0.0, "unmatched": 0.0}
    hit = element_at(points[0], elements[: len(features.matches)]) if points else None
    if hit is None or not features.matches.size:
        return found
    flags, matches = features.word_flags, features.matches
    is_word = flags[:, 0] == 0  # marks are in every text
    is_quoted = is_word & (flags[:, 1] > 0)
    own = matches[hit]
    if not own[:, Match.PHRASE].any():
        near = own[:, Match.FUZZY] * (own[:, Match.EXACT] == 0)
        found["near_miss"] = float(near[is_word].max(initial=0))
    is_named = np.delete(own[is_word], Match.ROLE, axis=1).any()
    is_named = is_named or own[is_quoted, Match.ROLE].any()
    if elements[hit].role not in _FILLED_IN and not is_named:
        is_shown = matches[:, :, [Match.EXACT, Match.VALUE]].any(axis=(0, 2))
        found |= {"unnamed": 1.0, "unmatched": float((is_quoted & ~is_shown).any())}
    return found


def doubtful_reading(
    reading: Reading | None, points: Sequence[tuple[int, int]]
) -> dict[str, float]:
    """Return how surely it was read what to do, and what is at the first place that is meant."""
    goal = reading.screen.goal_confidence if reading else 1.0
    target = reading.sureness(points[0]) if reading and points else 1.0
    return {
        name: float(np.log(max(share, _LEAST_SHARE)))
        for name, share in (("goal_read", goal), ("target_read", target))
    }
