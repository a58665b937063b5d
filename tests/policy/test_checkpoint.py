"""Checkpoints: what comes back is what was saved, and nothing else is let in."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from policy import checkpoint
from policy.config import UnderstudyConfig, config_of_size
from policy.errors import CheckpointError
from policy.model import UnderstudyModel, register

CONFIG = config_of_size("tiny", width=32, feed_forward=32, layers=1, channels=8)


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (self.path,))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = checkpoint.Manifest(
        preprocessing=checkpoint.preprocessing_of(CONFIG), updates=1, seed=0, dataset="none"
    )
    checkpoint.save(tmp_path / "saved", CONFIG, UnderstudyModel(CONFIG).state_dict(), made)
    return tmp_path / "saved"


def _reseal(folder: Path) -> None:
    """Make hashes fit again, as one would who means harm."""
    manifest = json.loads((folder / checkpoint.MANIFEST).read_bytes())
    manifest["weights_sha256"] = checkpoint.sha256(folder / checkpoint.WEIGHTS)
    manifest["config_sha256"] = checkpoint.sha256(folder / checkpoint.CONFIG)
    (folder / checkpoint.MANIFEST).write_text(json.dumps(manifest))


def _refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_weights_come_back_as_they_were(folder: Path) -> None:
    model = checkpoint.load(folder).model
    saved = load_file(folder / checkpoint.WEIGHTS)
    assert all(torch.equal(tensor, saved[name]) for name, tensor in model.state_dict().items())
    assert not model.training


def test_transformers_reads_it_too(folder: Path) -> None:
    register()
    register()
    assert isinstance(AutoConfig.from_pretrained(folder), UnderstudyConfig)
    assert isinstance(AutoModel.from_pretrained(folder), UnderstudyModel)


def test_a_renamed_pickle_runs_no_code(folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    (folder / checkpoint.WEIGHTS).write_bytes(pickle.dumps(Bomb(trap)))
    assert "not what was saved" in _refused(folder)
    _reseal(folder)
    assert "no weights of ours" in _refused(folder)
    assert not trap.exists()


@pytest.mark.parametrize("keep", [0, 4, 100, 10_000])
def test_torn_weights_are_refused(folder: Path, keep: int) -> None:
    path = folder / checkpoint.WEIGHTS
    path.write_bytes(path.read_bytes()[:keep])
    assert "not what was saved" in _refused(folder)
    _reseal(folder)
    assert "no weights of ours" in _refused(folder)


@pytest.mark.parametrize("place", [3, 50, -1])
def test_one_flipped_bit_is_refused(folder: Path, place: int) -> None:
    path = folder / checkpoint.WEIGHTS
    body = bytearray(path.read_bytes())
    body[place] ^= 1
    path.write_bytes(body)
    assert "not what was saved" in _refused(folder)


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    weights = load_file(folder / checkpoint.WEIGHTS)
    weights["none_key"][0] = torch.nan
    save_file(weights, folder / checkpoint.WEIGHTS)
    _reseal(folder)
    assert "not finite" in _refused(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"width": 10**12},
        {"layers": -1},
        {"width": 4096, "layers": 96, "attention_heads": 8},
        {"model_type": "bert"},
        {"attention_heads": 5},
        {"frame_width_px": 161},
        {"width": "wide"},
        {"sees_pixels": False, "sees_elements": False},
        {"encoder": "/nowhere"},
    ],
)
def test_absurd_configs_are_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / checkpoint.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    assert "not what was saved" in _refused(folder)
    _reseal(folder)
    _refused(folder)


@pytest.mark.parametrize(
    "change", [{"preprocessing": "0" * 32}, {"format": "other"}, {"version": 1}, {"updates": "x"}]
)
def test_a_manifest_for_something_else_is_refused(folder: Path, change: dict[str, object]) -> None:
    path = folder / checkpoint.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **change}))
    _refused(folder)


def test_a_huge_manifest_is_not_read(folder: Path) -> None:
    (folder / checkpoint.MANIFEST).write_bytes(b" " * (5 << 20))
    assert "larger than" in _refused(folder)


def test_an_empty_folder_is_refused(folder: Path) -> None:
    shutil.rmtree(folder)
    assert "cannot read" in _refused(folder)
