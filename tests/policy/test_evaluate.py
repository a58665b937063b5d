"""An evaluation keeps what was played, and sums it up as defined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from policy.calibrate import CalibrationRules, fit_calibrator
from policy.errors import ConfigError, DataError
from policy.evaluate.closed_loop import Rules, play
from policy.evaluate.environments import Shift
from policy.evaluate.gallery import worst_mistakes
from policy.evaluate.open_loop import (
    open_loop,
    open_table,
    read_open,
    shift_probe,
    write_open,
)
from policy.evaluate.page import Findings, page
from policy.evaluate.records import EpisodeRecord, RecordFile, StepRecord, Trial, unplayed
from policy.evaluate.study import Study, judged, practice, rules_of
from policy.evaluate.tables import (
    OURS,
    Share,
    alarm_table,
    confidence_table,
    help_table,
    success_table,
)
from recorder.schema import (
    Episode,
    Wait,
)
from tests.policy.places import STEPS, Buttons, Guesser, Sleeper, demonstration, records, trials

# Records ------------------------------------------------------------------------------------------


def test_records_are_read_back_and_what_was_torn_is_played_anew(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "episodes.jsonl")
    assert file.read() == []
    found = records(trials(4))
    for record in found:
        file.append(record)
    assert file.read() == found
    body = (tmp_path / "episodes.jsonl").read_bytes()
    (tmp_path / "episodes.jsonl").write_bytes(body[:-20])
    assert file.read() == found[:-1]
    assert unplayed(trials(4), file.read()) == [found[-1].trial]
    file.append(found[-1])
    assert file.read() == found


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "episodes.jsonl").write_bytes(b"{}\n")
    with pytest.raises(DataError, match="line 1"):
        RecordFile(tmp_path / "episodes.jsonl").read()


def step(p: float, *, agrees: bool | None = True, reason: str = "", helped: bool = False):
    return StepRecord(
        action="Click()", p_accept=p, novelty=1, agrees=agrees, reason=reason, helped=helped
    )


def record(seed: int, *steps: StepRecord, success: bool = False, shift: Shift = Shift.NONE):
    return EpisodeRecord(
        trial=Trial(OURS, "t", seed, shift), success=success, virtual_ms=100, steps=steps
    )


def test_another_order_is_right_where_the_goal_was_reached_unaided() -> None:
    odd = (step(0.9), step(0.8, agrees=False))
    assert record(1, *odd, success=True).right == [True, True]
    assert record(1, *odd).right == [True, False]
    assert record(1, *odd, step(0.5, helped=True), success=True).right == [True, False, True]
    assert record(1, *odd, step(0.7)).watched == odd


# Tables -------------------------------------------------------------------------------------------


def test_alarms_count_only_when_they_come_in_time() -> None:
    asks = step(0.2, agrees=False, reason="risk")
    found = [
        record(1, asks),  # at the first wrong step
        record(2, step(0.9, reason="novelty"), step(0.9, agrees=False)),  # before it
        record(3, step(0.9, agrees=False), asks),  # too late
        record(4, step(0.9, agrees=False)),  # never
        record(5, step(0.9), success=True),
        record(6, step(0.9, reason="risk"), success=True),
    ]
    (row,) = alarm_table(found)
    assert row.success == Share(2, 6)
    assert row.flagged == Share(2, 4)
    assert row.disturbed == Share(1, 2)
    # up to the first wrong step of each: 1 + 2 + 1 + 1 + 1 + 1
    assert row.confident_wrong == Share(3, 7)


def test_waiting_is_no_confident_mistake() -> None:
    waits = StepRecord(action=repr(Wait(duration_ms=1)), p_accept=1, novelty=1, agrees=False)
    assert alarm_table([record(1, waits)])[0].confident_wrong == Share(0, 1)


def test_success_is_counted_by_task_and_averaged_over_tasks() -> None:
    found = [
        EpisodeRecord(trial=Trial(OURS, task, seed), success=success, virtual_ms=1000)
        for task, seed, success in [("a", 1, True), ("a", 2, True), ("a", 3, True), ("b", 1, False)]
    ]
    shifted = replace(found[0], trial=replace(found[0].trial, shift=Shift.DARK))
    whole, a, b = success_table([*found, shifted])
    assert (whole.task, whole.success, whole.mean) == ("", Share(3, 4), 0.5)
    assert (a.task, a.success) == ("a", Share(3, 3))
    assert (b.task, str(b.success)) == ("b", "0.000 [0.000, 0.793]")


def test_help_is_told_by_trigger_and_budget() -> None:
    found = records(trials(8) + trials(8, trigger="sure", budget=0.5))
    unaided, sure = help_table(found)
    assert (unaided.trigger, unaided.helped, unaided.success) == ("", 0, Share(4, 8))
    assert (sure.trigger, sure.budget, sure.success) == ("sure", 0.5, Share(8, 8))
    assert sure.helped == 0.5


def test_confidence_is_told_by_shift() -> None:
    found = [record(i, step(0.9), success=True) for i in range(9)]
    (row,) = confidence_table([*found, record(9, step(0.9, agrees=False))])
    assert (row.decisions, row.wrong) == (10, 1)
    assert row.calibration_error.value == pytest.approx(0)
    assert row.brier.value == pytest.approx(0.09)


# Studies ------------------------------------------------------------------------------------------


def test_a_study_plays_the_same_pages_with_and_without_help() -> None:
    study = Study(
        tasks=("a", "b"),
        episodes=3,
        shifts=(Shift.DARK,),
        shift_episodes=1,
        budgets=(0.1, 0.4),
        help_episodes=2,
    )
    assert len(study.plain("x")) == 6
    assert [each.shift for each in study.shifted()] == [Shift.DARK] * 2
    assert len(set(study.helped())) == 2 * 2 * 2 * 2
    plain = {each.instance for each in study.plain(OURS)}
    assert all(each.instance in plain for each in study.helped())


@pytest.mark.parametrize(
    "fields",
    [{"tasks": ()}, {"tasks": ("a",), "episodes": 0}, {"tasks": ("a",), "budgets": (1.0,)}],
)
def test_a_study_of_nothing_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="allowed"):
        Study(**fields)  # pyright: ignore[reportArgumentType]


def test_calibration_never_reaches_into_the_seeds_of_evaluations() -> None:
    assert all(each.seed < 1_000_000 for each in practice(["a"], 5))
    with pytest.raises(ConfigError, match="below 1000000"):
        practice(["a"], 2, seed=999_999)


def test_calibration_begins_with_the_pointer_anywhere_on_every_other_page() -> None:
    found = [(each.seed % 2, each.shift) for each in practice(["a"], 4)]
    assert found == [(0, "none"), (0, "deleted"), (1, "pointed")] * 2
    played = list(play(Guesser(), Buttons(), practice(["press"], 4)))
    taken = [(each.record.trial.shift, judged(each)) for each in played]
    assert all(each and each.is_typical == (shift != "deleted") for shift, each in taken)


def test_a_policy_that_was_calibrated_asks_where_it_is_wrong() -> None:
    played = list(play(Guesser(), Buttons(), practice(["press"], 60)))
    episodes = [episode for each in played if (episode := judged(each))]
    assert len(episodes) == len(played)
    calibrator = fit_calibrator(episodes, "ab", CalibrationRules(alarm_share=0.2))
    right = [e for each in episodes if each.is_normal for e in each.evidence]
    wrong = [e for each in episodes if not each.is_normal for e in each.evidence]
    assert calibrator.p_accept(right).min() > calibrator.p_accept(wrong).max()
    assert set(rules_of(calibrator, 50).usual) <= set(calibrator.usual)
    assert rules_of(None, 7) == Rules(longest=7)


# Open loop ----------------------------------------------------------------------------------------


class Counting(Guesser):
    """Says what each step costs, and is told what was done."""

    def __init__(self) -> None:
        self.followed = 0

    def bits(self, episode: Episode) -> list[dict[str, float]]:
        return [{"kind": 1.0, "pointer": 2.0} for _ in episode.steps]

    def follow(self, agent: str, action: object) -> None:
        self.followed += 1


def test_open_loop_asks_at_each_step_and_tells_what_was_done() -> None:
    policy = Counting()
    found = list(open_loop(policy, OURS, map(demonstration, range(20))))
    assert [[s.agrees for s in each.steps] for each in found] == [
        [seed % 2 == 0] * STEPS for seed in range(20)
    ]
    assert policy.followed == 20 * STEPS
    assert read_open(write_open(found)) == found
    (row,) = open_table(found)
    assert row.agreement == Share(20, 40)
    assert row.bits
    assert row.bits.value == 3
    assert row.heads == {"kind": 1.0, "pointer": 2.0}


def test_who_gives_no_probabilities_has_no_bits() -> None:
    (row,) = open_table(list(open_loop(Sleeper(), "sleeper", [demonstration(0)])))
    assert row.bits is None
    assert row.agreement == Share(0, STEPS)


def test_a_policy_that_acts_by_what_it_sees_is_best_unshifted() -> None:
    found = shift_probe(Guesser(), [demonstration(seed) for seed in range(0, 8, 2)])
    assert found[0].value == 1
    assert found[-200].value < 1
    assert found[200].value < 1
    assert max(found.values(), key=lambda each: each.value) == found[0]


# The page -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings() -> Findings:
    """Return the findings of a small study, with everything in it."""
    found = records(
        trials(12)
        + trials(4, shift=Shift.DELETED)
        + trials(8, trigger="sure", budget=0.5)
        + trials(8, trigger="random", budget=0.5)
        + trials(4, row="text match")
    )
    episodes = [demonstration(seed) for seed in range(4)]
    return Findings(
        title="A <study>",
        subtitle="of & buttons",
        episodes=found,
        demonstrations=list(open_loop(Counting(), OURS, episodes)),
        probe=shift_probe(Guesser(), episodes),
    )


def test_the_page_holds_all_sections_and_loads_nothing(findings: Findings) -> None:
    body = page(findings)
    for words in (
        "Does it do the work?",
        "Does it know how sure to be?",
        "Does it notice",
        "What is a little help worth?",
        "foretell a demonstration",
        "Its worst mistakes",
        "A &lt;study&gt;",
        "of &amp; buttons",
        "worth of knowing",
    ):
        assert words in body
    assert body.count('class="card"') == len(worst_mistakes(findings.episodes))
    ours = body.partition("</script>")[2]
    assert "src=" not in ours.replace("data:", "")
    assert "http" not in ours.replace("http://www.w3.org", "")


def test_the_page_of_little_has_only_what_there_is(findings: Findings) -> None:
    body = page(Findings(title="x", subtitle="y", episodes=findings.episodes[:1]))
    assert "Does it do the work?" in body
    assert "What is a little help worth?" not in body
    assert "foretell" not in body.partition("</script>")[2]


def test_no_weakness_hides_the_others(findings: Findings) -> None:
    shown = worst_mistakes(findings.episodes)
    assert 0 < len(shown) <= 2
    sure = [each.mistakes[0].p_accept for each in shown]
    assert sure == sorted(sure, reverse=True)


def test_a_frame_of_one_size_is_drawn_in_that_size(findings: Findings) -> None:
    assert 'viewBox="0 0 80 20"' in page(findings)
