"""Readers on disk: what comes back is what was saved, and nothing else is let in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from policy.errors import CheckpointError
from policy.reader import checkpoint
from tests.policy.reader.drawn import manifest, tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    checkpoint.save(tmp_path / "reader", tiny_model(), manifest(), torch.float32)
    return tmp_path / "reader"


def _refused(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_weights_come_back_as_they_were(folder: Path) -> None:
    found, made = checkpoint.load(folder)
    wanted = tiny_model().state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in found.state_dict().items())
    assert made.weights_sha256


def test_a_small_copy_is_nearly_as_exact(folder: Path, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "small", tiny_model(), manifest(), torch.bfloat16)
    sizes = [(place / checkpoint.WEIGHTS).stat().st_size for place in (tmp_path / "small", folder)]
    assert sizes[0] < 0.7 * sizes[1]
    found, _ = checkpoint.load(tmp_path / "small")
    for name, tensor in tiny_model().state_dict().items():
        assert torch.allclose(found.state_dict()[name].float(), tensor.float(), rtol=0.01)


def test_a_flipped_bit_is_refused(folder: Path) -> None:
    path = folder / checkpoint.WEIGHTS
    weights = bytearray(path.read_bytes())
    weights[-1] ^= 1
    path.write_bytes(bytes(weights))
    assert "not what was saved" in _refused(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"characters": "ab"}, "other characters"),
        ({"format": "other"}, "allowed"),
        ({"config": {"channels": 10**9}}, "sizes are"),
        ({"config": {"channels": 16}}, "another shape"),
        ({"updates": "many"}, "no reader's manifest"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, change: dict[str, object], said: str
) -> None:
    path = folder / checkpoint.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    assert said in _refused(folder)


def test_what_is_not_there_is_refused(folder: Path) -> None:
    (folder / checkpoint.WEIGHTS).unlink()
    assert "missing" in _refused(folder)
    (folder / checkpoint.MANIFEST).unlink()
    assert "cannot read" in _refused(folder)
