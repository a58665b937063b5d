"""Two processes learn what one does, and go on after one of them was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from policy import checkpoint, runs
from tests.soak import SOAK_ONLY, repeats
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

UPDATES = repeats(30, 200)
TOLERANCE = 1e-4
_MODULE = "tests.policy.together"
_PATIENCE_S = 300.0
_EARLY = 60
"""Updates in which another rounding makes no difference to a loss."""


def told(folder: Path) -> list[list[float]]:
    """Update, loss and bits per event of each update that was done, in the order that it was."""
    path = folder / "losses.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


@contextmanager
def running(
    folder: Path, processes: int, *, restarts: int = 0, is_sharded: bool = False
) -> Generator[subprocess.Popen[str]]:
    """Train in so many processes."""
    folder.mkdir()
    ours = ["-m", _MODULE, str(folder), str(UPDATES), *(["sharded"] if is_sharded else [])]
    torchrun = [
        *("-m", "torch.distributed.run", "--standalone"),
        *("--nproc-per-node", str(processes), "--max-restarts", str(restarts)),
    ]
    process = subprocess.Popen(
        [sys.executable, *(torchrun if processes > 1 else []), *ours],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def trained(folder: Path, processes: int) -> Path:
    """Train in so many processes, undisturbed."""
    with running(folder, processes) as process:
        _, errors = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode == 0, errors
    return folder


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes learned."""
    return trained(tmp_path_factory.mktemp("together") / "both", 2)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "run" / runs.FINAL / checkpoint.WEIGHTS)


def assert_close(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    for name, found in one.items():
        away = torch.linalg.vector_norm(found - two[name])
        assert away <= TOLERANCE * torch.linalg.vector_norm(found), name


def test_two_processes_have_the_losses_of_one(tmp_path: Path, both: Path) -> None:
    alone = told(trained(tmp_path / "alone", 1))
    assert [each[0] for each in alone] == list(range(1, UPDATES + 1))
    for one, two in zip(alone, told(both), strict=True):
        assert two == pytest.approx(one, rel=TOLERANCE)


@pytest.mark.parametrize("is_sharded", [pytest.param(False, marks=SOAK_ONLY), True])
def test_a_run_whose_process_is_killed_starts_again_and_ends_the_same(
    tmp_path: Path, both: Path, *, is_sharded: bool
) -> None:
    folder = tmp_path / "killed"
    with running(folder, 2, restarts=1, is_sharded=is_sharded) as process:
        until(lambda: len(told(folder)) > UPDATES // 2, "updates", patience_s=_PATIENCE_S)
        os.kill(int((folder / "pid-1").read_text()), signal.SIGKILL)
        _, errors = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode == 0, errors
    done = [each[0] for each in told(folder)]
    assert len(done) > UPDATES, "it did not go on from a checkpoint"
    assert done[-1] == UPDATES
    one, two = weights(both), weights(folder)
    if is_sharded:  # rounded elsewhere; biases without an effect have no gradient but rounding
        one, two = ({"all": torch.cat([*map(torch.flatten, each.values())])} for each in (one, two))
    assert_close(one, two)
    same = {each[0]: each[1:] for each in told(both)}
    for update, *losses in told(folder):
        if not is_sharded or update <= _EARLY:  # what is rounded grows as the loss gets small
            assert losses == pytest.approx(same[update], rel=TOLERANCE)
