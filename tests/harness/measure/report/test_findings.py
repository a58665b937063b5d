"""Findings are the metrics' own figures, of the right rows, and of nothing that was not played."""

from __future__ import annotations

import json
import math

import pytest

from harness.errors import ConfigError
from harness.measure.forward import funnel
from harness.measure.intervals import AtLeast, AtMost, Interval
from harness.measure.learning import Checkpoint
from harness.measure.metrics import compare_net, compare_opi, figures, tallies
from harness.measure.report.as_json import to_json
from harness.measure.report.findings import Findings, findings, learning_of, main_row, success
from harness.measure.report.rows import RowName
from harness.measure.report.tasks import task_findings
from harness.measure.state import Run
from tests.harness.measure import suites
from tests.harness.measure.stories import Story, planned
from tests.harness.measure.stories import run_of as plain_run


@pytest.fixture(scope="module")
def core() -> dict[RowName, Run]:
    return suites.core_suite()


@pytest.fixture(scope="module")
def found(core: dict[RowName, Run]) -> Findings:
    return findings(core)


def test_figures_are_those_of_the_metrics(core: dict[RowName, Run], found: Findings) -> None:
    for row in found.rows:
        assert repr(row.figures) == repr(figures(tallies(core[row.name]).values()))
    ours = tallies(core[found.main.name])
    for pair in found.pairs:
        theirs = tallies(core[pair.other])
        assert pair.net_s == compare_net(ours, theirs)
        if pair.opi:
            assert pair.opi == compare_opi(ours, theirs)


def test_the_headline_is_of_ours_as_it_is(found: Findings) -> None:
    assert str(found.main.name) == "ours"
    assert found.rows[0] is found.main
    assert str(found.rows[-1].name) == "null"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["null", "ours@0.5", "ours"], "ours"),
        (["ours#2", "ours#1", "oracle"], "ours#1"),
        (
            ["ours/N=1/fifo", "ours/N=4/fifo", "ours/N=4/gain-per-second"],
            "ours/N=4/gain-per-second",
        ),
        (["ours/N=16/fifo", "ours/N=2/fifo"], "ours/N=2/fifo"),
        (["theirs", "null"], "null"),
    ],
)
def test_the_main_row_is_the_nearest_to_ours_with_four_agents(
    texts: list[str], expected: str
) -> None:
    assert str(main_row([RowName.parse(text) for text in texts])) == expected


def test_rows_without_output_are_compared_by_their_net_only(found: Findings) -> None:
    null = next(pair for pair in found.pairs if str(pair.other) == "null")
    assert null.opi is None
    assert null.leverage is None
    assert null.net_s.value == pytest.approx(found.main.figures.net_s.value)


def test_an_oracle_knows_when_to_ask_better_than_chance(found: Findings) -> None:
    assert found.thresholds
    assert found.thresholds.area
    assert 0 < found.thresholds.area.low < found.thresholds.area.value <= 1


def test_without_a_control_there_is_a_curve_but_no_area(core: dict[RowName, Run]) -> None:
    kept = {name: run for name, run in core.items() if name.is_ours}
    curve = findings(kept).thresholds
    assert curve
    assert curve.area is None


def test_trainings_are_put_together_when_there_are_three(core: dict[RowName, Run]) -> None:
    names = [RowName(row="ours", training=training) for training in (None, 1, 2)]
    whole = findings({name: core[name] for name in names})
    assert whole.trainings
    assert whole.trainings.clusters == 3
    assert findings({name: core[name] for name in names[:2]}).trainings is None


def test_a_row_that_nobody_played_is_named_and_counts_for_nothing(
    core: dict[RowName, Run],
) -> None:
    ours, late = RowName(row="ours"), RowName(row="late")
    whole = findings({ours: core[ours], late: Run(manifest=core[ours].manifest)})
    assert list(whole.unplayed) == [late]
    assert late not in [row.name for row in whole.rows]


def test_nothing_played_is_nothing_to_report() -> None:
    with pytest.raises(ConfigError, match="no episode has ended in any of 1 rows"):
        findings({RowName(row="ours"): Run()})
    with pytest.raises(ConfigError, match="share that succeeded"):
        success(Run())


