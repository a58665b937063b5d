"""`understudy demonstrate` teaches, refuses clearly, and sums up what it did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.cli import main

TASK = ("demonstrate", "--tasks", "miniwob-click-test")


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["demonstrate", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "understudy demonstrate --tasks miniwob-click-button" in shown
    assert "--from-human" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tasks", "miniwob-click-tset"], "did you mean miniwob-click-test"),
        (["--tasks"], "no task to demonstrate"),
        (["--tasks", "miniwob-click-test", "--episodes", "0"], "allowed: 1 or more"),
        (["--tasks", "miniwob-click-test", "--workers", "0"], "allowed: 1 or more"),
        (["--tasks", "miniwob-click-test", "--slips", "2"], "allowed: 0 to below 1"),
    ],
)
def test_what_cannot_be_done_is_said_with_code_2(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demonstrate", *arguments, "--to", str(tmp_path / "demos")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "demos").exists()


def test_nobody_is_recorded_without_consent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*TASK, "--from-human", "--to", str(tmp_path / "demos")]) == 2
    assert "consent" in capsys.readouterr().err
    assert not (tmp_path / "demos").exists()


@pytest.mark.browser
@pytest.mark.slow
def test_it_sums_up_each_task_and_refuses_another_plan_in_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ["--to", str(tmp_path / "demos")]
    assert main([*TASK, "--episodes", "1", *to]) == 0
    shown = capsys.readouterr().out
    assert "miniwob-click-test" in shown
    assert "kept 1 episodes" in shown
    assert main([*TASK, "--episodes", "1", *to]) == 0, "there is nothing left to do"
    assert main([*TASK, "--seed", "7", *to]) == 2
    assert "seed was 0, asked 7" in capsys.readouterr().err
