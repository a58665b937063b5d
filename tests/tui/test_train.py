"""`understudy train` goes from demonstrations to a policy that decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.demonstrate import Plan, demonstrate, demonstrations
from policy.agent import load
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
    how = ["--to", str(tmp_path), "--updates", "2", "--batch", "2", "--no-pixels"]
    assert main(["train", str(demos), *how]) == 0
    step = next(iter(demonstrations(demos))).steps[0]
    (decision,) = load(tmp_path / "checkpoint").decide([AgentContext("a", step.observation)])
    assert 0 <= decision.p_accept <= 1


def test_a_folder_with_another_run_is_refused(
    demos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--to", str(tmp_path), "--batch", "2", "--no-pixels", "--updates"]
    assert main(["train", str(demos), *how, "1"]) == 0
    assert main(["train", str(demos), *how, "2"]) == 2
    assert "other updates" in capsys.readouterr().err
