"""Measures of confidence have the values that their definitions give."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calibrate.metrics import (
    augrc,
    aurc,
    brier,
    calibration_error,
    coverage_at,
    failure_auroc,
    over_episodes,
    reliability,
    risk_coverage,
    wilson,
)

DECISIONS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.booleans()), min_size=1, max_size=40
)


def split(found: list[tuple[float, bool]]):
    return np.array([p for p, _ in found]), np.array([flag for _, flag in found], np.bool_)


def test_a_calibrated_confidence_has_no_error() -> None:
    confidence = np.repeat([0.0, 0.5, 1.0], 20)
    right = np.concatenate([np.zeros(20), np.tile([0, 1], 10), np.ones(20)]).astype(np.bool_)
    assert calibration_error(confidence, right, bins=3) == 0
    assert calibration_error(confidence, ~right, bins=3) == pytest.approx(2 / 3)
    assert brier(confidence, right) == pytest.approx(0.25 / 3)


@given(st.integers(1, 200), st.integers(1, 20))
def test_bins_hold_every_decision_once_and_as_many_each(n: int, bins: int) -> None:
    found = reliability(np.linspace(0, 1, n), np.ones(n, np.bool_), bins)
    sizes = [each.n for each in found]
    assert sum(sizes) == n
    assert len(found) <= bins
    assert len(set(sizes[:-1])) <= 1
    assert sizes[-1] <= sizes[0]


@given(DECISIONS)
def test_equal_confidences_share_a_bin(found: list[tuple[float, bool]]) -> None:
    confidence, right = split(found)
    bins = reliability(confidence, right, 3)
    assert sum(each.n for each in bins) == len(found)
    assert [each.confidence for each in bins] == sorted({each.confidence for each in bins})
    order = np.random.default_rng(0).permutation(len(right))
    assert reliability(confidence[order], right[order], 3) == [pytest.approx(each) for each in bins]


@given(DECISIONS)
def test_areas_are_the_mean_over_all_orders_of_ties(found: list[tuple[float, bool]]) -> None:
    found = found[:5]
    risks: list[float] = []
    for order in permutations(found):
        if [p for p, _ in order] != sorted((p for p, _ in order), reverse=True):
            continue
        wrong = np.cumsum([not flag for _, flag in order])
        risks.append(float(np.mean(wrong / np.arange(1, len(order) + 1))))
    assert aurc(*split(found)) == pytest.approx(np.mean(risks))


def test_the_best_ranking_has_the_smallest_areas() -> None:
    right = np.array([True, True, True, False])
    best, worst = np.array([0.9, 0.8, 0.7, 0.1]), np.array([0.1, 0.2, 0.3, 0.9])
    assert aurc(best, right) == pytest.approx(1 / 16)
    assert augrc(best, right) == pytest.approx(1 / 16)
    assert aurc(worst, right) > aurc(np.full(4, 0.5), right) > aurc(best, right)
    assert augrc(worst, right) > augrc(best, right)
    assert failure_auroc(best, right) == 1
    assert failure_auroc(worst, right) == 0
    assert np.isnan(failure_auroc(best, np.ones(4, np.bool_)))


def test_the_risk_of_keeping_all_is_the_share_of_errors() -> None:
    curve = risk_coverage(np.array([0.2, 0.4, 0.4]), np.array([False, True, False]))
    assert curve.coverage[-1] == 1
    assert curve.risk[-1] == pytest.approx(2 / 3)
    assert curve.risk[0] == pytest.approx(0.5)


def test_coverage_counts_down_to_the_threshold_and_parts_no_ties() -> None:
    confidence = np.array([0.9, 0.9, 0.5, 0.5])
    assert coverage_at(confidence, np.array([True, True, True, False])) == 0.5
    assert coverage_at(confidence, np.array([True, False, True, True])) == 0
    assert coverage_at(confidence, np.ones(4, np.bool_)) == 1
    assert coverage_at(confidence, np.array([True, True, True, False]), precision=0.75) == 1


def test_measures_of_nothing_are_not_numbers() -> None:
    nothing = np.zeros(0), np.zeros(0, np.bool_)
    for measure in (calibration_error, brier, aurc, augrc, coverage_at):
        assert np.isnan(measure(*nothing))


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson(95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


def test_episodes_are_drawn_whole() -> None:
    # two kinds of episode, alike within: the interval must be as wide as for their number
    episodes = [(np.ones(50), np.full(50, bool(number % 2))) for number in range(10)]
    low, high = over_episodes(lambda _, right: float(right.mean()), episodes)
    assert high - low > 0.4
    assert over_episodes(brier, episodes) == over_episodes(brier, episodes)
    assert np.isnan(over_episodes(brier, episodes[:1]).low)
