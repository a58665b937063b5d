"""Training a reader: a run that is killed goes on, and a policy is bound to its reader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from policy import checkpoint
from policy.agent import load
from policy.errors import CheckpointError, ConfigError, DataError
from policy.reader import checkpoint as reader_checkpoint
from policy.reader.read import Reader
from policy.reader.settings import PretrainConfig
from policy.reader.shards import shard_path, write
from policy.reader.train import FINAL, STATE, pretrain
from policy.settings import TrainConfig
from policy.sight import Sight
from policy.train import train
from recorder.schema import AgentContext
from tests.policy.reader.drawn import drawn_page, manifest, tiny_model
from tests.policy.worlds import episode
from tests.waiting import until

_PRETRAIN = """
import sys, torch
from pathlib import Path
from policy.reader.settings import PretrainConfig
from policy.reader.train import pretrain
torch.set_num_threads(1)
pretrain(Path(sys.argv[1]), Path(sys.argv[2]), PretrainConfig(minutes=0.05, save_every_s=0.2))
"""


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    pages, folder = tmp_path / "pages", tmp_path / "run"
    pages.mkdir()
    write(shard_path(pages, 0), [drawn_page("one two"), drawn_page("three")])
    command = [sys.executable, "-c", _PRETRAIN, str(pages), str(folder)]
    state = folder / FINAL / STATE
    running = subprocess.Popen(command)
    until(state.exists, "a first checkpoint", patience_s=60)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    before = json.loads(state.read_bytes())
    subprocess.run(command, check=True)
    after = json.loads(state.read_bytes())
    assert after["updates"] > before["updates"] >= 1
    assert after["spent_s"] >= 3 > before["spent_s"]
    Reader.load(folder / FINAL)
    with pytest.raises(ConfigError, match="minutes"):
        pretrain(pages, folder, PretrainConfig(minutes=1))


@pytest.mark.slow
def test_a_run_may_begin_with_a_reader_whose_time_is_added_to_its_own(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    write(shard_path(pages, 0), [drawn_page("one two"), drawn_page("three")])
    brief = PretrainConfig(minutes=0.02)
    first = pretrain(pages, tmp_path / "first", brief)
    unmoved = replace(brief, minutes=1e-5, learning_rate=1e-12, start=first)
    second = pretrain(pages, tmp_path / "second", unmoved)
    readers = [reader_checkpoint.load(each) for each in (first, second)]
    had, has = (model.line_reader.say.weight for model, _ in readers)
    assert torch.allclose(had, has)
    one, other = (made_from for _, made_from in readers)
    assert other.updates == one.updates + 1
    assert other.minutes >= one.minutes > 0
    with pytest.raises(ConfigError, match="start"):
        pretrain(pages, tmp_path / "second", replace(unmoved, start=None))


@pytest.mark.parametrize("change", [{"minutes": 0}, {"learning_rate": -1}])
def test_what_cannot_be_trained_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        replace(PretrainConfig(), **change).check()


# Policies that read -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    reader_checkpoint.save(folder, tiny_model(), manifest(), torch.float32)
    return folder


@pytest.fixture(scope="module")
def reading(reader: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = TrainConfig(updates=2, batch=4, save_every=2, pixels=False, reader=str(reader))
    folder = tmp_path_factory.mktemp("run")
    return train([episode(seed) for seed in range(3)], folder, config)


def test_a_policy_that_reads_needs_nothing_but_the_picture(reading: Path) -> None:
    policy = load(reading)
    told = episode(5).steps[0].observation
    untold = replace(told, elements=(), goal="")
    (one,) = policy.consider([AgentContext("a", told)])
    (two,) = policy.consider([AgentContext("b", untold)])
    assert one[0] == two[0]
    assert one[1].features == two[1].features


@pytest.mark.parametrize("sight", Sight)
def test_a_policy_tells_how_surely_it_read(reading: Path, reader: Path, sight: Sight) -> None:
    shown = episode(5).steps[0].observation
    ((_, evidence),) = load(reading, sight=sight).consider([AgentContext("a", shown)])
    sure = Reader.load(reader).read(shown.pixels).screen.goal_confidence
    wanted = 1.0 if sight is Sight.BLIND else sure
    assert np.exp(evidence.features["goal_read"]) == pytest.approx(wanted)
    assert evidence.features["target_read"] <= 0


def test_a_policy_learns_from_what_was_read(reading: Path, reader: Path) -> None:
    bits = load(reading).bits(episode(5))
    assert all(np.isfinite(value) for step in bits for value in step.values())
    made = checkpoint.load(reading).manifest
    assert made.reader == reader_checkpoint.read_manifest(reader).weights_sha256


def test_a_policy_refuses_another_reader_than_it_learned_with(
    reading: Path, tmp_path: Path
) -> None:
    place = tmp_path / "changed"
    checkpoint_files = [path for path in reading.iterdir() if path.is_file()]
    place.mkdir()
    for path in checkpoint_files:
        (place / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CheckpointError, match="cannot read"):
        load(place)
    other = place / checkpoint.READER
    reader_checkpoint.save(other, tiny_model(1), manifest(), torch.float32)
    with pytest.raises(CheckpointError, match="another reader"):
        load(place)


def test_reading_without_elements_is_refused(reader: Path, tmp_path: Path) -> None:
    config = TrainConfig(updates=1, elements=False, reader=str(reader))
    with pytest.raises(ConfigError, match="sees no elements"):
        train([episode(0)], tmp_path, config)


def test_pages_that_never_come_are_not_waited_for_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policy.reader.train._PATIENCE_S", 0.0)
    with pytest.raises(DataError, match="no pages"):
        pretrain(tmp_path / "none", tmp_path / "run", PretrainConfig())
