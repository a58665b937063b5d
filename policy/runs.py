"""Runs of training on disk: what they are for, their checkpoints, how to go on from the last."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PretrainedConfig

from policy import checkpoint
from policy.config import UnderstudyConfig
from policy.data import Dataset
from policy.errors import ConfigError, DataError
from policy.fellows import gathered
from policy.model import UnderstudyModel
from policy.reader import checkpoint as reader_checkpoint
from policy.reader.read import SHIPPED, Reader
from policy.settings import TrainConfig
from recorder.store import write_atomically

OPTIMIZER, RUN = "optimizer.safetensors", "run.json"
FINAL = "checkpoint"
_CONTENDERS = 3
"""Checkpoints that it is chosen from; those before had a higher learning rate to end with."""


def reader_folder(name: str) -> Path | None:
    """Return the folder of the reader of that name, as a training config has it; None of none."""
    if not name:
        return None
    return SHIPPED if name == "shipped" else Path(name)


def load_reader(name: str) -> Reader | None:
    """Return the reader of that name, as a training config has it."""
    place = reader_folder(name)
    return Reader.load(place) if place else None


def manifest(
    network: UnderstudyConfig, config: TrainConfig, dataset: Dataset
) -> checkpoint.Manifest:
    """Return what a checkpoint of this run was made from."""
    return checkpoint.Manifest(
        preprocessing=checkpoint.preprocessing_of(network),
        updates=config.updates,
        seed=config.seed,
        dataset=dataset.fingerprint,
        versions={
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "transformers": transformers.__version__,
        },
        tasks=sorted({row.task for row in dataset.episodes}),
        known_words=[*dataset.index.goal_words],
        reader=_reader_hash(config),
    )


def _reader_hash(config: TrainConfig) -> str:
    place = reader_folder(config.reader)
    return reader_checkpoint.read_manifest(place).weights_sha256 if place else ""


def claim(folder: Path, config: TrainConfig, dataset: Dataset) -> None:
    """Write what a folder is for, or see that it is for this.

    Raises:
        ConfigError: it is for something else.
    """
    said = {**asdict(config), "dataset": dataset.fingerprint}
    path = folder / RUN
    if path.is_file() and (there := json.loads(path.read_bytes())) != said:
        other = sorted(name for name in said if there.get(name) != said[name])
        raise ConfigError(
            f"{folder} holds a run with other {', '.join(other)}; ask for the same, or choose "
            "another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(said, indent=1).encode())


def saved(folder: Path) -> list[Path]:
    """Return the complete checkpoints of a run, oldest first."""
    return sorted(path.parent for path in folder.glob(f"update-*/{checkpoint.MANIFEST}"))


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """All that an update leaves behind."""

    network: PretrainedConfig
    weights: dict[str, Tensor]
    moments: dict[str, Tensor]


def learned(model: UnderstudyModel, optimizer: torch.optim.AdamW) -> Learned:
    """Return what an update left behind; each process may have a share, and has to ask."""
    return Learned(
        model.config,
        {name: gathered(tensor) for name, tensor in model.state_dict().items()},
        {
            f"{moment}.{name}": gathered(tensor)
            for name, parameter in model.named_parameters()
            for moment, tensor in optimizer.state[parameter].items()
        },
    )


def save(
    folder: Path, update: int, kept: Learned, made: checkpoint.Manifest, config: TrainConfig
) -> None:
    """Keep a checkpoint that can be gone on from."""
    partial, place = folder / "partial", folder / f"update-{update:07d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(kept.moments, partial / OPTIMIZER)
    if reader := reader_folder(config.reader):
        reader_checkpoint.copy(reader, partial / checkpoint.READER)
    checkpoint.save(partial, kept.network, kept.weights, made)
    before = saved(folder)
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)
    for old in before:
        if old == place:
            continue
        if (
            _updates(old) % config.save_every
        ):  # of an interruption: no run without one would have it
            shutil.rmtree(old)
        else:  # only the newest can be gone on from
            (old / OPTIMIZER).unlink(missing_ok=True)


def resume(folder: Path, model: UnderstudyModel, optimizer: torch.optim.AdamW) -> int:
    """Take up weights and moments where a run was left, and return the updates it had done."""
    kept = [place for place in saved(folder) if (place / OPTIMIZER).is_file()]
    if not kept:
        return 0
    loaded = checkpoint.load(kept[-1])
    model.load_state_dict(loaded.model.state_dict())
    moments = load_file(kept[-1] / OPTIMIZER)
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            moment: moments[f"{moment}.{name}"] for moment in ("step", "exp_avg", "exp_avg_sq")
        }
    return _updates(kept[-1])


def _updates(place: Path) -> int:
    return int(place.name.removeprefix("update-"))


def choose(folder: Path, success: Callable[[Path], float] | None) -> None:
    """Copy the best of the last in closed loop, the later of equals, or else the very last."""
    places = saved(folder)[-_CONTENDERS:]
    if not places:
        raise DataError(f"{folder} holds no checkpoint; train for at least one update")
    best = (
        max(enumerate(places), key=lambda each: (success(each[1]), each[0]))[1]
        if success
        else (places[-1])
    )
    partial = folder / "partial"
    for there in (partial, folder / FINAL):
        shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(best, partial, ignore=shutil.ignore_patterns(OPTIMIZER))
    partial.rename(folder / FINAL)
