"""What of a screen an answer is bound to: it is carried out only where that is as it was seen.

What cannot be undone, or lands nowhere in particular, is bound to the whole screen. Anything else
is bound to the rows in which it lands and those around them, from one side to the other, for what a
button means is often written far beside it: so a clock in a corner, which nobody can keep still,
does not make every answer void, and a button that moved does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.actions import is_irreversible, points_of
from harness.hub.pictures import hash_of
from harness.hub.proposals import target_of
from recorder.schema import Action, Observation

_AROUND_PX = 48
"""Rows above and below: about two lines of text, or a button and the next one."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The part of a screen that must stay as it is."""

    size: tuple[int, int]
    """Height and width of the screen, px."""
    rows: tuple[int, int]
    """The first row, and the first one that no longer matters."""
    hash: str
    """Of what is in those rows."""

    def holds(self, pixels: NDArray[np.uint8]) -> bool:
        """Say whether a screen, (H, W, 3) RGB, is still so."""
        if pixels.shape[:2] != self.size:
            return False
        return hash_of(pixels[slice(*self.rows)]) == self.hash


def bound(action: Action, seen: Observation) -> Binding:
    """Return what must stay as it is for an action to mean what it meant on a screen."""
    height, width = seen.pixels.shape[:2]
    rows = (0, height) if is_irreversible(action, seen.elements) else _around(action, seen)
    return Binding((height, width), rows, hash_of(seen.pixels[slice(*rows)]))


def _around(action: Action, seen: Observation) -> tuple[int, int]:
    height = seen.pixels.shape[0]
    edges = [y for _, y in points_of(action)]
    target = target_of(action, seen.elements)
    if target is not None:
        edges += [target.box[1], target.box[1] + target.box[3]]
    first, last = max(0, min(edges, default=0) - _AROUND_PX), max(edges, default=height)
    rows = first, min(height, last + _AROUND_PX + 1)
    return rows if rows[0] < rows[1] else (0, height)
