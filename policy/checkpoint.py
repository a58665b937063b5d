"""Checkpoints on disk: weights, their configuration, and what they were made from.

Nothing in a checkpoint is ever run: JSON and safetensors only, and both are checked against the
hashes in the manifest and against limits before any memory is set aside for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PretrainedConfig

from policy.config import UnderstudyConfig
from policy.errors import CheckpointError, ConfigError
from policy.files import sha256, small_file
from policy.model import UnderstudyModel
from policy.observe import ObserveConfig, check_preprocessing, preprocessing_hash
from policy.reader.read import Reader
from recorder.store import write_atomically

FORMAT, VERSION = "understudy-checkpoint", 4
CONFIG, WEIGHTS, MANIFEST = "config.json", "model.safetensors", "manifest.json"
READER = "reader"
"""Folder with the reader of a network that reads."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a checkpoint was made from."""

    preprocessing: str
    """Hash of the path from pixels to tensors; empty when no pixels are seen."""
    updates: int
    seed: int
    dataset: str
    """Fingerprint of what it learned from."""
    versions: dict[str, str] = field(default_factory=dict[str, str])
    tasks: list[str] = field(default_factory=list[str])
    known_words: list[int] = field(default_factory=list[int])
    """Rows of the hash table of the words that goals were made of."""
    reader: str = ""
    """SHA-256 of the weights of its reader; empty when it reads nothing."""
    weights_sha256: str = ""
    config_sha256: str = ""
    format: str = FORMAT
    version: int = VERSION


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """Weights that have been checked."""

    model: UnderstudyModel
    config: UnderstudyConfig
    manifest: Manifest
    folder: Path
    reader: Reader | None = None
    """What turns pictures into elements, where it reads."""


def observe_config(config: UnderstudyConfig) -> ObserveConfig:
    """Return the sizes of the pictures that a network is given."""
    return ObserveConfig(
        width_px=config.frame_width_px, height_px=config.frame_height_px, fovea_px=config.fovea_px
    )


def preprocessing_of(config: UnderstudyConfig) -> str:
    """Return the hash of a network's path from pixels; empty when it sees none."""
    return preprocessing_hash(observe_config(config)) if config.sees_pixels else ""


def save(
    folder: Path,
    config: PretrainedConfig,
    weights: Mapping[str, Tensor],
    manifest: Manifest,
) -> None:
    """Write a checkpoint; the manifest comes last, and without it there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    config.save_pretrained(folder)
    whole = {name: tensor.contiguous() for name, tensor in weights.items()}
    save_file(whole, folder / WEIGHTS, metadata={"format": "pt"})
    hashed = {
        **msgspec.to_builtins(manifest),
        "weights_sha256": sha256(folder / WEIGHTS),
        "config_sha256": sha256(folder / CONFIG),
    }
    write_atomically(folder / MANIFEST, json.dumps(hashed, indent=1).encode())


def load(folder: Path) -> Checkpoint:
    """Return a checkpoint's network, in evaluation mode on the CPU.

    Raises:
        CheckpointError: it is torn, foreign or altered, or made for other inputs; one sentence.
    """
    manifest = read_manifest(folder)
    for name, wanted in (
        (WEIGHTS, manifest.weights_sha256),
        (CONFIG, manifest.config_sha256),
    ):
        if not (folder / name).is_file() or sha256(folder / name) != wanted:
            raise CheckpointError(f"{folder / name} is missing, or not what was saved there")
    config = _config(folder / CONFIG)
    if config.sees_pixels:
        check_preprocessing(manifest.preprocessing, observe_config(config))
    reader = _reader(folder / READER, manifest) if config.reads else None
    return Checkpoint(_model(folder / WEIGHTS, config), config, manifest, folder, reader)


def read_manifest(folder: Path) -> Manifest:
    """Return what a checkpoint was made from.

    Raises:
        CheckpointError: there is none, or it is no manifest of ours.
    """
    try:
        manifest = msgspec.json.decode(small_file(folder / MANIFEST), type=Manifest)
    except msgspec.DecodeError as error:
        raise CheckpointError(f"{folder / MANIFEST} is no manifest: {error}") from error
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{folder} is {manifest.format[:40]!r} {manifest.version}; "
            f"allowed: {FORMAT!r} {VERSION}"
        )
    return manifest


def _reader(folder: Path, manifest: Manifest) -> Reader:
    reader = Reader.load(folder)
    if reader.model_hash != manifest.reader:
        raise CheckpointError(
            f"{folder} is another reader than it learned with: {reader.model_hash[:12]!r} there, "
            f"{manifest.reader[:12]!r} wanted"
        )
    return reader


def _config(path: Path) -> UnderstudyConfig:
    try:
        said = msgspec.json.decode(small_file(path), type=dict[str, Any])
        if said.get("model_type") != UnderstudyConfig.model_type:
            raise CheckpointError(
                f"{path} is of a model of type {str(said.get('model_type'))[:40]!r}; "
                f"allowed: {UnderstudyConfig.model_type!r}"
            )
        names = set(UnderstudyConfig.__annotations__)
        known = {name: each for name, each in said.items() if name in names}
        return UnderstudyConfig(**known)
    except (msgspec.DecodeError, ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} says what cannot be: {_one_line(error)}") from error


def _model(path: Path, config: UnderstudyConfig) -> UnderstudyModel:
    try:
        with safe_open(path, framework="pt") as file:
            names: list[str] = list(file.keys())
            found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        # shapes alone, without memory: a small file must not make us set aside a large network
        with torch.device("meta"):
            wanted = UnderstudyModel(config).state_dict()
        if found != {name: tuple(tensor.shape) for name, tensor in wanted.items()}:
            raise CheckpointError(f"{path} holds weights of another shape than {CONFIG} says")
        weights = load_file(path)
    except (SafetensorError, ConfigError, OSError) as error:
        raise CheckpointError(f"{path} holds no weights of ours: {_one_line(error)}") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise CheckpointError(f"{path} holds weights that are not finite")
    model = UnderstudyModel(config)
    model.load_state_dict(weights)
    return model.eval()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
