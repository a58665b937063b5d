"""Paths of a pointer: which points of one matter."""

from __future__ import annotations

from collections.abc import Sequence

_SAME_PLACE_PX = 5
_TOLERANCE_PX = 3.0


def near(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Return whether two points are one place for a hand on a mouse."""
    return max(abs(one[0] - two[0]), abs(one[1] - two[1])) <= _SAME_PLACE_PX


def simplify(path: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a path with the points left out that its other points give away (Douglas-Peucker).

    >>> simplify([(0, 0), (5, 1), (10, 0), (10, 10)])
    [(0, 0), (10, 0), (10, 10)]
    """
    kept = {0, len(path) - 1}
    spans = [(0, len(path) - 1)]
    while spans:
        first, last = spans.pop()
        far = max(
            range(first + 1, last),
            key=lambda i: _distance(path[i], path[first], path[last]),
            default=first,
        )
        if far > first and _distance(path[far], path[first], path[last]) > _TOLERANCE_PX:
            kept.add(far)
            spans += [(first, far), (far, last)]
    return [path[i] for i in sorted(kept)]


def _distance(point: tuple[int, int], start: tuple[int, int], end: tuple[int, int]) -> float:
    """Return how far a point is from a line segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    px, py = point[0] - start[0], point[1] - start[1]
    length = dx * dx + dy * dy
    along = min(1.0, max(0.0, (px * dx + py * dy) / length)) if length else 0.0
    return ((px - along * dx) ** 2 + (py - along * dy) ** 2) ** 0.5
