"""Curves are compared over the same range, and alarms with what would have happened."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.measure.curves import (
    Alarms,
    Fork,
    Point,
    Unaided,
    alarms,
    area,
    hours_to_halve,
    normalised_area,
)

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


def test_a_request_was_needed_if_the_agent_alone_mostly_fails() -> None:
    right, wrong = Unaided(is_verified=True, t_end_ms=9_000), Unaided(False, 5_000)
    needed = Fork(2_000, (right, right, wrong, wrong, wrong))
    needless = Fork(1_000, (right, right, right, wrong, wrong))
    assert alarms([needed, needless], 1) == Alarms(0.5, 0.5, 3.0)
    nothing = alarms([], 0)
    assert all(map(math.isnan, (nothing.false_share, nothing.missed_share, nothing.lead_s)))
