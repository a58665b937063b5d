"""A fleet: what is added up on the way is what the events of the shift come to."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from harness.errors import ConfigError
from harness.measure.fan_out import productive_agents, waits
from harness.measure.metrics import tallies
from harness.measure.state import fold
from harness.modes.allocators import ALLOCATORS, Whole
from harness.modes.episode_statistics import EpisodeStatistics, statistics_of
from harness.modes.fleet import Fleet, FleetConfig
from harness.modes.fleet_events import EventWitness
from harness.modes.simulation import simulate
from tests.harness.modes.fleets import AT_ONCE, asking, made_up


@pytest.mark.parametrize("patience_s", [None, 10.0])
@pytest.mark.parametrize("name", ["fifo", "gain-per-second"])
def test_the_sums_are_what_the_metrics_make_of_the_events(
    name: str, patience_s: float | None
) -> None:
    statistics = made_up()
    config = FleetConfig(n_agents=3, hours=0.3, patience_s=patience_s, seed=4)
    witness = EventWitness(statistics, config.horizon_ms)
    shift = simulate(statistics, config, ALLOCATORS[name](), witness)
    run = fold(witness.run(round(1000 * shift.duty_s)))
    found = tallies(run)
    assert found.keys() == shift.tallies.keys()
    for task, tally in shift.tallies.items():
        assert astuple(tally) == pytest.approx(astuple(found[task]))
    assert waits(run.ended.values()) == shift.waits
    if patience_s is None:  # a wait that nobody ended is in no contact
        productive = productive_agents(run.ended.values(), shift.duty_s)
        assert shift.productive_agents == pytest.approx(productive)


def test_what_a_person_finished_yields_nothing_in_sums_and_events() -> None:
    statistics = statistics_of([asking((3_000, 400), is_own=False)])
    config = FleetConfig(n_agents=2, hours=0.05)
    witness = EventWitness(statistics, config.horizon_ms)
    shift = simulate(statistics, config, ALLOCATORS["fifo"](), witness)
    assert shift.sums.gross_s > 0
    assert shift.sums.output_s == 0
    assert sum(each.output_s for each in tallies(fold(witness.run(1))).values()) == 0


def test_contacts_that_follow_closely_are_one_and_hold_what_is_between() -> None:
    # two actions and 400 ms lie between, then a long stretch
    statistics = statistics_of([asking((1_000, 400, 60_000))])
    fleet = Fleet(statistics, FleetConfig(n_agents=1, hours=0.025, operator=AT_ONCE))
    while fleet.next_decision():
        fleet.attend(0)
    fleet.finish()
    [tally] = fleet.tallies().values()
    assert tally.interventions == 2
    assert tally.gross_s == 100.0
    assert tally.output_s == pytest.approx(100.0 - 10.4)


def test_one_agent_never_waits() -> None:
    shift = simulate(made_up(), FleetConfig(n_agents=1, hours=0.3), ALLOCATORS["fifo"]())
    assert shift.waits.n > 0
    assert shift.waits.p95_s == 0


def test_an_agent_that_was_wrong_and_left_alone_fails_loudly() -> None:
    statistics = statistics_of([asking((1_000, 1_000), is_right=False)])
    fleet = Fleet(statistics, FleetConfig(n_agents=2, hours=0.02, patience_s=1.0))
    while fleet.next_decision():
        fleet.leave()
    fleet.finish()
    [tally] = fleet.tallies().values()
    assert tally.episodes > 10
    assert (tally.gross_s, tally.silent, tally.active_s) == (0, 0, 0)


def test_an_agent_that_was_right_and_left_alone_goes_on() -> None:
    statistics = statistics_of([asking((1_000, 1_000), is_right=True)])
    fleet = Fleet(statistics, FleetConfig(n_agents=1, hours=0.02, patience_s=1.0))
    while fleet.next_decision():
        fleet.leave()
    fleet.finish()
    # each episode takes two seconds and a second of waiting; the last ends with the shift
    [tally] = fleet.tallies().values()
    assert tally.gross_s == 100.0 * (72 // 3 - 1)


def test_what_a_rule_forbids_is_not_done_alone() -> None:
    [record] = [asking((1_000, 1_000))]
    first, last = record.stretches
    assert first.request
    bound = replace(first, request=replace(first.request, is_constraint=True))
    statistics = statistics_of([replace(record, stretches=(bound, last))])
    fleet = Fleet(statistics, FleetConfig(n_agents=2, hours=0.02, patience_s=1.0))
    while fleet.next_decision():
        fleet.leave()
    assert len(fleet.queue()) == 2


def test_without_patience_whom_nobody_attends_waits_until_the_end() -> None:
    fleet = Fleet(made_up(), FleetConfig(n_agents=3, hours=0.5))
    assert fleet.next_decision()
    fleet.leave()
    while fleet.next_decision():
        fleet.leave()
    assert len(fleet.queue()) == 3


def test_only_who_waits_can_be_attended() -> None:
    fleet = Fleet(made_up(), FleetConfig(n_agents=3, hours=0.5))
    assert fleet.next_decision()
    absent = set(range(3)) - set(fleet.queue().agent.tolist())
    with pytest.raises(ConfigError, match="does not wait"):
        fleet.attend(absent.pop())


def test_what_agents_meet_does_not_depend_on_who_is_attended() -> None:
    statistics, config = made_up(), FleetConfig(n_agents=6, hours=0.2, patience_s=30.0)
    names = "fifo", "gain-per-second", "random"
    met = {name: _Met(statistics, config.horizon_ms) for name in names}
    for name, witness in met.items():
        simulate(statistics, config, ALLOCATORS[name](), witness)
    one, other, third = (witness.records for witness in met.values())
    assert len(one) > 30
    assert one != other
    for key in one.keys() & other.keys() & third.keys():
        assert one[key] == other[key] == third[key]


def test_a_shift_is_the_same_each_time() -> None:
    config = FleetConfig(n_agents=5, hours=0.2, patience_s=20.0, seed=9)
    one, other = (simulate(made_up(), config, ALLOCATORS["random"]()) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    "wrong", [{"n_agents": 0}, {"hours": 0.0}, {"patience_s": 0.0}, {"patience_s": float("inf")}]
)
def test_a_shift_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        FleetConfig(**wrong)  # type: ignore[arg-type]


class _Met(EventWitness):
    """Remembers which record each agent played as its so-manieth episode."""

    def __init__(self, statistics: EpisodeStatistics, horizon_ms: int) -> None:
        super().__init__(statistics, horizon_ms)
        self.records: dict[tuple[int, int], int] = {}

    def begun(self, agents: Whole, numbers: Whole, episodes: Whole, t_ms: Whole) -> None:
        super().begun(agents, numbers, episodes, t_ms)
        rows = zip(agents.tolist(), numbers.tolist(), episodes.tolist(), strict=True)
        self.records |= {(agent, number): episode for agent, number, episode in rows}
