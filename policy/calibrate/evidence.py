"""What a policy can say about its own decision, besides the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from policy.errors import DataError

SIGNS: Mapping[str, int] = {
    "log_prob": 1,
    "local_mass": 1,
    "ensemble_mass": 1,
    "spread_px": -1,
    "kind_entropy": -1,
    "none_prob": -1,
    "fail_prob": -1,
    "unknown_words": -1,
    "near_miss": -1,
    "unnamed": -1,
    "unmatched": -1,
    "goal_read": 1,
    "target_read": 1,
    "repeats": -1,
}
"""Features that acceptance may be fitted on: 1 may only raise it, -1 may only lower it.

The signs are fixed because a free fit can turn one round, which shows only when the screen shifts.
"""


def _no_heat() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What speaks for and against one decision."""

    features: Mapping[str, float]
    """Some of `SIGNS`, always the same ones from one policy."""
    sides: Mapping[str, NDArray[np.float32]]
    """Sides from which the observation can be looked at, (D_side,) each.

    Always the same names and lengths from one policy; one of length 0 is not looked at.
    """
    heat: NDArray[np.float32] = field(default_factory=_no_heat)
    """(h, w) probability that the pointer goes there, over the whole frame; empty when unknown."""


def feature_matrix(names: Sequence[str], found: Sequence[Evidence]) -> NDArray[np.float64]:
    """Return the features of these names, (N, F).

    Raises:
        DataError: one is missing or not finite.
    """
    missing = {name for each in found for name in names if name not in each.features}
    if missing:
        raise DataError(
            f"features {sorted(missing)} are missing; the policy must give {list(names)}"
        )
    values = np.array([[each.features[name] for name in names] for each in found], np.float64)
    values = values.reshape(len(found), len(names))
    if not np.isfinite(values).all():
        bad = [
            name
            for name, column in zip(names, values.T, strict=True)
            if not np.isfinite(column).all()
        ]
        raise DataError(f"features {bad} are not finite; allowed: finite numbers")
    return values


def side_matrices(found: Sequence[Evidence]) -> dict[str, NDArray[np.float64]]:
    """Return each side that is looked at, (N, D_side); those of length 0 are left out.

    Raises:
        DataError: names or lengths differ, or a number is not finite.
    """
    names = {name for each in found for name in each.sides}
    return {
        name: values
        for name in sorted(names)
        if (values := _side_matrix(name, [each.sides.get(name) for each in found])).shape[1]
    }


def _side_matrix(name: str, rows: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float64]:
    present = [row for row in rows if row is not None]
    shapes = {row.shape for row in present}
    if len(present) < len(rows) or len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise DataError(
            f"side {name!r} of shapes {sorted(shapes)} in {len(present)} of {len(rows)} "
            "observations; allowed: one length for all"
        )
    values = np.stack(present).astype(np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"side {name!r} is not finite; allowed: finite numbers")
    return values
