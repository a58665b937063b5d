"""Time to intervention counts what else may come first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.measure.survival import (
    Ending,
    Stretch,
    incidence,
    median_exposure,
    stretch,
    untouched_band,
)
from tests.harness.measure.stories import MANY, Story
from tests.soak import repeats

STRETCHES = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(Ending)), min_size=1, max_size=30
).filter(lambda rows: any(ending is not Ending.CENSORED for _, ending in rows))


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (Story().steps(4).done().end(), Stretch(4, 20, Ending.SUCCESS)),
        (Story().steps(1).contact(9).steps(3).done().end(), Stretch(1, 5, Ending.INTERVENTION)),
        (Story().steps(4).done().end(verified=False), Stretch(4, 20, Ending.SILENT)),
        (
            Story().steps(2).done().steps(2).contact(9).end(verified=False),
            Stretch(2, 10, Ending.SILENT),
        ),
        (
            Story().steps(2).contact(9).steps(2).done().end(verified=False),
            Stretch(2, 10, Ending.INTERVENTION),
        ),
        (Story().steps(4).ask().end(verified=False), Stretch(4, 20, Ending.CENSORED)),
        (Story().end(broke="browser died"), Stretch(0, 0, Ending.CENSORED)),
    ],
)
def test_a_stretch_ends_with_what_comes_first(story: Story, expected: Stretch) -> None:
    assert stretch(story.episode()) == expected


def test_a_curve_by_hand() -> None:
    exposures = np.array([1.0, 2, 2, 3, 4])
    endings = [
        Ending.INTERVENTION,
        Ending.SUCCESS,
        Ending.CENSORED,
        Ending.SILENT,
        Ending.INTERVENTION,
    ]
    curve = incidence(exposures, endings)
    assert curve.exposure.tolist() == [1, 2, 3, 4]
    assert curve.untouched == pytest.approx([0.8, 0.8, 0.8, 0])
    assert curve.cumulative[Ending.INTERVENTION] == pytest.approx([0.2, 0.2, 0.2, 0.5])
    assert curve.cumulative[Ending.SUCCESS] == pytest.approx([0, 0.2, 0.2, 0.2])
    assert curve.cumulative[Ending.SILENT] == pytest.approx([0, 0, 0.3, 0.3])
    assert median_exposure(curve) == 4


def test_who_is_never_touched_has_no_median() -> None:
    curve = incidence(np.array([1.0, 2]), [Ending.SUCCESS, Ending.CENSORED])
    assert curve.untouched.tolist() == [1]
    assert math.isnan(median_exposure(curve))


@MANY
@given(STRETCHES)
def test_shares_never_fall_and_never_exceed_one(rows: list[tuple[int, Ending]]) -> None:
    exposures = np.array([at for at, _ in rows], dtype=np.float64)
    curve = incidence(exposures, [ending for _, ending in rows])
    for share in curve.cumulative.values():
        assert np.all(np.diff(share) >= -1e-12)
    assert sum(share[-1] for share in curve.cumulative.values()) <= 1 + 1e-9


@MANY
@given(STRETCHES)
def test_without_censoring_the_shares_are_those_counted(rows: list[tuple[int, Ending]]) -> None:
    ended = [(at, ending) for at, ending in rows if ending is not Ending.CENSORED]
    exposures = np.array([at for at, _ in ended], dtype=np.float64)
    curve = incidence(exposures, [ending for _, ending in ended])
    for kind, share in curve.cumulative.items():
        counted = sum(ending is kind for _, ending in ended) / len(ended)
        assert share[-1] == pytest.approx(counted)


def test_with_a_stretch_a_task_the_variance_is_greenwoods() -> None:
    rng = np.random.default_rng(5)
    n = 40
    exposures = rng.integers(1, 12, n).astype(np.float64)
    endings = [Ending.INTERVENTION if rng.random() < 0.6 else Ending.SUCCESS for _ in range(n)]
    found = untouched_band(exposures, endings, [str(k) for k in range(n)])
    is_touched = np.array([each is Ending.INTERVENTION for each in endings])
    sample = stats.CensoredData(exposures[is_touched], right=exposures[~is_touched])
    curve = incidence(exposures, endings)
    inside = (curve.untouched > 0) & (curve.untouched < 1)
    known = stats.ecdf(sample).sf.confidence_interval(method="log-log")
    # its limits are normal and not multiplied by T/(T-1)
    wider = stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975) * math.sqrt(n / (n - 1))
    logs = np.log(-np.log(curve.untouched[inside]))
    for limit, theirs in ((found.low, known.low), (found.high, known.high)):
        away = np.log(-np.log(theirs.evaluate(curve.exposure[inside]))) - logs
        ours = np.log(-np.log(limit[inside])) - logs
        assert ours == pytest.approx(wider * away, abs=1e-9)


@MANY
@given(STRETCHES, st.data())
def test_a_band_holds_its_curve_and_stays_between_0_and_1(
    rows: list[tuple[int, Ending]], data: st.DataObject
) -> None:
    exposures = np.array([at for at, _ in rows], dtype=np.float64)
    endings = [ending for _, ending in rows]
    tasks = data.draw(st.lists(st.sampled_from("abcd"), min_size=len(rows), max_size=len(rows)))
    share = incidence(exposures, endings).untouched
    band = untouched_band(exposures, endings, tasks)
    known = ~np.isnan(band.low)
    assert np.all((band.low >= 0) & (band.high <= 1), where=known)
    assert np.all((band.low <= share + 1e-12) & (share <= band.high + 1e-12), where=known)
    assert np.all((share > 0) & (share < 1), where=known)


@pytest.mark.slow
def test_a_band_holds_the_truth_as_often_as_it_says_where_tasks_differ() -> None:
    rng, tasks, each, n = np.random.default_rng(8), 30, 6, repeats(200, 3_000)
    names = [str(task) for task in np.repeat(np.arange(tasks), each)]
    held = 0
    for _ in range(n):
        pace = np.repeat(rng.gamma(2, 1 / 2, tasks), each)  # of mean 1, one for each task
        exposures = rng.exponential(1 / pace)
        band = untouched_band(exposures, [Ending.INTERVENTION] * len(names), names)
        at = int(np.searchsorted(np.sort(exposures), 0.7)) - 1
        true = (1 + 0.7 / 2) ** -2  # the mean of exp(-0.7·pace)
        held += bool(band.low[at] <= true <= band.high[at])
    assert held / n >= 0.92 - 2 * math.sqrt(0.92 * 0.08 / n)
