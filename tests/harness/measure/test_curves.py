"""Curves are compared over the same range, and alarms with what would have happened."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from harness.measure.curves import (
    Point,
    Triggers,
    area,
    hours_to_halve,
    normalised_area,
    normalised_area_interval,
    point,
)
from harness.measure.metrics import Tally

RANDOM = [Point(0, 10), Point(10, 20)]
ORACLE = [Point(0, 10), Point(5, 30), Point(10, 30)]


def test_the_area_is_the_mean_height() -> None:
    assert area(RANDOM, 10) == pytest.approx(15)
    assert area(ORACLE, 10) == pytest.approx(25)
    assert area(RANDOM, 5) == pytest.approx(12.5)
    assert area([Point(4, 7)], 10) == pytest.approx(7)


def test_asking_at_random_is_0_and_knowing_when_is_1() -> None:
    assert normalised_area(RANDOM, RANDOM, ORACLE, 10) == 0
    assert normalised_area(ORACLE, RANDOM, ORACLE, 10) == 1
    assert normalised_area([Point(0, 20)], RANDOM, ORACLE, 10) == pytest.approx(0.5)


def test_a_curve_without_points_or_an_oracle_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        area([], 10)
    with pytest.raises(ValueError, match="oracle"):
        normalised_area(ORACLE, RANDOM, RANDOM, 10)


def test_hours_to_halve_lie_between_checkpoints() -> None:
    assert hours_to_halve(np.array([1.0, 3, 5]), np.array([8.0, 8, 2])) == pytest.approx(3)
    assert math.isnan(hours_to_halve(np.array([1.0, 3]), np.array([8.0, 5])))


def tasks(interventions: int, outputs: Sequence[float]) -> dict[str, Tally]:
    """As many interventions in each task of ten baseline minutes, and so much output."""
    return {
        f"task {n}": Tally(baseline_s=600, output_s=output, interventions=interventions)
        for n, output in enumerate(outputs)
    }


def test_a_point_is_per_baseline_hour() -> None:
    assert point(tasks(2, [100, 300])) == Point(12, 1200)
    with pytest.raises(ValueError, match="attempted"):
        point({})


def test_the_area_has_an_interval_over_tasks() -> None:
    never = tasks(0, [100, 200, 300, 250])
    own, random, oracle = (
        [never, tasks(1, outputs)]
        for outputs in ([250, 300, 450, 300], [110, 210, 320, 260], [300, 400, 500, 450])
    )
    found = normalised_area_interval(Triggers(own, random, oracle), most=6)
    points = [[point(run) for run in curve] for curve in (own, random, oracle)]
    exact = normalised_area(points[0], points[1], points[2], 6)
    assert found.value == pytest.approx(exact)
    assert 0 < found.low < found.value < found.high < 1
    assert normalised_area_interval(Triggers(oracle, random, oracle), 6).low == pytest.approx(1)


def test_draws_in_which_an_oracle_is_no_better_do_not_count() -> None:
    never = tasks(0, [100, 100])
    random, oracle = [never, tasks(1, [150, 150])], [never, tasks(1, [150, 400])]
    found = normalised_area_interval(Triggers(oracle, random, oracle), most=6)
    assert (found.low, found.value, found.high) == pytest.approx((1, 1, 1))
