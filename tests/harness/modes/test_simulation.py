"""Simulated shifts: they agree with queueing theory, and allocators are told apart by pairs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from harness.errors import ConfigError
from harness.modes.allocators import (
    ALLOCATORS,
    RankedAllocator,
    gain_or_nobody,
    gain_per_second,
)
from harness.modes.episode_statistics import EpisodeStatistics, statistics_of
from harness.modes.fleet import FleetConfig
from harness.modes.machine_repair import (
    LogOdds,
    constant_interaction,
    exponential_interaction,
    saturation,
    working_agents,
)
from harness.modes.simulation import Comparison, compare, fan_out, simulate
from tests.harness.modes.fleets import AT_ONCE, asking, machines, made_up
from tests.soak import repeats

NEGLECT_S, INTERACTION_S = 60.0, 15.0
FIFO = ALLOCATORS["fifo"]()
HOURS = repeats(4, 80)


def constant(rng: Random) -> float:
    return INTERACTION_S


def exponential(rng: Random) -> float:
    return rng.expovariate(1 / INTERACTION_S)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interaction_s", "transform"),
    [(constant, constant_interaction), (exponential, exponential_interaction)],
)
def test_working_agents_are_those_of_the_machine_repair_model(
    interaction_s: Callable[[Random], float], transform: Callable[[float], LogOdds]
) -> None:
    config = FleetConfig(hours=HOURS, operator=AT_ONCE, seed=2)
    shifts = fan_out(machines(NEGLECT_S, interaction_s), config, FIFO, sizes=(1, 3, 5, 12))
    for shift in shifts:
        expected = working_agents(shift.config.n_agents, NEGLECT_S, INTERACTION_S, transform)
        assert shift.productive_agents == pytest.approx(expected, rel=0.04)


@pytest.mark.slow
def test_beyond_saturation_agents_wait_for_all_that_the_person_cannot_do() -> None:
    assert saturation(NEGLECT_S, INTERACTION_S) == 5.0
    config = FleetConfig(hours=1.5, operator=AT_ONCE)
    below, *beyond = fan_out(machines(NEGLECT_S, constant), config, FIFO, sizes=(2, 12, 24, 48))
    assert below.utilisation < 0.6
    for shift in beyond:
        # a cycle of N agents takes N interactions, in which each works, waits and is helped once
        wait_s = shift.config.n_agents * INTERACTION_S - NEGLECT_S - INTERACTION_S
        assert shift.utilisation == pytest.approx(1.0, abs=0.02)
        assert shift.waits.median_s == pytest.approx(wait_s, rel=0.15)
        assert shift.productive_agents == pytest.approx(NEGLECT_S / INTERACTION_S, rel=0.1)


@pytest.mark.slow
def test_where_patience_ends_gain_exceeds_uncertainty_and_that_exceeds_age() -> None:
    [by_gain, by_doubt] = compared(
        ["gain-per-second", "most-uncertain", "fifo"],
        FleetConfig(n_agents=8, hours=0.5, patience_s=60.0),
        asks=0.02,
    )
    assert by_gain.net_s_per_hour.low > 0
    assert by_doubt.net_s_per_hour.low > 0


@pytest.mark.slow
def test_where_all_wait_for_ever_no_order_is_worse_than_chance() -> None:
    config = FleetConfig(n_agents=8, hours=0.5)
    for each in compared(["gain-per-second", "most-uncertain", "fifo", "random"], config):
        assert each.net_s_per_hour.high >= 0


@pytest.mark.slow
def test_where_help_costs_more_than_it_brings_to_help_nobody_has_the_most_net() -> None:
    # a second of work, ten of help, a worth of three
    statistics = statistics_of([asking((500, 500), baseline_s=3.0, handle_ms=10_000)])
    config = FleetConfig(n_agents=4, hours=0.2, patience_s=30.0)
    next_s = statistics.worth_per_request_s
    assert next_s == 3.0
    chosen = [gain_or_nobody(next_s), gain_per_second(next_s)]
    [found] = compare(statistics, config, chosen, seeds=range(3))
    assert found.net_s_per_hour.low > 0


def compared(names: list[str], config: FleetConfig, asks: float = 0.05) -> list[Comparison]:
    """By how much each exceeds the next on eight shifts."""
    statistics = made_up(asks=asks)
    makers = {**ALLOCATORS, "gain-per-second": _informed(statistics)}
    chosen = [makers[name]() for name in names]
    return compare(statistics, config, chosen, seeds=range(repeats(6, 40)))


def _informed(statistics: EpisodeStatistics) -> Callable[[], RankedAllocator]:
    return lambda: gain_per_second(statistics.worth_per_request_s)


def test_a_comparison_wants_two_shifts_of_two_allocators() -> None:
    with pytest.raises(ConfigError, match="at least two"):
        compare(made_up(), FleetConfig(), [FIFO, FIFO], seeds=[1])
    with pytest.raises(ConfigError, match="at least two"):
        compare(made_up(), FleetConfig(), [FIFO], seeds=[1, 2])


def test_a_shift_has_all_headline_figures() -> None:
    shift = simulate(made_up(), FleetConfig(n_agents=4, hours=0.2), FIFO)
    assert shift.figures.sums == shift.sums
    assert shift.figures.net_s.value == pytest.approx(shift.net_s)
    assert 0 < shift.utilisation <= 1


def test_one_machine_works_while_it_is_not_repaired_and_many_saturate_the_repairman() -> None:
    for transform in (constant_interaction, exponential_interaction):
        working = [working_agents(n, 60.0, 15.0, transform) for n in (1, 2, 4, 8, 1000)]
        assert working == sorted(working)
        assert working[0] == pytest.approx(0.8)
        assert working[-1] == pytest.approx(4.0)
