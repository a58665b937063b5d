"""What training changes at random, so that little data teaches more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from policy.data import LearnedStep
from policy.features import POINTED, TEXT_GRAMS, StepFeatures, placed, tallied
from policy.text import TABLE, Match

Rng: TypeAlias = np.random.Generator


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How often and how far training changes what is seen."""

    target_gone: float = 0.08
    """Share of steps whose target is taken away; the answer is then NONE."""
    target_renamed: float = 0.07
    """Share of steps whose target says something else than the goal; the answer is NONE as well."""
    other_gone: float = 0.18
    """Share of steps that lose elements other than the target."""
    misread: float = 0.1
    """Share of steps in which some matching words are a letter off."""
    renamed: float = 0.3
    """Share of words whose n-grams are drawn anew, on the screen as in the goal."""
    pointer_elsewhere: float = 0.5
    """Share of pages nobody has touched yet on which the pointer is put over some element."""
    shift_px: int = 6
    """How far the screen is moved, in px of the frame."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How one window is changed in one update."""

    change: Callable[[LearnedStep], tuple[LearnedStep, bool]]
    """Returns a changed step, and whether its target was taken away."""
    shift: Callable[[], tuple[int, int]]
    """Returns how far to move a screen, in px."""
    draws: int
    """What dropout draws from, int32."""


def variant(how: Augmentation, *seed: int) -> Variant:
    """Return how a window is changed, which follows from the seed alone."""
    rng = np.random.default_rng(seed)
    draws = int(rng.integers(-(2**31), 2**31))
    return Variant(changes(rng, how), shifts(rng, how), draws)


def changes(rng: Rng, how: Augmentation) -> Callable[[LearnedStep], tuple[LearnedStep, bool]]:
    """Return a function that changes a step, and says whether its target was taken away."""

    def change(step: LearnedStep) -> tuple[LearnedStep, bool]:
        step = _rename(step, rng, how)
        if rng.random() < how.misread:
            step = replace(step, features=_misread(step.features, rng))
        if rng.random() < how.pointer_elsewhere:
            step = replace(step, features=_point_elsewhere(step.features, rng))
        return _alter(step, rng, how)

    return change


def shifts(rng: Rng, how: Augmentation) -> Callable[[], tuple[int, int]]:
    """Return a function that draws how far to move a screen."""

    def draw() -> tuple[int, int]:
        x, y = rng.integers(-how.shift_px, how.shift_px + 1, 2)
        return int(x), int(y)

    return draw


def _rename(step: LearnedStep, rng: Rng, how: Augmentation) -> LearnedStep:
    """Give n-grams other rows of the table, the same everywhere, so that words are not learned."""
    features = step.features
    table = np.arange(TABLE, dtype=np.uint16)
    drawn = rng.random(TABLE) < how.renamed * rng.random()
    drawn[0] = False
    table[drawn] = rng.integers(1, TABLE, int(drawn.sum()))
    changed = replace(features, words=table[features.words], elements=table[features.elements])
    return replace(step, features=changed)


def _misread(features: StepFeatures, rng: Rng) -> StepFeatures:
    """Make some matches those of a word that is a letter off: alike, but not the same."""
    matches = features.matches.copy()
    hit = (matches[..., Match.EXACT] > 0) & (rng.random(matches.shape[:2]) < 0.5)
    for kind in (Match.EXACT, Match.CASED, Match.PHRASE, Match.QUOTED):
        matches[hit, kind] = 0
    matches[hit, Match.FUZZY] = rng.uniform(0.45, 0.85, int(hit.sum()))
    return tallied(replace(features, matches=matches))


def _point_elsewhere(features: StepFeatures, rng: Rng) -> StepFeatures:
    """Put a pointer that rests in the corner, as where recordings begin, over some element."""
    rests = _contain(features, 0, 0)
    if not len(rests) or (features.numbers[:, POINTED] != rests).any():
        return features
    x, y, width, height = features.boxes[rng.integers(len(rests))].tolist()
    numbers = features.numbers.copy()
    numbers[:, POINTED] = _contain(features, x + width / 2, y + height / 2)
    return replace(features, numbers=numbers)


def _contain(features: StepFeatures, at_x: float, at_y: float) -> NDArray[np.bool_]:
    """Return which elements a place is in, (E,)."""
    x, y, width, height = features.boxes.T
    return (x <= at_x) & (at_x < x + width) & (y <= at_y) & (at_y < y + height)


def _alter(step: LearnedStep, rng: Rng, how: Augmentation) -> tuple[LearnedStep, bool]:
    targets, features = step.targets, step.features
    target = np.asarray(targets.accepted.any(axis=0))
    drawn = rng.random()
    if drawn < how.target_gone and target.any():
        return _without(step, _same_text(features, target)), True
    drawn -= how.target_gone
    if 0 <= drawn < how.target_renamed and _is_named(features, target):
        return replace(step, features=_renamed(features, target, rng)), True
    drawn -= how.target_renamed
    if 0 <= drawn < how.other_gone:
        gone = ~target & (rng.random(len(target)) < 0.3)
        if targets.span[0] < len(features.words):  # what is copied must stay where it is
            return _without(step, gone), False
    return step, False


def _without(step: LearnedStep, gone: NDArray[np.bool_]) -> LearnedStep:
    """Take elements away, without a trace: a gap in the numbers would say that one is missing."""
    features, kept = step.features, ~gone
    cut = replace(
        features,
        elements=features.elements[kept],
        numbers=features.numbers[kept],
        matches=features.matches[kept],
        boxes=features.boxes[kept],
    )
    said = replace(step.targets, accepted=step.targets.accepted[:, kept])
    if not cut.matches[..., Match.RANK].any():  # else "the second" is still what was called so
        cut = placed(cut)
    return replace(step, features=tallied(cut), targets=said)


def _is_named(features: StepFeatures, target: NDArray[np.bool_]) -> bool:
    """Return whether a goal says how its target is called."""
    return bool(features.matches[target][..., [Match.EXACT, Match.PHRASE]].any())


def _renamed(features: StepFeatures, target: NDArray[np.bool_], rng: Rng) -> StepFeatures:
    """Write other words on a target, and on what carries the same text."""
    changed = _same_text(features, target)
    elements, matches = features.elements.copy(), features.matches.copy()
    text = elements[changed, :TEXT_GRAMS]
    drawn = rng.integers(1, TABLE, text.shape).astype(text.dtype)
    elements[changed, :TEXT_GRAMS] = np.where(text > 0, drawn, 0)
    for kind in (Match.EXACT, Match.CASED, Match.FUZZY, Match.PHRASE, Match.QUOTED):
        matches[changed, :, kind] = 0
    return tallied(replace(features, elements=elements, matches=matches))


def _same_text(features: StepFeatures, target: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a target and what overlaps it: its label, or the frame that it is drawn in."""
    _, _, width, height = features.boxes.T
    hit = features.boxes[target][0]
    around = _contain(features, hit[0] + hit[2] / 2, hit[1] + hit[3] / 2)
    return target | (around & (width * height < 4 * hit[2] * hit[3]))
