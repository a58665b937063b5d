"""Figures on screen are those of the report; what nobody knows is a dash."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harness.hub.requests import Approve, Stage
from harness.hub.state import Shift
from harness.measure.intervals import AtMost, Interval
from harness.measure.log import read_log
from harness.measure.metrics import SILENT_WEIGHT, figures, tallies
from harness.measure.state import fold
from tests.tui.foreman.shifts import morning
from tests.tui.foreman.story import Story
from tui.figure import UNKNOWN, Sample
from tui.figures import shift_figures
from tui.measuring import Measuring
from tui.widgets.metrics_strip import words_of


@pytest.fixture(scope="module")
def told() -> Story:
    """A shift of eight agents."""
    return morning()


def test_output_per_intervention_is_the_one_of_the_run_log(told: Story, tmp_path: Path) -> None:
    run = fold(read_log(told.write(tmp_path) / "events-hub.jsonl"))
    whole = figures(tallies(run).values())
    shown = shift_figures(told.shift, told.t_ms)
    assert shown.named("output per intervention").estimate == whole.opi[SILENT_WEIGHT]
    assert shown.named("without silent ones").estimate == whole.opi[0.0]
    assert shown.named("leverage").estimate == whole.leverage
    assert shown.named("net").estimate == whole.net_s
    assert shown.named("interventions per hour").estimate == whole.interventions_per_hour


def test_nothing_is_known_of_a_shift_that_has_not_begun() -> None:
    shown = shift_figures(Shift(), 0)
    for each in (*shown.output, *shown.asking, *shown.answering):
        assert (each.value, each.limits, each.n) == (UNKNOWN, "", 0)
    assert not shown.reliability
    assert not shown.thresholds


def test_what_was_never_seen_has_a_bound_and_is_not_zero() -> None:
    story = Story("one")
    story.begin("one")
    for _ in range(6):
        story.wait(10_000)
        request = story.ask("one")
        story.see(request)
        story.wait(4000)
        story.answer(request, Approve())
    changed = shift_figures(story.shift, story.t_ms).named("changed")
    assert changed.estimate == AtMost(0.5)
    assert changed.value.startswith("≤")


def test_times_are_from_asking_to_seeing_to_answering() -> None:
    story = Story("one")
    story.begin("one")
    request = story.ask("one")
    story.wait(7000)
    story.see(request)
    story.wait(1000)
    story.answer(request, Approve())
    shown = shift_figures(story.shift, story.t_ms)
    assert shown.named("seen, p50").value == "7 s"
    assert shown.named("answered, p95").value == "1 s"
    assert shown.named("rubber-stamped").value == "100%"
    assert shown.named("lost waiting").value == "0.133 min"


def test_withdrawn_requests_are_not_counted_as_answers(told: Story) -> None:
    shown = shift_figures(told.shift, told.t_ms)
    tickets = told.shift.tickets.values()
    answered = [each for each in tickets if each.answer is not None]
    withdrawn = [each for each in tickets if each.stage is Stage.WITHDRAWN]
    assert shown.named("changed").n == len(answered)
    share = shown.named("withdrawn").estimate
    assert isinstance(share, Interval)
    assert share.value == pytest.approx(len(withdrawn) / shown.named("withdrawn").n)


def test_asking_less_misses_no_fewer_changes(told: Story) -> None:
    points = shift_figures(told.shift, told.t_ms).thresholds
    for before, after in pairwise(points):
        assert before.asked <= after.asked
        assert before.caught <= after.caught
    assert (points[0].asked, points[-1].caught) == (0.0, 1.0)


def test_a_quantile_has_limits_only_where_tasks_vary() -> None:
    alone = Sample.of(["a", "a"], [1.0, 3.0]).quantile(0.5)
    assert alone is not None
    assert math.isnan(alone.low)
    several = Sample.of([*"abcd"], [1.0, 2.0, 3.0, 4.0]).quantile(0.5)
    assert several is not None
    assert several.low <= several.value <= several.high
    assert np.isfinite(several.low)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_strip_shows_whole_figures_only(told: Story, width: int) -> None:
    line = words_of(shift_figures(told.shift, told.t_ms), width)
    assert line.cell_length < width
    assert line.plain.count("[") == line.plain.count("]")


async def test_measuring_rests_and_looks_only_at_what_is_new(told: Story) -> None:
    now_s = [0.0]
    measuring = Measuring(lambda: now_s[0])
    assert measuring.is_due(told.shift)
    found = await measuring.measure(told.shift, told.t_ms)
    assert measuring.figures is found
    now_s[0] = 1.0
    assert not measuring.is_due(Shift())
    now_s[0] = 10.0
    assert measuring.is_due(Shift())
    assert not measuring.is_due(told.shift)
