"""One figure of a shift: with its interval, what it was counted from, and what it means.

Tasks are the clusters of all intervals, as in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.bootstrap import cluster_weights, percentile_interval
from harness.measure.intervals import AtMost, Estimate, Events, Floats, Interval, event_rate, ratio
from harness.measure.report.words import figure, limits

UNKNOWN = "\N{EN DASH}"
"""What stands for a figure that nobody knows; it is not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure by its name."""

    name: str
    estimate: Estimate | None
    """None where nothing is known."""
    unit: str = ""
    """Such as `s`; `%` for a share."""
    n: int
    """What it was counted from."""
    of: str
    """What that is, such as `answers`."""
    meaning: str

    @property
    def value(self) -> str:
        """The figure with its unit and without its interval, a dash where it is not known."""
        if self.estimate is None:
            return UNKNOWN
        said = figure(self.estimate, share=self.unit == "%")
        return said if self.unit in ("", "%") else f"{said} {self.unit}"

    @property
    def limits(self) -> str:
        """The 95 % interval in brackets; empty where there is none."""
        return "" if self.estimate is None else limits(self.estimate, share=self.unit == "%")


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Numbers, and the task that each of them is from."""

    tasks: Sequence[str]
    values: Floats
    """(N,)."""

    @classmethod
    def of(cls, tasks: Sequence[str], values: Sequence[float]) -> Sample:
        """Return a sample of plain numbers."""
        return cls(tasks, np.array(values, dtype=np.float64))

    def sums(self) -> Floats:
        """Return the sum of each task, (T,), by name."""
        names, member = self._clusters()
        return np.bincount(member, self.values, len(names)).astype(np.float64)

    def share(self) -> Estimate | None:
        """Return the mean of zeroes and ones, at most 1; None of nothing."""
        if not len(self.values):
            return None
        trials = Sample(self.tasks, np.ones_like(self.values)).sums()
        match event_rate([Events(self.sums())], trials):
            case Interval(value, low, high):
                return Interval(value, low, min(1.0, high))
            case AtMost(high):
                return AtMost(min(1.0, high))
            case other:
                return other

    def by(self, other: Sample) -> Interval | None:
        """Return the sum by that of another sample of the same tasks; None where one is 0."""
        if self.values.sum() <= 0 or other.values.sum() <= 0:
            return None
        return ratio(self.sums(), other.sums())

    def quantile(self, share: float) -> Interval | None:
        """Return a quantile with its interval, tasks drawn anew; None of nothing.

        With one task it has no limits.
        """
        if not len(self.values):
            return None
        names, member = self._clusters()
        value = float(np.quantile(self.values, share, method="inverted_cdf"))
        if len(names) < 2:
            return Interval(value, float("nan"), float("nan"))
        order = np.argsort(self.values)
        counts = cluster_weights(len(names))[:, member[order]].cumsum(axis=1)  # (draws, N)
        is_reached = counts >= share * counts[:, -1:]
        return percentile_interval(value, self.values[order][is_reached.argmax(axis=1)])

    def _clusters(self) -> tuple[Sequence[str], np.ndarray[tuple[int], np.dtype[np.intp]]]:
        names, member = np.unique(np.asarray(self.tasks, dtype=np.str_), return_inverse=True)
        return names.tolist(), member