def test_all_or_nothing_is_a_bound() -> None:
    run = plain_run([Story(planned(f"t{n}")).steps(1).done().end() for n in range(30)])
    most = success(run)
    assert isinstance(most, AtLeast)
    assert most.low == pytest.approx(0.9)
    nothing = plain_run([Story(planned(f"t{n}")).steps(1).end(verified=False) for n in range(9)])
    least = success(nothing)
    assert isinstance(least, AtMost)
    assert least.high == pytest.approx(1 / 3)


def test_one_agent_never_waits_and_more_wait_longer() -> None:
    whole = findings(suites.shift_suite())
    assert str(whole.main.name) == "ours/N=4/gain-per-second"
    first = whole.fleets[0]
    assert first.allocator == "gain-per-second"
    assert first.waits[1].p95_s == 0
    assert first.waits[16].p95_s > first.waits[2].p95_s
    assert first.fan_out
    assert first.fan_out.productive[1].value <= 1
    assert first.without_waiting > 1
    assert findings({whole.main.name: whole.run}).fleets[0].fan_out is None


def test_fast_forward_counts_lights_and_their_runs() -> None:
    forward = findings({RowName(row="ours"): suites.forward_run()}).forward
    assert forward
    assert forward.funnel.lit > forward.funnel.clicked > forward.funnel.verified
    assert forward.median_speed_up
    assert forward.median_speed_up.low > 1
    assert sum(map(len, forward.by_task.values())) == len(forward.funnel.speed_ups)
    for task, parts in forward.split_ms.items():
        spent_ms = [1000 * left / speed for left, speed in _lights(task)]
        assert sum(parts.values()) == pytest.approx(sum(spent_ms) / len(spent_ms))
    assert isinstance(forward.precision, Interval)
    assert 0.9 < forward.precision.value < 1


def test_a_learning_curve_is_fitted_where_there_are_enough_checkpoints() -> None:
    tasks = tallies(suites.run_of([suites.told(each, lambda _: True) for each in suites.fates()]))
    checkpoints = [Checkpoint(hours, tasks) for hours in (4.0, 1.0, 2.0, 0.5)]
    curve = learning_of(checkpoints)
    assert [each.human_hours for each in curve.checkpoints] == [0.5, 1, 2, 4]
    assert curve.fitted
    assert curve.fitted.exponent.value == 0
    assert learning_of(checkpoints[:2]).fitted is None
    with pytest.raises(ConfigError, match="two checkpoints"):
        learning_of(checkpoints[:1])


def test_tasks_are_in_order_of_how_badly_they_go(found: Findings) -> None:
    shares = [each.success.value for each in task_findings(found.run)]
    assert shares == sorted(shares)


def test_json_says_all_that_the_page_says(found: Findings) -> None:
    body = json.loads(to_json(found, task_findings(found.run)))
    assert (body["format"], body["version"], body["main"]) == ("understudy-report", 1, "ours")
    assert [row["name"] for row in body["rows"]] == [str(row.name) for row in found.rows]
    headline = body["rows"][0]["figures"]["opi"]["10"]
    estimate = found.main.figures.opi[10.0]
    assert isinstance(estimate, Interval)
    assert headline == {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    never = next(row for row in body["rows"] if row["name"] == "never-ask")
    assert set(never["figures"]["opi"]["0"]) == {"at_least"}
    assert never["figures"]["utilisation"] is None
    assert math.isclose(body["tasks"][0]["success"]["value"], found_share(found))


def found_share(found: Findings) -> float:
    """The share of the task that goes worst."""
    return task_findings(found.run)[0].success.value


def _lights(task: str) -> list[tuple[float, float]]:
    """Seconds left, and speed-up, of each verified run of a task."""
    episodes = [each for each in suites.forward_run().ended.values() if each.planned.task == task]
    left = [light.left_s for each in episodes for light in each.lights if light.run]
    runs = funnel(episodes).speed_ups
    return [(left[0], speed) for speed in runs]


@pytest.mark.parametrize("failed", [3, 12])
def test_a_share_lies_between_nothing_and_all(failed: int) -> None:
    stories = [
        Story(planned(f"t{n % 5}", n)).steps(1).done().end(verified=n >= failed) for n in range(15)
    ]
    share = success(plain_run(stories))
    assert isinstance(share, Interval)
    assert share.value == pytest.approx(1 - failed / 15)
    assert 0 <= share.low < share.value < share.high <= 1
