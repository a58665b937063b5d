"""Statistics of an export's columns, in the shape that LeRobot normalises with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_QUANTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
_LEVELS = 256

Stats = dict[str, list[Any]]


def of_column(values: NDArray[Any]) -> Stats:
    """Return the statistics of a column, (rows,) or (rows, length).

    >>> of_column(np.array([1.0, 3.0]))["mean"], of_column(np.array([1.0, 3.0]))["count"]
    ([2.0], [2])
    """
    table = values.reshape(len(values), -1).astype(np.float64)
    found: Stats = {
        "min": table.min(axis=0).tolist(),
        "max": table.max(axis=0).tolist(),
        "mean": table.mean(axis=0).tolist(),
        "std": table.std(axis=0).tolist(),
        "count": [len(table)],
    }
    levels = np.quantile(table, _QUANTILES, axis=0)
    return found | {_name(q): row.tolist() for q, row in zip(_QUANTILES, levels, strict=True)}


class PixelCounts:
    """How often each channel of some images has each brightness."""

    def __init__(self) -> None:
        self.images = 0
        self._counts = np.zeros((3, _LEVELS), np.int64)

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Count an RGB image, (H, W, 3), on a grid of its pixels."""
        for channel in range(3):
            sampled = pixels[::8, ::8, channel].reshape(-1)
            self._counts[channel] += np.bincount(sampled, minlength=_LEVELS)
        self.images += 1

    def merge(self, other: PixelCounts) -> None:
        """Add the counts of other images."""
        self._counts += other._counts
        self.images += other.images

    def stats(self) -> Stats:
        """Return statistics per channel, (3, 1, 1), of brightness from 0 to 1."""
        levels = np.arange(_LEVELS) / (_LEVELS - 1)
        weights = self._counts / self._counts.sum(axis=1, keepdims=True)
        mean = weights @ levels
        below = np.cumsum(weights, axis=1)
        found = {
            "min": levels[(self._counts > 0).argmax(axis=1)],
            "max": levels[_LEVELS - 1 - (self._counts[:, ::-1] > 0).argmax(axis=1)],
            "mean": mean,
            "std": np.sqrt(np.maximum(weights @ levels**2 - mean**2, 0)),
        }
        found |= {_name(q): levels[(below >= q - 1e-9).argmax(axis=1)] for q in _QUANTILES}
        shaped: Stats = {name: row.reshape(3, 1, 1).tolist() for name, row in found.items()}
        return shaped | {"count": [self.images]}


def _name(quantile: float) -> str:
    return f"q{round(quantile * 100):02}"
