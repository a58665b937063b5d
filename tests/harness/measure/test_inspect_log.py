"""A row written for inspect_ai has what its log must have, and inspect_ai reads it."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.measure.errors import EventOrderError
from harness.measure.inspect_log import to_inspect_log
from harness.measure.intervals import level
from harness.measure.metrics import figures, tallies
from harness.measure.report.rows import RowName
from harness.measure.state import Run
from tests.harness.measure.stories import Story, manifest, planned, run_of

CREATED = "2026-11-21T12:00:00+00:00"
NAME = RowName(row="ours", n_agents=4, allocator="fifo")


def small() -> Run:
    """An episode that went well with help, one that failed silently, one that broke down."""
    return run_of(
        [
            Story(planned("sort")).steps(4).contact(2_000).steps(4).done().end(),
            Story(planned("file")).steps(4).done().end(verified=False),
            Story(planned("mail")).steps(1).end(verified=False, broke="the browser died"),
        ]
    )


def test_a_log_has_what_the_format_asks_for() -> None:
    body = json.loads(to_inspect_log(NAME, small(), CREATED))
    assert (body["version"], body["status"]) == (2, "started")
    assert list(body)[:5] == ["version", "status", "eval", "plan", "results"]
    assert body["eval"].keys() >= {"created", "task", "dataset", "model", "config"}
    assert body["eval"]["task"] == "understudy/ours/N=4/fifo"
    assert body["eval"]["dataset"]["sample_ids"] == [each["id"] for each in body["samples"]]
    assert all(each.keys() >= {"id", "epoch", "input", "target"} for each in body["samples"])
    assert body["results"]["total_samples"] == 3
    assert body["results"]["completed_samples"] == 2
    (broken,) = [each for each in body["samples"] if "error" in each]
    assert broken["error"]["message"] == "the browser died"


def test_its_metrics_are_the_figures_of_the_run() -> None:
    run = small()
    body = json.loads(to_inspect_log(NAME, run, CREATED))
    scores = {each["name"]: each["metrics"] for each in body["results"]["scores"]}
    found = figures(tallies(run).values())
    headline = scores["understudy"]
    assert headline["opi_star"]["value"] == level(found.opi[10.0])
    assert headline["net_s"]["value"] == found.net_s.value
    assert headline["net_s"]["metadata"]["low"] == found.net_s.low
    assert scores["silent_failure"]["mean"]["value"] == pytest.approx(1 / 3)
    assert scores["useful_seconds"]["mean"]["value"] == pytest.approx(18 / 3)


def test_a_run_without_episodes_is_refused() -> None:
    with pytest.raises(EventOrderError, match="no manifest"):
        to_inspect_log(NAME, Run(), CREATED)
    with pytest.raises(ConfigError, match="no episode"):
        to_inspect_log(NAME, Run(manifest=manifest([planned()])), CREATED)


@pytest.mark.skipif(find_spec("inspect_ai") is None, reason="inspect_ai is not installed")
def test_inspect_ai_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_bytes(to_inspect_log(NAME, small(), CREATED))
    log = import_module("inspect_ai.log").read_eval_log(str(path))
    assert len(log.samples) == 3
    assert log.samples[0].scores["useful_seconds"].value == 0
