"""`bench suite`, `resume`, `score`, `compare` and `verify` from the command line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.run.manifests import to_json
from harness.run.suite import read_suite
from recorder.store import Recording
from tests.harness.run import fakes
from tests.waiting import until
from tui.cli import main
from tui.commands.suite import policy_spec

Capsys = pytest.CaptureFixture[str]

_PATIENCE_S = 240.0  # a process takes its time to start on a machine that is busy

ROW = "miniwob-click-test"
COMMAND = (
    *("bench", "suite", "--policy", "harness.agents.reference:Random@3"),
    *("--to", "results", "--rows", "ours", "null", "--pages", "2"),
)


@pytest.fixture
def small(home: Path) -> str:
    """Return a manifest of two episodes."""
    Path("small.json").write_bytes(to_json(fakes.episodes(2, [ROW])))
    return "small.json"


@pytest.fixture(scope="module")
def of_fakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a suite that fakes played."""
    folder = tmp_path_factory.mktemp("suites") / "results"
    fakes.played(folder, fakes.request())
    return folder


@pytest.fixture
def played(home: Path, of_fakes: Path) -> Path:
    """Return a suite that a test may spoil."""
    return Path(shutil.copytree(of_fakes, "results"))


@pytest.mark.slow
@pytest.mark.browser
def test_a_suite_is_played_scored_and_left_alone(home: Path, small: str, capsys: Capsys) -> None:
    assert main([*COMMAND, "--manifest", small, "--json", "live.json"]) == 0
    text = capsys.readouterr().out
    for word in ("ours", "null", "OPI*", "leverage", "net s", "silent", "2 episodes a row"):
        assert word in text
    assert main(["score", "results", "--json"]) == 0
    assert capsys.readouterr().out.strip() == Path("live.json").read_text().strip()
    before = fakes.bytes_in(Path("results"))
    assert main(["resume", "results"]) == 0
    assert "nothing is left to be played" in capsys.readouterr().err
    assert fakes.bytes_in(Path("results")) == before
    assert main([*COMMAND, "--manifest", "smoke"]) == 2
    assert "holds another suite" in capsys.readouterr().err


@pytest.mark.slow
def test_figures_rows_and_logs_can_be_asked_for(played: Path, capsys: Capsys) -> None:
    assert main(["score", "results", "--parquet"]) == 0
    assert (played / "episodes.parquet").is_file()
    assert main(["compare", "results/ours", "results/null"]) == 0
    assert "OPI* A/B" in capsys.readouterr().out
    assert main(["compare", "results/ours", "results/null", "--json"]) == 0
    (pair,) = capsys.readouterr().out.splitlines()
    assert json.loads(pair)["b"] == "null"
    for path in ("results", "results/ours", "results/ours/events-0.jsonl"):
        assert main(["verify", path]) == 0
        assert "no problems found" in capsys.readouterr().out


@pytest.mark.slow
def test_a_log_that_was_touched_is_named_with_its_line(played: Path, capsys: Capsys) -> None:
    log = played / "ours" / "events-0.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"is_verified":true', b'"is_verified":false', 1))
    assert main(["verify", "results"]) == 1
    assert "events-0.jsonl: line" in capsys.readouterr().out
    assert main(["score", "results"]) == 2
    assert "was altered" in capsys.readouterr().err


@pytest.mark.slow
def test_a_suite_that_is_not_finished_says_so(played: Path, capsys: Capsys) -> None:
    shutil.rmtree(played / "null")
    assert main(["score", "results"]) == 1
    assert "null is not finished" in capsys.readouterr().err


def test_verify_still_finds_recordings_by_name(monday: Recording, capsys: Capsys) -> None:
    assert main(["verify", "monday"]) in (0, 1)
    assert "problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mode", "fast-forward", "--manifest", "smoke"], "smoke is of mode foreman"),
        (["--manifest", "nothing"], "no manifest 'nothing'"),
        (["--manifest", "smoke", "--rows", "mine"], "no row 'mine'"),
        (["--manifest", "smoke", "--agents", "4"], "only a manifest of shifts"),
        (["--manifest", "smoke", "--workers", "0"], "0 workers"),
    ],
)
def test_what_cannot_be_played_is_said_in_a_sentence(
    home: Path, capsys: Capsys, arguments: list[str], words: str
) -> None:
    assert main(["bench", "suite", "--policy", "p:q", "--to", "results", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not Path("results").exists()


def test_a_folder_is_loaded_as_a_checkpoint(home: Path, capsys: Capsys) -> None:
    assert policy_spec("they:agent@argument") == "they:agent@argument"
    Path("mine").mkdir()
    assert main(["bench", "suite", "--policy", "mine", "--to", "results"]) == 2
    assert "no weights in mine" in capsys.readouterr().err
    Path("mine/model.safetensors").write_bytes(b"weights")
    assert policy_spec("mine") == f"policy.agent:load@{Path('mine').absolute()}"


@pytest.mark.slow
@pytest.mark.browser
def test_ctrl_c_says_how_to_go_on(home: Path, small: str) -> None:
    command = [sys.executable, "-m", "tui.cli", *COMMAND, "--manifest", small]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        until(
            lambda: Path("results/suite.json").exists(),
            "the suite to begin",
            patience_s=_PATIENCE_S,
        )
        started.send_signal(signal.SIGINT)
        _, said = started.communicate()
    assert started.returncode in (0, 130)  # it may have been done by then
    if started.returncode:
        assert "understudy resume results" in " ".join(said.split())
    assert read_suite(Path("results")).request.rows == ("ours", "null")
