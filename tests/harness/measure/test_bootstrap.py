"""Draws are the same each time, and what has no value is not drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.measure.bootstrap import cluster_weights, percentile_interval


def test_each_draw_has_as_many_clusters_as_there_are() -> None:
    drawn = cluster_weights(7, draws=50)
    assert drawn.shape == (50, 7)
    assert np.all(drawn.sum(axis=1) == 7)
    assert np.array_equal(drawn, cluster_weights(7, draws=50))


def test_an_interval_holds_its_figure_even_where_draws_lie_beside_it() -> None:
    found = percentile_interval(3.0, np.array([4.0, 5, 6]))
    assert found.low == found.value == 3
    assert found.high == pytest.approx(6, abs=0.1)


def test_draws_without_a_figure_are_left_out_unless_they_are_the_most() -> None:
    some = np.array([1.0, 1, 1, np.nan])
    assert percentile_interval(1.0, some).high == 1
    assert math.isnan(percentile_interval(1.0, np.array([1.0, np.nan, np.nan])).low)
    assert math.isnan(percentile_interval(1.0, np.array([])).high)
