"""The gallery shows what went wrong unseen and what was asked for nothing, and no other file."""

from __future__ import annotations

from pathlib import Path

from harness.measure.events import ContactKind, EpisodeStarted
from harness.measure.report.gallery import (
    CaseKind,
    is_needless,
    notable,
    pictures_of,
    steps_of,
)
from tests.harness.measure.stories import Story, planned, run_of


def approved(task: str, seed: int = 0) -> Story:
    """A person was asked and approved."""
    story = Story(planned(task, seed)).steps(2).ask().contact(900, ContactKind.APPROVAL)
    return story.steps(2).done().end()


def test_the_costliest_silent_failures_come_first_and_two_of_a_task() -> None:
    stories = [
        Story(planned("sort", seed, seconds=10 + seed)).steps(2).done().end(verified=False)
        for seed in range(4)
    ]
    harmful = Story(planned("mail", seconds=1)).harm().end(verified=False, damage_s=90)
    loud = Story(planned("file")).ask().done().end(verified=False)
    kept = notable(run_of([*stories, harmful, loud]))
    assert {kind for kind, _ in kept} == {CaseKind.SILENT}
    assert [(each.planned.task, each.planned.seed) for _, each in kept] == [
        ("mail", 0),
        ("sort", 3),
        ("sort", 2),
    ]


def test_an_ask_is_needless_if_all_was_approved_and_right() -> None:
    corrected = Story(planned("b")).steps(1).contact(900, ContactKind.CORRECTION).steps(1).end()
    unhelped = Story(planned("c")).steps(1).done().end()
    assert is_needless(approved("a").episode())
    assert not is_needless(corrected.episode())
    assert not is_needless(unhelped.episode())
    assert [kind for kind, _ in notable(run_of([approved("a")]))] == [CaseKind.NEEDLESS]


def test_steps_are_those_of_the_last_attempt() -> None:
    story = Story(planned("a")).steps(5)
    again = [EpisodeStarted(t_ms=0, planned=story.plan, agent="a2"), *story.events[1:3]]
    other = Story(planned("b")).steps(1)
    found = steps_of([*story.events, *other.events, *again], [story.key])
    assert {key: len(steps) for key, steps in found.items()} == {story.key: 2}


def test_pictures_are_the_last_ones_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "frames" / "sort/7/popup"
    folder.mkdir(parents=True)
    for step in range(12):
        (folder / f"{step}.{'png' if step % 2 else 'webp'}").write_bytes(bytes([step]))
    (folder / "notes.txt").write_text("no picture")
    found = pictures_of(tmp_path, "sort/7/popup/")
    assert [each.step for each in found] == [4, 5, 6, 7, 8, 9, 10, 11]
    assert found[0].media_type == "image/webp"
    assert found[1].body == bytes([5])


def test_a_key_that_points_elsewhere_has_no_pictures(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1.png").write_bytes(b"secret")
    (tmp_path / "run" / "frames").mkdir(parents=True)
    assert pictures_of(tmp_path / "run", "../../outside") == ()
    assert pictures_of(tmp_path / "run", str(outside)) == ()
    assert pictures_of(tmp_path / "run", "absent/1//") == ()
