"""On a cluster a suite comes to what it comes to here, and the death of a machine costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import msgspec
import pytest

from harness.demonstrate import demonstrations
from harness.demonstrate.takes import list_takes
from harness.run.checking import check
from harness.run.playing import Played
from harness.run.score import load_runs, score
from harness.run.standing import log_paths
from recorder.verify import verify
from tests.harness.run import fakes
from tests.harness.run.on_ray import asked, plan
from tests.soak import SOAK_ONLY, repeats

pytestmark = [pytest.mark.slow, pytest.mark.timeout(repeats(600, 3600))]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a suite that was played on this machine alone."""
    folder = tmp_path_factory.mktemp("suites") / "here"
    assert fakes.played(folder, asked()).missing == 0
    return folder


def on_ray(folder: Path, killed_at: int = 0) -> Played:
    """Play it on two nodes, one of which is killed once so many bytes are logged."""
    result = folder.with_suffix(".json")
    _run("suite", folder, result, killed_at)
    return msgspec.json.decode(result.read_bytes(), type=Played)


def _run(what: str, folder: Path, result: Path, killed_at: int) -> None:
    asked = [what, folder, result, str(killed_at)]
    command = [sys.executable, "-m", "tests.harness.run.on_ray", *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def assert_same(folder: Path, other: Path) -> None:
    assert fakes.events_in(folder) == fakes.events_in(other)
    assert load_runs(folder) == load_runs(other)
    assert score(folder).to_json() == score(other).to_json()
    assert not check(folder)


@SOAK_ONLY
def test_two_nodes_leave_the_same_events(tmp_path: Path, here: Path) -> None:
    folder = tmp_path / "suite"
    played = on_ray(folder)
    assert (played.ended, played.lost, played.missing) == ((), (), 0)
    assert len(log_paths(folder / "ours")) == 2
    assert_same(folder, here)
    assert fakes.played(folder, asked()).cells == 0


def test_a_node_that_dies_loses_and_doubles_nothing(tmp_path: Path, here: Path) -> None:
    whole = sum(path.stat().st_size for path in here.rglob("events-*.jsonl"))
    for number in range(repeats(1, 20)):
        folder = tmp_path / str(number)
        played = on_ray(folder, killed_at=round(whole * Random(number).uniform(0.05, 0.6)))
        assert len(played.ended) == 1, "no worker died: the node was killed too late"
        assert (played.lost, played.missing) == ((), 0)
        assert_same(folder, here)


def test_demonstrations_are_recorded_once_each_though_a_node_dies(tmp_path: Path) -> None:
    units = sorted(plan().units)
    for number in range(repeats(1, 20)):
        folder, result = tmp_path / str(number), tmp_path / f"{number}.json"
        _run("demonstrations", folder, result, Random(number).randrange(1, 20))
        found = msgspec.json.decode(result.read_bytes(), type=dict[str, int])
        assert found["lost"] == 0
        assert 0 < found["at_death"] < len(units), "the node was killed too early or too late"
        assert sorted(take.unit for take in list_takes(folder)) == units
        kept = [(int(each.seed), each.task) for each in demonstrations(folder)]
        assert sorted(kept) == [(unit.seed, unit.task) for unit in units]
        for path in (folder / "recordings").iterdir():
            assert verify(path) == []


def test_without_ray_it_is_said_how_to_install_it(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from harness.run.playing import Crew, play
from tests.harness.run import fakes
sys.modules["ray"] = None
crew = Crew(engine="ray")
play(Path({str(tmp_path / "suite")!r}), fakes.big(), tools={{}}, crew=crew, told=fakes.Silent())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'understudy[ray]'" in done.stderr
