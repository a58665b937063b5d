"""`understudy train` goes from demonstrations to a policy that decides."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.demonstrate import Plan, demonstrate, demonstrations
from policy.agent import load
from policy.data import Dataset
from recorder.schema import AgentContext
from tui.cli import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demos")
    plan = Plan(tasks=("miniwob-click-test",), episodes=4)
    assert not demonstrate(folder, plan, workers=2)
    return folder


def test_a_policy_comes_of_demonstrations(demos: Path, tmp_path: Path) -> None:
    how = ["--to", str(tmp_path), "--updates", "2", "--batch", "2", "--no-pixels", "--trials", "1"]
    assert main(["train", str(demos), *how]) == 0
    step = next(iter(demonstrations(demos))).steps[0]
    (decision,) = load(tmp_path / "checkpoint").decide([AgentContext("a", step.observation)])
    assert 0 <= decision.p_accept <= 1


def test_two_processes_train_by_the_same_command_and_one_of_them_speaks(
    demos: Path, tmp_path: Path
) -> None:
    how = ["--to", str(tmp_path), "--updates", "2", "--batch", "2", "--no-pixels", "--trials", "0"]
    both = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, *both, "-m", "tui.cli", "train", str(demos), *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"kept in {tmp_path / 'checkpoint'}\n"
    load(tmp_path / "checkpoint")


def test_a_packed_dataset_is_learned_from_by_the_same_command(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "packed"
    assert main(["pack", str(demos), "--to", str(packed), "--episodes", "3", "--no-pixels"]) == 0
    assert "3 episodes of" in capsys.readouterr().out
    assert main(["pack", str(demos), "--to", str(packed), "--no-pixels"]) == 0
    assert "4 episodes of" in capsys.readouterr().out
    how = ["--to", str(tmp_path / "run"), "--updates", "1", "--batch", "2", "--trials", "0"]
    assert main(["train", str(packed), *how]) == 2
    assert "packed with pictures none" in " ".join(capsys.readouterr().err.split())
    assert main(["train", str(packed), *how, "--episodes", "2", "--no-pixels"]) == 2
    assert "choose --tasks and --episodes when it is packed" in capsys.readouterr().err
    assert main(["train", str(packed), *how, "--no-pixels"]) == 0
    load(tmp_path / "run" / "checkpoint")


def test_a_damaged_shard_is_named_and_left_out_if_asked(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "packed"
    assert main(["pack", str(demos), "--to", str(packed), "--no-pixels"]) == 0
    assert main(["pack", str(demos), "--to", str(packed), "--no-pixels"]) == 0
    (shard,) = packed.glob("*.zst")
    shard.write_bytes(shard.read_bytes()[:-1])
    how = ["--to", str(tmp_path / "run"), "--no-pixels", "--updates", "1", "--trials", "0"]
    assert main(["train", str(packed), *how]) == 2
    assert f"{shard.name} is damaged" in capsys.readouterr().err
    assert main(["train", str(packed), *how, "--skip-damaged"]) == 2
    assert "no shard is left" in capsys.readouterr().err


def test_only_what_is_asked_for_is_learned(demos: Path, tmp_path: Path) -> None:
    which = ["--tasks", "miniwob-click-test", "--episodes", "3", "--trials", "0"]
    how = ["--to", str(tmp_path), "--updates", "1", "--batch", "2", "--no-pixels"]
    assert main(["train", str(demos), *which, *how]) == 0
    (cache,) = (tmp_path / "cache").iterdir()
    assert len(Dataset(str(cache)).episodes) == 3


def test_a_task_without_demonstrations_is_refused(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    which = ["--tasks", "miniwob-click-test", "miniwob-click-link"]
    assert main(["train", str(demos), *which, "--to", str(tmp_path)]) == 2
    assert "no demonstration of miniwob-click-link; it has miniwob-click-test" in " ".join(
        capsys.readouterr().err.split()
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_with_another_run_is_refused(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--to", str(tmp_path), "--batch", "2", "--no-pixels", "--trials", "0", "--updates"]
    assert main(["train", str(demos), *how, "1"]) == 0
    assert main(["train", str(demos), *how, "2"]) == 2
    assert "other updates" in capsys.readouterr().err
