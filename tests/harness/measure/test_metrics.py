"""What a run was worth can't be talked up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.measure.errors import EventOrderError
from harness.measure.events import ContactKind
from harness.measure.intervals import AtLeast, Estimate, Interval
from harness.measure.metrics import (
    SILENT_WEIGHT,
    Figures,
    Tally,
    compare_leverage,
    compare_net,
    compare_opi,
    coverage,
    figures,
    is_silent_failure,
    output_s,
    tallies,
    tally,
)
from harness.measure.state import Run
from recorder.schema import Controller
from tests.harness.measure.stories import MANY, PIECES, Piece, Story, planned, run_of, tell

HUMAN = Controller.HUMAN
ROUNDING = 1e-9
"""Sums of seconds may differ by it when there are more of them."""
TOLD = st.lists(st.tuples(PIECES, st.booleans(), st.floats(1, 60)), min_size=1, max_size=5)


def figured(stories: Sequence[Story], duty_ms: int = 0) -> Figures:
    """The figures of a run of these episodes."""
    return figures(tallies(run_of(stories, duty_ms=duty_ms)).values())


def level(estimate: Estimate) -> float:
    """The figure of an interval."""
    assert isinstance(estimate, Interval)
    return estimate.value


def exact(sums: Tally, weight: float = SILENT_WEIGHT) -> float:
    """Output per weighted event as it is, without end where nothing happened."""
    events = sums.interventions + weight * sums.silent
    return sums.output_s / events if events else math.inf if sums.output_s else 0.0


def told(episodes: list[tuple[list[Piece], bool, float]]) -> list[Story]:
    """Episodes of a task each."""
    return [
        tell(pieces, planned(f"task {n}", seconds=seconds), verified=verified)
        for n, (pieces, verified, seconds) in enumerate(episodes)
    ]


def test_every_figure_of_a_small_run() -> None:
    helped = Story(planned("sort", seconds=20)).steps(4).ask()
    helped.engage(ContactKind.CORRECTION, waited_ms=500, approach_ms=1_000).pause(4_000).release()
    stories = [
        helped.steps(4).done().end(),
        Story(planned("file", seconds=30)).steps(5).done().end(),
        Story(planned("mail", seconds=10)).steps(5).done().end(verified=False, damage_s=7),
    ]
    found = figured(stories, duty_ms=60_000)
    assert found.sums.gross_s == 50
    assert found.sums.output_s == 46
    assert (found.sums.interventions, found.sums.silent) == (1, 1)
    assert found.sums.active_s == 5
    assert found.sums.on_duty_s == pytest.approx(60)
    assert found.utilisation == pytest.approx(5 / 60)
    assert found.net_s.value == pytest.approx(46 - 5 - 27)
    values = {weight: level(estimate) for weight, estimate in found.opi.items()}
    assert values == pytest.approx({weight: exact(found.sums, weight) for weight in values})
    assert values == pytest.approx({0: 46, 1: 23, 10: 46 / 11, 100: 46 / 101})
    assert level(found.leverage) == pytest.approx(46 / 60)
    assert level(found.active_leverage) == pytest.approx(46 / 5)
    assert level(found.interventions_per_hour) == pytest.approx(60)
    assert level(found.silent_per_hour) == pytest.approx(60)


def test_the_null_agent_is_worth_nothing() -> None:
    found = figured([Story(planned(f"t{n}")).pause(9_000).end(verified=False) for n in range(9)])
    for estimate in found.opi.values():
        assert isinstance(estimate, Interval)
        assert (estimate.value, estimate.low) == (0, 0)
        assert math.isfinite(estimate.high)
    assert found.net_s.value == 0


def test_nothing_is_earned_where_nobody_worked() -> None:
    assert output_s(Story().steps(3, action="wait").done().end().episode()) == 0


@MANY
@given(st.lists(st.tuples(st.floats(1, 60), st.floats(0.1, 3)), min_size=1, max_size=6))
def test_a_person_alone_has_no_leverage(people: list[tuple[float, float]]) -> None:
    stories: list[Story] = []
    for n, (seconds, pace) in enumerate(people):
        story = Story(planned(f"task {n}", seconds=seconds)).engage()
        story.steps(2, HUMAN).pause(int(1000 * seconds * pace)).done(HUMAN).release()
        stories.append(story.end(hands_on_s=seconds * pace))
    found = figured(stories)
    assert level(found.leverage) <= 1
    assert level(found.active_leverage) <= 1
    assert found.sums.output_s == 0


@MANY
@given(PIECES)
def test_a_task_that_the_person_completed_adds_nothing(pieces: list[Piece]) -> None:
    story = Story()
    for piece in pieces:
        story.steps(piece.agent_steps).contact(piece.hold_ms, piece.kind)
    story.steps(2).engage().steps(1, HUMAN).release().steps(1, action="done").done().end()
    assert tally(story.episode()).output_s == 0


@MANY
@given(TOLD, st.integers(0, 5), st.floats(1, 60), st.floats(0, 100))
def test_a_silent_failure_is_worse_than_a_loud_one(
    others: list[tuple[list[Piece], bool, float]], steps: int, seconds: float, damage_s: float
) -> None:
    plan = planned("the one", seconds=seconds)
    loud = Story(plan).steps(steps).ask().done().end(verified=False, damage_s=damage_s)
    silent = Story(plan).steps(steps).done().end(verified=False, damage_s=damage_s)
    before, after = figured([*told(others), loud]), figured([*told(others), silent])
    assert after.net_s.value < before.net_s.value
    if before.sums.output_s:
        assert exact(after.sums) < exact(before.sums)
    bound, worst = before.opi[SILENT_WEIGHT], after.opi[SILENT_WEIGHT]
    if isinstance(bound, AtLeast):
        assert isinstance(worst, Interval)
        assert worst.low < bound.low


@MANY
@given(PIECES, st.data())
def test_cutting_contacts_cannot_raise_it(pieces: list[Piece], data: st.DataObject) -> None:
    held_s = sum(piece.hold_ms for piece in pieces) / 1000
    whole, cut = (Story(planned(seconds=90)) for _ in range(2))
    for piece in pieces:
        at = data.draw(st.integers(0, piece.hold_ms))
        gap = data.draw(st.integers(0, piece.hold_ms - at))
        for story in (whole, cut):
            story.steps(piece.agent_steps).pause(piece.pause_ms)
        whole.contact(piece.hold_ms, piece.kind)
        cut.contact(at, piece.kind).pause(gap).contact(piece.hold_ms - at - gap, piece.kind)
    one, two = (story.steps(1).done().end(hands_on_s=held_s) for story in (whole, cut))
    assert not _is_better(tally(two.episode()), tally(one.episode()))


@MANY
@given(PIECES.filter(bool))
def test_joining_contacts_across_the_agents_work_cannot_raise_it(pieces: list[Piece]) -> None:
    apart, joined = Story(planned(seconds=90)), Story(planned(seconds=90))
    for number, piece in enumerate(pieces):
        # an action between: were the agent still all the time, the person would be holding it
        for story in (apart, joined):
            story.steps(max(1, piece.agent_steps)).pause(piece.pause_ms)
        if not number:
            joined.engage()
        apart.engage().steps(1, HUMAN).pause(piece.hold_ms).release()
        joined.steps(1, HUMAN).pause(piece.hold_ms)
    joined.release()
    separate, together = (tally(story.steps(1).done().end().episode()) for story in (apart, joined))
    assert together.interventions == separate.interventions
    assert not _is_better(together, separate)


def _is_better(one: Tally, other: Tally) -> bool:
    return any(exact(one, weight) > exact(other, weight) for weight in (0.0, SILENT_WEIGHT))


@MANY
@given(TOLD, TOLD)
def test_playing_more_than_was_planned_cannot_raise_it(
    asked: list[tuple[list[Piece], bool, float]], more: list[tuple[list[Piece], bool, float]]
) -> None:
    stories = told(asked)
    easy = [
        tell(pieces, planned(f"easy {n}", seconds=seconds))
        for n, (pieces, _, seconds) in enumerate(more)
    ]
    plan = [story.plan for story in stories]
    honest = figures(tallies(run_of(stories, plan)).values())
    run = run_of([*stories, *easy], plan)
    padded = figures(tallies(run).values())
    for weight in (0.0, SILENT_WEIGHT):
        assert exact(padded.sums, weight) <= exact(honest.sums, weight) + ROUNDING
    assert padded.net_s.value <= honest.net_s.value + ROUNDING
    assert padded.sums.baseline_s == pytest.approx(honest.sums.baseline_s)
    assert coverage(run).unplanned == len(easy)


def test_a_changed_baseline_is_another_plan() -> None:
    run = run_of([Story(planned(seconds=50)).steps(3).done().end()], [planned(seconds=5)])
    assert tallies(run)["sort"].output_s == 0


def test_what_broke_down_counts_as_failed_until_it_is_played_again() -> None:
    plan = [planned(seed=seed) for seed in range(3)]
    stories = [Story(plan[0]).steps(1).end(broke="browser died"), Story(plan[1]).steps(1).end()]
    run = run_of(stories, plan)
    found = coverage(run)
    assert (found.planned, found.missing, found.broken, found.unplanned) == (3, 2, 1, 0)
    assert tallies(run)["sort"].output_s == 20
    assert tallies(run)["sort"].baseline_s == 40


def test_a_failure_that_was_announced_is_not_silent() -> None:
    assert not is_silent_failure(Story().steps(1).ask().done().end(verified=False).episode())
    assert not is_silent_failure(Story().steps(1).end(verified=False).episode())
    assert not is_silent_failure(Story().steps(1).done().end().episode())
    assert is_silent_failure(Story().steps(1).harm().ask().end(verified=False).episode())


def test_without_a_contact_there_is_a_bound_and_it_is_finite() -> None:
    found = figured([Story(planned(f"t{n}")).steps(2).done().end() for n in range(30)])
    assert found.opi[0] == AtLeast(600 / 3)
    assert found.opi[1] == AtLeast(600 / 3)
    assert found.opi[SILENT_WEIGHT] == AtLeast(600 / 30)
    assert found.leverage == AtLeast(0)
    assert math.isnan(found.utilisation)


def test_a_run_compared_with_itself_is_one() -> None:
    stories = [tell([Piece(n, 10, 900 * n, ContactKind.RESET)], planned(f"t{n}")) for n in range(9)]
    sums = tallies(run_of(stories))
    assert level(compare_opi(sums, sums)) == 1
    assert compare_leverage(sums, sums) == Interval(1, 1, 1)
    assert compare_net(sums, sums) == Interval(0, 0, 0)


def test_only_runs_of_one_manifest_are_compared() -> None:
    sums = {"a": Tally(output_s=1, on_duty_s=1)}
    with pytest.raises(ConfigError, match="not in both: a, b"):
        compare_opi(sums, {"b": Tally()})
    with pytest.raises(ConfigError, match="without output"):
        compare_opi(sums, {"a": Tally()})
    with pytest.raises(ConfigError, match="without output"):
        compare_leverage(sums, {"a": Tally()})


def test_there_is_nothing_to_measure_without_episodes() -> None:
    with pytest.raises(ConfigError, match="no episode"):
        figures([])
    with pytest.raises(ConfigError, match="no planned episode"):
        figures([Tally()])
    with pytest.raises(EventOrderError, match="no manifest"):
        tallies(Run())
