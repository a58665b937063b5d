"""An interval holds the truth as often as it says, with few events as with many."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.intervals import (
    FEW,
    AtLeast,
    AtMost,
    Estimate,
    Events,
    Floats,
    Interval,
    PerEvent,
    event_rate,
    few,
    inverse,
    paired_per_event,
    paired_ratio,
    per_event,
    ratio,
    signed_ratio,
    total,
)
from tests.harness.measure.stories import MANY
from tests.soak import repeats

TASKS = 40


def floats(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def test_a_ratio_is_what_the_formula_says() -> None:
    outputs, contacts = floats(10, 20, 60), floats(1, 3, 2)
    found = ratio(outputs, contacts)
    z = outputs / 30 - contacts / 2
    factor = math.exp(4.302652729911275 * math.sqrt(float(z @ z) / 6))
    assert found.value == 15
    assert (found.low, found.high) == pytest.approx((15 / factor, 15 * factor))


def test_a_pair_is_as_sure_as_its_differences() -> None:
    outputs, contacts = floats(10, 20, 60), floats(1, 3, 2)
    assert paired_ratio((2 * outputs, contacts), (outputs, contacts)) == Interval(2, 2, 2)


def test_few_events_have_the_exact_poisson_interval_or_a_wider_one() -> None:
    found = few(floats(1, 1, 1, 0, 0), floats(2, 2, 2, 2, 2))
    assert found.value == pytest.approx(0.3)
    wider = 2.776445 / 1.959964  # t of four degrees of freedom over normal
    assert found.low == pytest.approx(0.3 * (0.618672 / 3) ** wider, rel=1e-4)
    assert found.high == pytest.approx(0.3 * (8.767273 / 3) ** wider, rel=1e-4)
    clumped = few(floats(3, 0, 0, 0, 0), floats(2, 2, 2, 2, 2))
    assert clumped.low < found.low
    assert clumped.high > found.high


def test_a_task_without_exposure_does_no_harm_to_the_spread() -> None:
    assert math.isfinite(few(floats(2, 1, 0), floats(0, 5, 5)).high)


def test_nothing_seen_gives_a_bound_that_counts_the_dearer_kind() -> None:
    nothing, outputs = floats(0, 0), floats(30, 60)
    assert per_event(PerEvent(outputs, (Events(nothing),))) == AtLeast(30)
    both = (Events(nothing), Events(nothing, 10))
    assert per_event(PerEvent(outputs, both)) == AtLeast(3)
    assert inverse(event_rate(both, outputs)) == AtLeast(3)


def test_a_kind_that_was_not_seen_may_still_happen() -> None:
    contacts, outputs = Events(floats(*[1] * 20)), floats(*[10] * 20)
    alone = event_rate([contacts], outputs)
    beside = event_rate([contacts, Events(floats(*[0] * 20), 10)], outputs)
    assert isinstance(alone, Interval)
    assert isinstance(beside, Interval)
    assert beside.value == alone.value
    assert beside.low == pytest.approx(alone.low)
    assert beside.high > 2 * alone.high


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(0, 2, AtLeast), (2, 0, AtMost), (0, 0, AtLeast), (2, 2, Interval), (20, 20, Interval)],
)
def test_a_comparison_says_only_what_it_can(a: int, b: int, expected: type[Estimate]) -> None:
    outputs = floats(50, 50)
    one, other = (PerEvent(outputs, (Events(floats(n / 2, n / 2)),)) for n in (a, b))
    assert isinstance(paired_per_event(one, other), expected)


def test_one_cluster_has_no_interval() -> None:
    for found in (ratio(floats(9), floats(3)), few(floats(3), floats(9)), total(floats(3))):
        assert math.isnan(found.low)
        assert math.isnan(found.high)
    assert math.isnan(signed_ratio(floats(3), floats(9)).low)


def test_a_sum_and_a_signed_ratio_agree_where_denominators_are_one() -> None:
    values = floats(-3, 1, 4, 8)
    whole, each = total(values), signed_ratio(values, floats(1, 1, 1, 1))
    assert whole.value == 10
    assert each.low * 4 == pytest.approx(whole.low)
    assert each.high * 4 == pytest.approx(whole.high)


@pytest.mark.parametrize(
    "act",
    [
        lambda: ratio(floats(0, 0), floats(1, 1)),
        lambda: ratio(floats(1, 1), floats(0, 0)),
        lambda: signed_ratio(floats(1, 1), floats(0, 0)),
        lambda: event_rate([Events(floats(1, 1))], floats(0, 0)),
    ],
)
def test_what_has_no_meaning_is_refused(act: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="positive"):
        act()


@MANY
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 3), st.floats(0.5, 300)),
        min_size=2,
        max_size=9,
    )
)
def test_an_interval_is_finite_and_holds_its_figure(rows: list[tuple[int, int, float]]) -> None:
    contacts, silent, outputs = np.array(rows, dtype=np.float64).T
    found = per_event(PerEvent(outputs, (Events(contacts), Events(silent, 10))))
    match found:
        case Interval(value, low, high):
            assert 0 < low <= value <= high < math.inf
        case AtLeast(low):
            assert 0 < low < math.inf
        case AtMost():
            raise AssertionError(found)
    back = inverse(inverse(found))
    assert type(back) is type(found)


@dataclass(frozen=True)
class World:
    """Tasks that differ: in length, in how often a person is needed, and in what goes wrong."""

    contacts: float
    """Expected of all tasks together; silent failures likewise."""
    silent: float
    tasks: int = TASKS
    episodes: int = 5

    def draw(self, rng: np.random.Generator, n: int) -> list[PerEvent]:
        """Two policies on the same n sets of tasks, (n, T) each; the other needs twice the help."""
        shape = (n, self.tasks)
        baseline = rng.lognormal(np.log(8), 0.8, shape)
        hard = rng.gamma(1.5, 1 / 1.5, shape)  # of mean 1, shared by both policies
        return [self._play(rng, baseline, hard * burden) for burden in (1, 2)]

    def _play(self, rng: np.random.Generator, baseline: Floats, hard: Floats) -> PerEvent:
        of_its_own = rng.gamma(4, 1 / 4, baseline.shape)
        contacts = rng.poisson(hard * of_its_own * self.contacts / self.tasks)
        silent = rng.poisson(hard * self.silent / self.tasks)
        solved = rng.binomial(self.episodes, 0.9 / (1 + 0.3 * hard))
        outputs = baseline * np.maximum(0, solved - 0.1 * contacts)
        return PerEvent(outputs, (Events(contacts.astype(float)), Events(silent.astype(float))))


WORLDS = {
    "many of both": World(contacts=120, silent=40),
    "few silent": World(contacts=120, silent=4),
    "hardly any silent": World(contacts=120, silent=0.7),
    "few of both": World(contacts=5, silent=2),
    "around the border": World(contacts=10, silent=9),
    "few tasks": World(contacts=60, silent=20, tasks=12),
}


def rows(sample: PerEvent, weight: float) -> list[PerEvent]:
    """The samples one by one, with silent failures of some weight."""
    contacts, silent = sample.events
    return [
        PerEvent(outputs, (Events(c), Events(s, weight)))
        for outputs, c, s in zip(sample.outputs, contacts.counts, silent.counts, strict=True)
    ]


def truth(sample: PerEvent, weight: float) -> float:
    """Output per event of very many samples together."""
    contacts, silent = (each.counts.sum() for each in sample.events)
    return float(sample.outputs.sum() / (contacts + weight * silent))


def holds(estimate: Estimate, true: float) -> bool:
    """Whether the truth is where the estimate says it is."""
    match estimate:
        case Interval(_, low, high):
            return low <= true <= high
        case AtLeast(low):
            return low <= true
        case AtMost(high):
            return true <= high


@pytest.mark.slow
@pytest.mark.parametrize("weight", [0.0, 10.0], ids=["OPI", "OPI*"])
@pytest.mark.parametrize("name", WORLDS)
def test_intervals_hold_the_truth_as_often_as_they_say(name: str, weight: float) -> None:
    world, rng, n = WORLDS[name], np.random.default_rng(11), repeats(150, 5_000)
    true_a, true_b = (truth(sample, weight) for sample in world.draw(rng, 20_000))
    of_a, of_b = (rows(sample, weight) for sample in world.draw(rng, n))
    floor = 0.92 - 2 * math.sqrt(0.92 * 0.08 / n)  # what chance may take from so many draws
    assert np.mean([holds(per_event(a), true_a) for a in of_a]) >= floor
    assert np.mean([holds(per_event(b), true_b) for b in of_b]) >= floor
    pairs = [paired_per_event(a, b) for a, b in zip(of_a, of_b, strict=True)]
    assert np.mean([holds(pair, true_a / true_b) for pair in pairs]) >= floor


def test_few_means_what_it_says() -> None:
    counts = floats(*[1] * FEW)
    assert PerEvent(counts, (Events(counts),)).is_plentiful
    assert not PerEvent(counts, (Events(counts), Events(counts / 2, 10))).is_plentiful
    assert PerEvent(counts, (Events(counts), Events(counts / 2, 0))).is_plentiful
