"""The benchmark of the environments measures what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.bench import run, table
from harness.bench.ours import STEPS, measure


@pytest.mark.browser
@pytest.mark.slow
def test_a_row_counts_whole_episodes_with_all_their_steps() -> None:
    found = measure(contexts=2, seconds=0.5, seed=1)
    assert found.episodes > 0
    assert found.episodes % 2 == 0
    assert found.steps_per_second == pytest.approx(found.episodes_per_minute * STEPS / 60)
    assert 50 < found.memory_mb < 2000


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_has_every_row_and_says_which_peers_it_did_without(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    said: list[str] = []
    figures = run(seconds=0.5, seed=1, browsergym=broken, report=said.append)
    assert figures["episodes_per_minute_8"] > 0
    assert figures["episodes_per_minute_browsergym"] is None
    assert figures["ratio_vs_browsergym"] is None
    assert (figures["ratio_vs_farama"] is None) == (shutil.which("chromedriver") is None)
    assert len(said) == 7
    assert "not installed" in table(figures)
