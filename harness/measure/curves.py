"""Curves over thresholds and over learning, and whether alarms were needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.bootstrap import cluster_weights, percentile_interval
from harness.measure.intervals import Floats, Interval
from harness.measure.metrics import SECONDS_PER_HOUR, Tally


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold, run anew in closed loop with the same random numbers as the others."""

    interventions_per_hour: float
    output_per_hour: float
    """Baseline seconds; both per human baseline hour attempted."""


def area(curve: Sequence[Point], most: float) -> float:
    """Return the mean output per hour while interventions per hour go from 0 to `most`.

    Straight lines between the points; before the first and after the last, the same as there.

    Raises:
        ValueError: there is no point.
    """
    at, outputs = _columns(curve)
    inner = at[(at > 0) & (at < most)]
    grid = np.concatenate(([0.0], inner, [most]))
    return float(np.trapezoid(np.interp(grid, at, outputs), grid) / most)


def normalised_area(
    curve: Sequence[Point], random: Sequence[Point], oracle: Sequence[Point], most: float
) -> float:
    """Return nAUC = (A - A_random)/(A_oracle - A_random); 0 asks at random, 1 knows when to ask.

    Raises:
        ValueError: a curve has no point, or the oracle is no better than asking at random.
    """
    floor, ceiling = area(random, most), area(oracle, most)
    if ceiling <= floor:
        raise ValueError("the oracle's curve is not above the random one: nothing to compare with")
    return (area(curve, most) - floor) / (ceiling - floor)


@dataclass(frozen=True, slots=True)
class Triggers:
    """What each task came to when a policy asked by its own rule, at random and by an oracle.

    Each curve holds one run for each threshold, never asking among them; all are of one plan.
    """

    own: Sequence[Mapping[str, Tally]]
    random: Sequence[Mapping[str, Tally]]
    oracle: Sequence[Mapping[str, Tally]]


def point(tasks: Mapping[str, Tally]) -> Point:
    """Return where on a threshold curve a run lies.

    Raises:
        ValueError: no work was attempted.
    """
    sums = sum(tasks.values(), Tally())
    if not sums.baseline_s:
        raise ValueError("a point on a threshold curve wants work that was attempted")
    hours = sums.baseline_s / SECONDS_PER_HOUR
    return Point(sums.interventions / hours, sums.output_s / hours)


def normalised_area_interval(triggers: Triggers, most: float) -> Interval:
    """Return nAUC with its interval over tasks; all curves are drawn with the same tasks.

    A draw in which the oracle is no better than asking at random has no nAUC and is left out.

    Raises:
        ValueError: a curve has no point, or the oracle is no better than asking at random.
    """
    curves = (triggers.own, triggers.random, triggers.oracle)
    tasks = sorted({task for curve in curves for run in curve for task in run})
    columns = [[_task_columns(run, tasks) for run in curve] for curve in curves]
    ones = np.ones(len(tasks))
    own, random, oracle = (_weighted(curve, ones) for curve in columns)
    value = normalised_area(own, random, oracle, most)
    drawn = [_drawn_area(columns, each, most) for each in cluster_weights(len(tasks))]
    return percentile_interval(value, np.array(drawn))


def hours_to_halve(human_hours: Floats, interventions_per_hour: Floats) -> float:
    """Return the human hours after the first checkpoint by which its interventions are halved.

    Straight lines between checkpoints on a logarithmic scale of interventions; NaN where they
    never are.

    Args:
        human_hours: (K,) ascending, demonstrations included.
        interventions_per_hour: (K,) on held-out tasks, above 0.
    """
    logs = np.log2(interventions_per_hour[0] / interventions_per_hour)
    reached = np.flatnonzero(logs >= 1)
    if not len(reached):
        return float("nan")
    after = int(reached[0])
    at = np.interp(1.0, logs[after - 1 : after + 1], human_hours[after - 1 : after + 1])
    return float(at - human_hours[0])


def _columns(curve: Sequence[Point]) -> tuple[Floats, Floats]:
    if not curve:
        raise ValueError("a curve wants at least one point")
    ordered = sorted((each.interventions_per_hour, each.output_per_hour) for each in curve)
    at, outputs = np.array(ordered, dtype=np.float64).T
    return at, outputs


def _task_columns(run: Mapping[str, Tally], tasks: Sequence[str]) -> Floats:
    """Return interventions, output and baseline seconds of each task, (3, T)."""
    found = [run.get(task, Tally()) for task in tasks]
    rows = [(each.interventions, each.output_s, each.baseline_s) for each in found]
    return np.array(rows, dtype=np.float64).T


def _weighted(curve: Sequence[Floats], weights: Floats) -> list[Point]:
    sums = [columns @ weights for columns in curve]
    return [
        Point(*(SECONDS_PER_HOUR * each[:2] / each[2]).tolist()) for each in sums if each[2] > 0
    ]


def _drawn_area(curves: Sequence[Sequence[Floats]], weights: Floats, most: float) -> float:
    own, random, oracle = (_weighted(curve, weights) for curve in curves)
    try:
        return normalised_area(own, random, oracle, most)
    except ValueError:
        return float("nan")
