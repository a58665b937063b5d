"""Allocators: nothing but the queue decides, and each by the rule that its name promises."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.modes.allocators import (
    ALLOCATORS,
    RISK_FLOOR,
    UNCERTAINTY_FLOOR,
    Waiting,
    gain_or_nobody,
)
from tests.soak import repeats

MANY = settings(max_examples=repeats(60, 500))
SHARES = st.floats(0, 1)
SECONDS = st.floats(0, 300)
NAMES = sorted(ALLOCATORS)

WAITING = st.builds(
    Waiting,
    agent=st.integers(0, 40),
    since_ms=st.integers(0, 10_000),
    uncertainty=SHARES,
    novelty=SHARES,
    is_constraint=st.booleans(),
    risk=SHARES,
    left_s=SECONDS,
    service_s=SECONDS,
    p_alone=SHARES,
    p_help=SHARES,
)
QUEUES = st.lists(WAITING, min_size=1, max_size=6, unique_by=lambda each: each.agent)

PLAIN = Waiting(
    agent=3,
    since_ms=1_000,
    uncertainty=0.5,
    novelty=0.5,
    is_constraint=False,
    risk=0.6,
    left_s=20.0,
    service_s=8.0,
    p_alone=0.4,
    p_help=0.9,
)


def picked(name: str, *queue: Waiting, last_agent: int | None = None, draw: float = 0.5) -> int:
    """The number of the agent that is attended."""
    place = ALLOCATORS[name]().pick(queue, now_ms=20_000, last_agent=last_agent, draw=draw)
    assert place is not None
    return queue[place].agent


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_attended_where_nobody_waits(name: str) -> None:
    assert ALLOCATORS[name]().pick([], now_ms=0, last_agent=None, draw=0.5) is None


@MANY
@given(queue=QUEUES, draw=SHARES, chance=st.randoms(use_true_random=False))
def test_one_who_waits_is_attended_whatever_their_order(
    queue: list[Waiting], draw: float, chance: Random
) -> None:
    for name in NAMES:
        first = picked(name, *queue, last_agent=2, draw=draw)
        assert first in {each.agent for each in queue}
        shuffled = chance.sample(queue, len(queue))
        assert picked(name, *shuffled, last_agent=2, draw=draw) == first


@pytest.mark.parametrize("name", [name for name in NAMES if name != "random"])
def test_of_equals_the_one_with_the_lowest_number_is_attended(name: str) -> None:
    assert picked(name, *(replace(PLAIN, agent=agent) for agent in (7, 4, 9))) == 4


def test_random_attends_each_as_often_as_the_others() -> None:
    queue = [replace(PLAIN, agent=agent) for agent in (7, 4, 9)]
    found = [picked("random", *queue, draw=draw / 300) for draw in range(300)]
    assert {agent: found.count(agent) for agent in (4, 7, 9)} == {4: 100, 7: 100, 9: 100}
    assert picked("random", *queue, draw=1.0) == 9


def test_fifo_attends_who_waited_longest() -> None:
    early = replace(PLAIN, agent=8, since_ms=10)
    assert picked("fifo", PLAIN, early) == 8


def test_most_uncertain_attends_who_is_least_sure() -> None:
    unsure = replace(PLAIN, agent=8, uncertainty=0.9, since_ms=5_000)
    assert picked("most-uncertain", PLAIN, unsure) == 8


def test_fleet_dagger_puts_constraints_before_uncertainty_before_risk() -> None:
    risky = replace(PLAIN, agent=1, risk=0.99)
    unsure = replace(PLAIN, agent=2, uncertainty=0.8, risk=0.0)
    broken = replace(PLAIN, agent=8, is_constraint=True, uncertainty=0.0, risk=0.0)
    assert picked("fleet-dagger", risky, unsure, broken) == 8
    assert picked("fleet-dagger", risky, unsure) == 2
    assert picked("fleet-dagger", PLAIN, risky) == 1


def test_fleet_dagger_sees_nothing_below_its_floors() -> None:
    none = replace(PLAIN, uncertainty=0.0, risk=0.0)
    little = replace(none, agent=8, uncertainty=UNCERTAINTY_FLOOR - 0.01, risk=RISK_FLOOR - 0.01)
    assert picked("fleet-dagger", none, little) == none.agent


def test_fleet_dagger_prefers_no_more_broken_constraints_than_there_are_people() -> None:
    first = replace(PLAIN, agent=2, is_constraint=True)
    second = replace(PLAIN, agent=5, is_constraint=True, uncertainty=1.0)
    assert picked("fleet-dagger", second, first) == 2


def test_thrifty_spends_on_risk_and_novelty_first_and_on_the_rest_in_turn() -> None:
    calm = replace(PLAIN, agent=1, risk=0.1, novelty=0.1, since_ms=0)
    calm_later = replace(calm, agent=0, risk=0.3, since_ms=5)
    strange = replace(PLAIN, agent=8, risk=0.6, novelty=0.9)
    assert picked("thrifty", calm, calm_later, strange) == 8
    assert picked("thrifty", calm_later, calm) == 1


def test_gain_per_second_attends_where_a_second_brings_most() -> None:
    much = replace(PLAIN, agent=8, left_s=200.0)
    quick = replace(PLAIN, agent=9, service_s=1.0)
    lost = replace(PLAIN, agent=1, p_help=0.4)
    assert picked("gain-per-second", PLAIN, much) == 8
    assert picked("gain-per-second", PLAIN, quick) == 9
    assert picked("gain-per-second", PLAIN, lost) == PLAIN.agent


def test_gain_per_second_counts_what_it_takes_to_turn_to_another() -> None:
    other = replace(PLAIN, agent=1)
    assert picked("gain-per-second", PLAIN, other, last_agent=PLAIN.agent) == PLAIN.agent


def test_gain_or_nobody_leaves_those_whose_help_costs_more_than_it_brings() -> None:
    frugal = gain_or_nobody(next_s=5.0)
    dear = replace(PLAIN, left_s=2.0)
    worthy = replace(PLAIN, agent=8)
    assert frugal.pick([dear], now_ms=0, last_agent=None, draw=0.5) is None
    assert frugal.pick([dear, worthy], now_ms=0, last_agent=None, draw=0.5) == 1
    # to stay where they are is cheaper
    close = replace(PLAIN, left_s=8.0)
    assert frugal.pick([close], now_ms=0, last_agent=None, draw=0.5) is None
    assert frugal.pick([close], now_ms=0, last_agent=close.agent, draw=0.5) == 0


def test_help_that_is_expected_to_take_no_time_does_no_harm() -> None:
    queue = [replace(PLAIN, agent=agent, service_s=0.0, p_help=0.4) for agent in (3, 5)]
    assert picked("gain-per-second", *queue, last_agent=5) == 5
