"""What each task of a row came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from scipy import stats

from harness.measure.intervals import Interval, poisson
from harness.measure.metrics import SECONDS_PER_HOUR, Tally, is_verified, tallies
from harness.measure.state import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFindings:
    """What one task came to, with intervals over its episodes as if these were independent."""

    task: str
    sums: Tally
    success: Interval
    """Share of its episodes that reached the goal; limits of Wilson, 1927."""
    interventions_per_hour: Interval
    """Per human baseline hour attempted; limits of Garwood, 1936."""


def task_findings(run: Run) -> list[TaskFindings]:
    """Return what each task of a run came to: least successful first, then the needier."""
    reached = Counter(each.planned.task for each in run.ended.values() if is_verified(each))
    found = [
        TaskFindings(
            task=task,
            sums=sums,
            success=wilson(reached[task], sums.episodes),
            interventions_per_hour=poisson(sums.interventions, sums.baseline_s / SECONDS_PER_HOUR),
        )
        for task, sums in tallies(run).items()
        if sums.baseline_s
    ]
    return sorted(
        found,
        key=lambda each: (each.success.value, -each.interventions_per_hour.value, each.task),
    )


def success_by_task(run: Run) -> dict[str, float]:
    """Return the share of each task's episodes that reached the goal."""
    return {each.task: each.success.value for each in task_findings(run)}


def wilson(count: int, n: int) -> Interval:
    """Return a share of n > 0 with its 95 % interval. Source: Wilson, 1927.

    >>> wilson(0, 20).low
    0.0
    """
    found = stats.binomtest(count, n).proportion_ci(method="wilson")
    return Interval(count / n, float(found.low), float(found.high))
