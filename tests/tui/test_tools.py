"""Doctor, bench and demo say what they found, and fail loudly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import policy.bench
import recorder.bench
import tui.bench.run
import tui.bench.tiles
from policy.train import TrainConfig
from recorder import doctor
from recorder.errors import ConfigError
from tui.cli import main

Capsys = pytest.CaptureFixture[str]


def test_doctor_prints_what_it_found_and_what_to_do(
    home: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    main(["doctor", "--no-ruler"])
    text = " ".join(capsys.readouterr().out.split())
    for words in ("display server", "encoder", "Chromium", "free space", "→"):
        assert words in text


@pytest.mark.slow
@pytest.mark.display
def test_doctor_measures_alignment_on_a_display_of_its_own(home: Path, capsys: Capsys) -> None:
    main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["ruler"]["events"]["lost"] == 0
    assert found["ruler"]["events"]["order_errors"] == 0
    assert found["ruler"]["frames"]["unread"] == 0


def test_doctor_fails_when_something_that_is_needed_does_not_work(
    home: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = doctor.Finding("encoder", "fail", "no libx264", "install another PyAV")

    def examine(display: str | None = None) -> list[doctor.Finding]:
        return [broken]

    monkeypatch.setattr(doctor, "examine", examine)
    assert main(["doctor", "--no-ruler"]) == 1
    assert "install another PyAV" in capsys.readouterr().out


def test_bench_writes_every_figure(
    home: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def run(**plan: Any) -> dict[str, Any]:
        asked.update(plan)
        return {"frame_error_ms_p99": 2.5}

    monkeypatch.setattr(recorder.bench, "run", run)
    arguments = ["--json", "out/figures.json", "--seconds", "3", "--repeats", "2", "--seed", "7"]
    assert main(["bench", "recorder", *arguments]) == 0
    assert (asked["seconds"], asked["repeats"], asked["seed"]) == (3.0, 2, 7)
    assert json.loads(Path("out/figures.json").read_text()) == {"frame_error_ms_p99": 2.5}
    assert "frame_error_ms_p99" in capsys.readouterr().out


def test_bench_of_the_policy_trains_what_is_asked_for(
    home: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[TrainConfig, float]] = []

    def run(config: TrainConfig, *, seconds: float, report: Any) -> dict[str, Any]:
        report("training")
        asked.append((config, seconds))
        return {"decision_ms_p50": 2.5}

    monkeypatch.setattr(policy.bench, "run", run)
    monkeypatch.setattr(policy.bench, "table", str)
    arguments = ["--seconds", "3", "--size", "base", "--updates", "7", "--seed", "4"]
    assert main(["bench", "policy", *arguments]) == 0
    assert asked == [(TrainConfig(size="base", updates=7, seed=4), 3.0)]
    assert "decision_ms_p50" in capsys.readouterr().out


def test_a_benchmark_that_fails_leaves_the_figures_of_the_last_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(**_: Any) -> dict[str, Any]:
        raise ConfigError("no display")

    monkeypatch.setattr(recorder.bench, "run", run)
    figures = Path("figures.json")
    assert main(["bench", "recorder", "--json", str(figures)]) == 2
    assert not figures.exists()
    figures.write_text("{}")
    assert main(["bench", "recorder", "--json", str(figures)]) == 2
    assert figures.read_text() == "{}"


@pytest.mark.slow
def test_bench_of_the_terminal_measures_the_real_one(
    home: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tui.bench.run, "AGENTS", (2,))
    monkeypatch.setattr(tui.bench.run, "WAYS", (tui.bench.tiles.OURS,))
    assert main(["bench", "tui", "--json", "figures.json", "--keys", "4", "--seed", "3"]) == 0
    found = json.loads(Path("figures.json").read_text())
    for suffix in ("2", "tiles_ours"):
        assert found[f"keys_{suffix}"] == 4
        assert 0 < found[f"key_ms_p50_{suffix}"] <= found[f"key_ms_p95_{suffix}"]
        assert found[f"first_byte_ms_p95_{suffix}"] <= found[f"key_ms_p95_{suffix}"]
        assert found[f"core_percent_{suffix}"] > 0
        assert found[f"bytes_per_s_{suffix}"] > 0
    assert "9 tiles, ours" in capsys.readouterr().out
