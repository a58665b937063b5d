"""Time to intervention counts what else may come first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.survival import Ending, Stretch, incidence, median_exposure, stretch
from tests.harness.measure.stories import MANY, Story

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
