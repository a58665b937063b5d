"""An alarm is judged by how the same episode goes when nobody comes."""

from __future__ import annotations

import math

import pytest

from harness.measure.alarms import alarms
from harness.measure.events import ContactKind
from harness.measure.intervals import Interval, level
from harness.measure.state import Run
from tests.harness.measure.stories import STEP_MS, Story, planned, run_of


def asked(task: str, after: int) -> Story:
    """It asks after some steps, and is helped."""
    return Story(planned(task)).steps(after).ask().contact(5000, ContactKind.TAKEOVER).done().end()


def alone(task: str, n_steps: int, *, is_right: bool, start_ms: int = 0) -> Story:
    """It goes on to its end unaided."""
    return Story(planned(task), now_ms=start_ms).steps(n_steps).done().end(verified=is_right)


def test_an_alarm_was_needed_where_the_agent_fails_alone() -> None:
    found = alarms(
        run_of([asked("a", 1), asked("b", 1), alone("c", 3, is_right=False)]),
        run_of([alone("a", 4, is_right=True), *(alone(t, 3, is_right=False) for t in "bc")]),
    )
    assert found
    assert (found.episodes, found.alarmed, found.failing) == (3, 2, 2)
    assert found.false_share
    assert found.missed_share
    assert level(found.false_share) == pytest.approx(1 / 2)
    assert level(found.missed_share) == pytest.approx(1 / 2)


def test_lead_runs_from_the_request_to_the_wrong_claim_in_each_episodes_own_time() -> None:
    found = alarms(
        run_of([asked("a", 2)]), run_of([alone("a", 7, is_right=False, start_ms=900_000)])
    )
    assert found
    assert found.lead_s == pytest.approx(5 * STEP_MS / 1000)


def test_nothing_is_said_of_what_was_not_seen() -> None:
    found = alarms(run_of([alone("a", 3, is_right=True)]), run_of([alone("a", 3, is_right=True)]))
    assert found
    assert found.false_share is None
    assert found.missed_share is None
    assert math.isnan(found.lead_s)
    assert alarms(run_of([asked("a", 1)]), Run()) is None


def test_shares_have_intervals_within_nought_and_one() -> None:
    tasks = [f"task {n}" for n in range(30)]
    found = alarms(
        run_of([asked(task, 1) for task in tasks]),
        run_of([alone(task, 3, is_right=number < 15) for number, task in enumerate(tasks)]),
    )
    assert found
    assert isinstance(found.false_share, Interval)
    assert 0 <= found.false_share.low < 0.5 < found.false_share.high <= 1
