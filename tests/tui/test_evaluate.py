"""`understudy evaluate` and `calibrate` teach, refuse clearly, and can be interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import tui.playing
from policy.calibrate import Calibrator
from policy.evaluate.open_loop import read_open
from policy.evaluate.records import RecordFile
from policy.sight import Sight
from recorder.schema import Episode
from tests.policy.places import Buttons, Guesser, demonstration
from tui.cli import main

TASKS = ("--tasks", "miniwob-click-test", "miniwob-focus-text")


class Places(Buttons):
    """The small world, in place of a browser."""

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluate in the small world, so that no browser is needed."""
    monkeypatch.setattr("tui.web_environments.WebEnvironments", Places)


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkpoint of a policy that is wrong on odd seeds."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")

    def load(spec: str, *, sight: Sight = Sight.WHOLE, calibrated: bool = True) -> Guesser:
        return Guesser()

    for module in ("tui.commands.calibrate", "tui.commands.evaluate"):
        monkeypatch.setattr(f"{module}.load_policy", load)
    return folder


@pytest.mark.parametrize("command", ["evaluate", "calibrate"])
def test_help_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"understudy {command} run/best --tasks miniwob-click-button" in shown


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--tasks", "miniwob-click-tset"], "did you mean miniwob-click-test"),
        ([*TASKS, "--episodes", "0"], "at least one task"),
        ([*TASKS, "--budgets", "1.5"], "above 0 and below 1"),
        ([*TASKS], "no policy 'nowhere:nothing'"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_one_sentence(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "nowhere:nothing", "--to", str(tmp_path / "r"), *arguments]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert not (tmp_path / "r").exists()


def test_help_experiments_need_a_calibrated_policy(
    world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = "tests.policy.places:Guesser"
    asked = ["evaluate", spec, *TASKS, "--to", str(tmp_path / "r"), "--budgets", "0.25"]
    assert main(asked) == 2
    assert "run understudy calibrate before" in capsys.readouterr().err


def test_an_evaluation_goes_on_where_it_was(
    world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "r"
    asked = ["evaluate", "tests.policy.places:Guesser", *TASKS, "--to", str(folder)]
    assert main([*asked, "--episodes", "2"]) == 0
    first = RecordFile(folder / "episodes.jsonl").read()
    assert {each.trial.row for each in first} == {"understudy", "text match", "no-op"}
    assert main([*asked, "--episodes", "3", "--shifts", "dark", "--shift-episodes", "1"]) == 0
    second = RecordFile(folder / "episodes.jsonl").read()
    assert second[: len(first)] == first
    assert len(second) == 3 * 2 * 3 + 2
    assert (folder / "report.html").read_text("utf-8").count("<section>") >= 3
    assert "understudy" in capsys.readouterr().out
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["seed"] == 1_000_000


def test_results_of_another_policy_are_not_mixed_in(
    world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*TASKS, "--to", str(tmp_path / "r"), "--episodes", "1", "--no-baselines"]
    assert main(["evaluate", "tests.policy.places:Guesser", *asked]) == 0
    assert main(["evaluate", "tests.policy.places:Sleeper", *asked]) == 2
    assert "name another folder" in capsys.readouterr().err


def test_a_calibrated_policy_is_helped_where_it_is_wrong(
    world: None, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", str(trained), *TASKS, "--episodes", "40"]) == 0
    assert "asks below" in capsys.readouterr().out
    digest = tui.playing.model_hash_of(trained)
    assert Calibrator.load(trained / "calibrator.json", digest).thresholds.ask_below > 0
    folder = tmp_path / "r"
    asked = ["--to", str(folder), "--episodes", "6", "--budgets", "0.4", "--help-episodes", "6"]
    assert main(["evaluate", str(trained), *TASKS, *asked]) == 0
    found = RecordFile(folder / "episodes.jsonl").read()
    assert {each.trial.row for each in found} >= {
        *("understudy", "zero-vision", "scrambled words", "text match")
    }
    sure = [each.success for each in found if each.trial.trigger == "sure"]
    unaided = [
        each.success for each in found if each.trial.row == "understudy" and not each.trial.trigger
    ]
    assert sum(sure) / len(sure) > sum(unaided) / len(unaided)


def test_what_is_learned_from_and_what_is_unseen_are_both_used(
    world: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(folder: Path, _tasks: Sequence[str], _episodes: int | None) -> Iterator[Episode]:
        return iter([demonstration(0), demonstration(1)] if folder.name == "demos" else [])

    monkeypatch.setattr("tui.commands.evaluate.demonstrated", shown)
    folder = tmp_path / "r"
    asked = ["evaluate", "tests.policy.places:Guesser", *TASKS, "--to", str(folder)]
    asked += ["--episodes", "1", "--learned-from", "demos"]
    assert main([*asked, "--unseen", "empty"]) == 2
    assert main([*asked, "--unseen", "demos"]) == 0
    rows = {each.trial.row for each in RecordFile(folder / "episodes.jsonl").read()}
    assert {"copy-last", "prior", "nearest neighbour"} < rows
    foretold = read_open((folder / "demonstrations.jsonl").read_bytes())
    assert {each.row for each in foretold} == rows
    assert "foretell" in (folder / "report.html").read_text("utf-8")


def test_a_calibrator_of_other_weights_is_refused(
    world: None, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", str(trained), *TASKS, "--episodes", "8"]) == 0
    (trained / "model.safetensors").write_bytes(b"other weights")
    assert main(["evaluate", str(trained), *TASKS, "--to", str(tmp_path / "r")]) == 2
    assert "run understudy calibrate again" in capsys.readouterr().err


def test_a_policy_without_evidence_cannot_be_calibrated(
    world: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "tests.policy.places:Sleeper", *TASKS]) == 2
    assert "gives no evidence" in capsys.readouterr().err


def test_calibration_keeps_away_from_the_seeds_of_evaluations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["calibrate", "x", *TASKS, "--seed", "1000000"]) == 2
    assert "below 1000000" in capsys.readouterr().err
