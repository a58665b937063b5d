"""Episode statistics of a run are those of what happened in it."""

from __future__ import annotations

import pytest

from harness.errors import ConfigError
from harness.measure.events import ContactKind
from harness.measure.state import Run, fold
from harness.modes.allocators import ALLOCATORS
from harness.modes.episode_statistics import from_run, statistics_of
from harness.modes.fleet import FleetConfig
from harness.modes.fleet_events import EventWitness
from harness.modes.records import Record, Stretch, records_of
from harness.modes.simulation import simulate
from harness.modes.synthetic import SyntheticConfig, synthetic_records
from tests.harness.measure.stories import Story, planned, run_of
from tests.harness.modes.fleets import asking


def told() -> Story:
    """Two seconds of work, a request answered after one, half a second more, a claim."""
    story = Story(planned(seconds=30.0)).steps(20).ask()
    story.engage(ContactKind.APPROVAL, waited_ms=1_000, approach_ms=3_000).pause(4_000).release()
    return story.steps(5).done().end()


def test_stretches_are_what_the_agent_did_by_itself() -> None:
    [record] = records_of(run_of([told()]))
    first, last = record.stretches
    assert (first.run_ms, first.n_actions) == (2_000, 20)
    assert (last.run_ms, last.n_actions, last.request) == (500, 5, None)
    assert first.request
    assert first.request.handle_ms == 4_000
    assert first.request.is_right
    assert (record.baseline_s, record.is_success, record.is_own) == (30.0, True, True)


def test_a_correction_says_that_the_agent_was_wrong() -> None:
    story = Story(planned(seed=1)).steps(5).ask()
    story.engage(ContactKind.CORRECTION, waited_ms=0).pause(900).release().steps(5).done().end()
    wrong, right = records_of(run_of([story, told()]))[::-1]
    assert [each.is_right for each in (*right.requests, *wrong.requests)] == [True, False]
    # one of two contacts of the task was no approval
    assert wrong.requests[0].uncertainty == pytest.approx(0.5)


def test_episodes_that_broke_down_or_were_not_the_agents_are_left_out() -> None:
    broken = Story(planned(seed=1)).steps(5).end(verified=False, broke="the browser died")
    by_hand = Story(planned(seed=2)).contact(5_000).end()
    assert len(records_of(run_of([told(), broken, by_hand]))) == 1


def test_what_is_left_is_the_share_of_the_agents_time() -> None:
    statistics = statistics_of([asking((3_000, 500, 500), baseline_s=40.0)])
    assert statistics.requests.left_s.tolist() == [10.0, 5.0, 0.0]
    assert statistics.stretches.rest_ms.tolist() == [1_000, 500, 0]
    assert statistics.asks_per_episode == 2


def test_a_run_of_a_simulated_shift_gives_back_the_episodes_that_it_was_made_of() -> None:
    made_of = synthetic_records(1, SyntheticConfig(episodes=40))
    statistics, config = statistics_of(made_of), FleetConfig(n_agents=2, hours=0.5, seed=3)
    witness = EventWitness(statistics, config.horizon_ms)
    shift = simulate(statistics, config, ALLOCATORS["fifo"](), witness)
    found = records_of(fold(witness.run(round(1000 * shift.duty_s))))
    whole = [each for each in found if each.is_claimed]  # the others were cut off
    assert len(whole) > 60
    assert {_told(each) for each in whole} <= {_told(each) for each in made_of}


def _told(record: Record) -> tuple[object, ...]:
    """All of an episode but what is estimated of its requests."""
    handled = [(each.handle_ms, each.is_right) for each in record.requests]
    worked = [(each.run_ms, each.n_actions) for each in record.stretches]
    return record.task, record.baseline_s, record.is_success, *worked, *handled


def test_no_episode_makes_no_shift() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        from_run(Run())


def test_an_episode_without_time_or_with_a_loose_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1 ms"):
        asking((0, 0))
    loose = (Stretch(run_ms=5, n_actions=1), Stretch(run_ms=5, n_actions=1))
    with pytest.raises(ConfigError, match="request after each"):
        Record(task="sort", baseline_s=1.0, stretches=loose, is_success=True)
