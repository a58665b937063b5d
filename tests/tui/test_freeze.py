"""A manifest of one's own is as frozen as those that are shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.run.manifests import Episodes, Forward, Shifts, load
from harness.tasks.registry import web_task
from harness.tasks.shifts import is_novel_task
from tui.cli import main

Capsys = pytest.CaptureFixture[str]
TASKS = ("miniwob-login-user", "miniwob-click-dialog")


@pytest.mark.parametrize(("kind", "work"), [("episodes", Episodes), ("forward", Forward)])
def test_each_task_is_played_with_every_seed(home: Path, kind: str, work: type) -> None:
    assert main(["freeze", "mine.json", "--tasks", *TASKS, "--kind", kind, "--seeds", "2"]) == 0
    frozen = load("mine.json")
    assert isinstance(frozen.work, work)
    assert [each.task for each in frozen.work.all_episodes] == [TASKS[0]] * 2 + [TASKS[1]] * 2


def test_a_shift_has_the_novel_share_that_was_asked_for(home: Path) -> None:
    asked = ("--shifts", "3", "--items", "20", "--novel", "0.25", "--agents", "2")
    assert main(["freeze", "mine.json", "--tasks", *TASKS, *asked]) == 0
    work = load("mine.json").work
    assert isinstance(work, Shifts)
    assert work.taught == tuple(sorted(TASKS))
    for shift in work.shifts:
        novel = [each for each in shift if is_novel_task(web_task(each.task))]
        assert (len(shift), len(novel)) == (20, 5)
        assert {each.task for each in shift} - {each.task for each in novel} == set(TASKS)


def test_the_same_words_make_the_same_manifest(home: Path) -> None:
    for name in ("a/mine.json", "b/mine.json"):
        Path(name).parent.mkdir()
        assert main(["freeze", name, "--tasks", *TASKS]) == 0
    assert Path("a/mine.json").read_bytes() == Path("b/mine.json").read_bytes()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--tasks",), "wants a task"),
        (("--tasks", "miniwob-login-usr"), "miniwob-login-user"),
        (("--tasks", *TASKS, "--novel", "1.5"), "shares"),
        (("--tasks", *TASKS, "--jobs", "0.2"), "no task of that kind"),
        (("--tasks", *TASKS, "--items", "0"), "at least one"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    home: Path, capsys: Capsys, asked: tuple[str, ...], said: str
) -> None:
    assert main(["freeze", "mine.json", *asked]) == 2
    assert said in capsys.readouterr().err
    assert not Path("mine.json").exists()
