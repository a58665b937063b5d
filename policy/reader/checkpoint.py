"""Readers on disk: weights, sizes, and what they were made from; JSON and safetensors only."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from policy.errors import CheckpointError, ConfigError
from policy.files import sha256, small_file
from policy.reader.alphabet import CHARACTERS
from policy.reader.model import ReaderConfig, ReaderModel
from recorder.store import write_atomically

FORMAT, VERSION = "understudy-reader", 1
WEIGHTS, MANIFEST = "model.safetensors", "manifest.json"
Decoded = TypeVar("Decoded")


@dataclass(frozen=True, slots=True)
class ReaderManifest:
    """What a reader was made from, and its sizes."""

    config: ReaderConfig
    updates: int
    minutes: float
    """Time that it was trained for."""
    shards: int
    """Shards of pages that it learned from."""
    seed: int
    fonts: list[str] = field(default_factory=list[str])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    characters: str = CHARACTERS
    weights_sha256: str = ""
    format: str = FORMAT
    version: int = VERSION


def save(folder: Path, model: ReaderModel, manifest: ReaderManifest, dtype: torch.dtype) -> None:
    """Write a reader in a number type; the manifest comes last, and without it there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    weights = {
        name: tensor.detach().to(dtype if tensor.is_floating_point() else tensor.dtype).contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(weights, folder / WEIGHTS)
    made = replace(manifest, weights_sha256=sha256(folder / WEIGHTS))
    said = json.dumps(msgspec.to_builtins(made), indent=1, ensure_ascii=False)
    write_atomically(folder / MANIFEST, said.encode())


def copy(folder: Path, to: Path) -> None:
    """Copy a reader without what its training keeps beside it."""
    to.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS, MANIFEST):
        shutil.copyfile(folder / name, to / name)


def load(folder: Path) -> tuple[ReaderModel, ReaderManifest]:
    """Return a reader's networks as they were when they learned, on the CPU, and its manifest.

    Raises:
        CheckpointError: it is torn, foreign or altered; one sentence.
    """
    manifest = read_manifest(folder)
    path = folder / WEIGHTS
    if not path.is_file() or sha256(path) != manifest.weights_sha256:
        raise CheckpointError(f"{path} is missing, or not what was saved there")
    model = ReaderModel(manifest.config)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    try:
        with safe_open(path, framework="pt") as file:
            names: list[str] = list(file.keys())
            found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        if found != wanted:
            raise CheckpointError(f"{path} holds weights of another shape than {MANIFEST} says")
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} holds no weights of ours: {error}") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise CheckpointError(f"{path} holds weights that are not finite")
    model.load_state_dict(weights)
    return model, manifest


def read_manifest(folder: Path) -> ReaderManifest:
    """Return what a reader was made from.

    Raises:
        CheckpointError: there is none, or it is no manifest of ours.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(small_file(path), type=ReaderManifest)
    except (msgspec.DecodeError, ConfigError) as error:
        raise CheckpointError(f"{path} is no reader's manifest: {error}") from error
    if (manifest.format, manifest.version) != (FORMAT, VERSION):
        raise CheckpointError(
            f"{path} is of {manifest.format[:40]!r} {manifest.version}; "
            f"allowed: {FORMAT!r} {VERSION}"
        )
    if manifest.characters != CHARACTERS:
        raise CheckpointError(f"{path}: the reader knows other characters; train it again")
    return manifest
