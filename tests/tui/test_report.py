"""A suite is shown on one page, which is made of its logs alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.measure.events import RunClosed, open_run
from harness.measure.log import RunLog
from harness.run.manifests import Episodes, FrozenEpisode, freeze
from harness.run.standing import log_path
from harness.run.suite import Request, Suite, policies_of, run_plans, write_suite
from recorder.schema import Thresholds
from tests.harness.measure.stories import Story
from tui.cli import main

POLICY = "tests.tui.nobody:Policy"
ROWS = ("ours", "never-ask", "null")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Return a suite of three rows, each of which did twelve episodes and was closed."""
    tasks = ("miniwob-click-test", "miniwob-click-button", "miniwob-enter-text")
    episodes = tuple(FrozenEpisode(task, seed) for task in tasks for seed in range(4))
    request = Request(manifest=freeze("small", Episodes(episodes)), policy=POLICY, rows=ROWS)
    ask = Thresholds(ask_below=0.3, resume_above=0.3, novel_below=0.0, irreversible_below=0.9)
    asked = Suite(request=request, thresholds=dict.fromkeys(policies_of(request), ask))
    folder = tmp_path / "suite"
    folder.mkdir()
    write_suite(folder, asked)
    for plan in run_plans(asked):
        opened = open_run("0", plan.manifest)
        with RunLog(log_path(folder / plan.folder, "0"), opened) as log:
            for planned in plan.manifest.plan:
                story = Story(planned).steps(2)
                if str(plan.name) == "ours" and planned.seed > 0:
                    story.ask().contact(100).steps(1)
                story.done().end(verified=str(plan.name) != "null" and planned.seed > 0)
                for event in story.events:
                    log.append(event)
            log.append(RunClosed())
    return folder


def test_a_page_is_written_beside_the_rows(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(suite)]) == 0
    body = (suite / "report.html").read_text("utf-8")
    assert "What one intervention buys" in body
    assert "Silent failures" in body
    assert "<li><span>click</span>" in body
    said = capsys.readouterr().out
    assert f"see {suite / 'report.html'}" in said
    assert "OPI*" in said


def test_a_page_goes_where_it_is_asked_for(suite: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    assert main(["report", str(suite / "ours"), "--to", str(path), "--title", "Mine"]) == 0
    assert "<h1>Mine</h1>" in path.read_text("utf-8")
    assert not (suite / "report.html").exists()


def test_json_is_what_the_score_is(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(suite), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["score", str(suite), "--json"]) == 0
    assert told == json.loads(capsys.readouterr().out)
    assert [row["name"] for row in told["rows"]] == list(ROWS)
    assert not (suite / "report.html").exists()


def test_checkpoints_make_a_learning_curve(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = ["0.5", str(suite / "ours"), "2", str(suite / "never-ask")]
    assert main(["report", str(suite), "--json", "--learning", *points]) == 0
    curve = json.loads(capsys.readouterr().out)["learning"]
    assert [each["human_hours"] for each in curve["checkpoints"]] == [0.5, 2]
    assert curve["fitted"] is None


def test_each_row_becomes_a_log_of_inspect_ai(suite: Path, tmp_path: Path) -> None:
    assert main(["report", str(suite), "--json", "--inspect", str(tmp_path / "logs")]) == 0
    logs = sorted((tmp_path / "logs").iterdir())
    assert [path.stem for path in logs] == sorted(ROWS)
    assert json.loads(logs[0].read_bytes())["results"]["completed_samples"] == 12


def test_a_folder_without_a_suite_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "no suite in" in capsys.readouterr().err
