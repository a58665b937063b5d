"""A learning curve is fitted by the law that it was drawn from, and says how sure it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import ConfigError
from harness.measure.learning import Checkpoint, PowerLaw, fit_power_law, learning, rate
from harness.measure.metrics import Tally
from tests.soak import repeats

STEP = 0.0125
"""Half a step of the grid of exponents."""
HOURS = np.array([0.25, 0.5, 1, 2, 4, 8])


def drawn(law: PowerLaw, tasks: int = 20, seed: int = 3) -> list[Checkpoint]:
    """Checkpoints whose tasks need a person as often as a law says, some more and some less."""
    rng = np.random.default_rng(seed)
    hard = rng.gamma(4, 1 / 4, tasks)
    return [
        Checkpoint(
            float(hours),
            {
                f"task {n}": Tally(
                    episodes=1,
                    baseline_s=360,
                    interventions=int(rng.poisson(0.1 * hard[n] * float(law.at(hours)))),
                )
                for n in range(tasks)
            },
        )
        for hours in HOURS
    ]


@pytest.mark.parametrize("exponent", [0.3, 0.8, 1.5])
def test_a_law_without_noise_is_found_again(exponent: float) -> None:
    law = PowerLaw(scale=40, offset=0.0, exponent=exponent, floor=0.0)
    found = fit_power_law(HOURS, 1000 * law.at(HOURS), np.full(len(HOURS), 1000.0))
    assert found.exponent == pytest.approx(exponent, abs=0.03)
    assert found.at(HOURS) == pytest.approx(law.at(HOURS), rel=0.02)


def test_a_flat_curve_learns_nothing() -> None:
    assert fit_power_law(HOURS, np.full(6, 30.0), np.full(6, 2.0)).exponent == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "law", [PowerLaw(60, 0, 0.7, 0), PowerLaw(60, 0.3, 0.7, 5), PowerLaw(60, 0, 0.3, 0)]
)
def test_the_interval_of_the_exponent_holds_the_truth_as_often_as_it_says(law: PowerLaw) -> None:
    n = repeats(60, 1_000)
    found = [learning(drawn(law, seed=seed)).exponent for seed in range(n)]
    held = [each.low - STEP <= law.exponent <= each.high + STEP for each in found]
    assert sum(held) / n >= 0.92 - 2 * math.sqrt(0.92 * 0.08 / n)
    assert all(each.low <= each.value <= each.high for each in found)


def test_a_law_is_plain_unless_that_fits_worse_than_chance_explains() -> None:
    plain = learning(drawn(PowerLaw(60, 0, 0.7, 0)))
    assert (plain.law.offset, plain.law.floor) == (0, 0)
    bent = learning(drawn(PowerLaw(400, 0, 1.5, 200), tasks=200))
    assert bent.law.floor > 0


def test_a_curve_is_the_same_each_time() -> None:
    checkpoints = drawn(PowerLaw(60, 0, 0.7, 3))
    assert learning(checkpoints) == learning(checkpoints)


def test_a_rate_is_per_hour_attempted() -> None:
    assert rate(Checkpoint(1, {"a": Tally(baseline_s=1800, interventions=3)})) == 6
    assert np.isnan(rate(Checkpoint(1, {})))


def test_too_few_checkpoints_or_empty_ones_are_refused() -> None:
    checkpoints = drawn(PowerLaw(60, 0, 0.7, 0))
    with pytest.raises(ConfigError, match="4 checkpoints or more"):
        learning(checkpoints[:3])
    with pytest.raises(ConfigError, match="wants human hours"):
        learning([*checkpoints, Checkpoint(0.0, checkpoints[0].tasks)])
    with pytest.raises(ConfigError, match="tasks played"):
        learning([*checkpoints, Checkpoint(9.0, {})])
