"""Training, from episodes to a checkpoint; to be read from top to bottom.

All that is random in an update follows from the seed and the update's number alone, so that a run
that is killed goes on as if it had not been, and two runs with one seed are the same.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import Any, cast

import numpy as np
import torch
import transformers
from accelerate import Accelerator
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

from policy import checkpoint
from policy.augmentation import Augmentation, changes, shifts
from policy.config import UnderstudyConfig, config_of_size
from policy.dataset import Dataset, prepare, windows
from policy.encoders import BackboneEncoder, load_backbone
from policy.errors import ConfigError, DataError
from policy.interrupts import held_interrupts
from policy.loader import collate
from policy.losses import bits, nats, total_loss
from policy.model import UnderstudyModel
from policy.reader import checkpoint as reader_checkpoint
from policy.reader.read import SHIPPED, Reader
from policy.settings import TrainConfig
from recorder.schema import Episode
from recorder.store import write_atomically

OPTIMIZER, RUN = "optimizer.safetensors", "run.json"
FINAL = "checkpoint"
_CONTENDERS = 3
"""Checkpoints that it is chosen from; those before had a higher learning rate to end with."""
# streams of random numbers
_ORDER, _CHANGES, _TORCH, _MEMBERS = range(4)


@dataclass(frozen=True, slots=True)
class Progress:
    """How training stands."""

    update: int
    loss: float
    bits_per_event: float
    updates_per_s: float
    data_wait: float
    """Share of the time that training waited for its windows."""


@dataclass(frozen=True, slots=True, eq=False)
class Ears:
    """Whom training tells, and whom it asks."""

    read: Callable[[int], None] = lambda _: None
    """Is told the number of episodes that have been read."""
    told: Callable[[Progress], None] = lambda _: None
    """Is told of each update."""
    success: Callable[[Path], float] | None = None
    """Returns how well a checkpoint does in closed loop; the best of the last few is chosen."""


@dataclass(slots=True)
class _Clock:
    """Where the time goes."""

    began: float = field(default_factory=perf_counter)
    waited: float = 0.0
    updates: int = 0

    def progress(self, update: int, loss: float, bits_per_event: float) -> Progress:
        spent = max(perf_counter() - self.began, 1e-9)
        self.updates += 1
        return Progress(update, loss, bits_per_event, self.updates / spent, self.waited / spent)


def train(
    episodes: Iterable[Episode], folder: Path, config: TrainConfig, ears: Ears | None = None
) -> Path:
    """Train on episodes and return the folder of the chosen checkpoint.

    Asked for the same again in the same folder, it goes on from the last update that was saved.
    Ctrl-C ends it once the update at hand is saved; a second one ends it at once.

    Raises:
        ConfigError: the folder holds a run of another config or other episodes.
        DataError: there is nothing to learn from, or an episode is damaged.
    """
    config.check()
    ears = ears or Ears()
    network = network_config(config)
    observing = checkpoint.observe_config(network) if network.sees_pixels else None
    place = reader_folder(config)
    reader = Reader.load(place) if place else None
    dataset = prepare(episodes, folder / "cache", observing, ears.read, reader)
    every = windows(dataset.episodes, config.context)
    _claim(folder, config, dataset)
    accelerator = Accelerator(mixed_precision="bf16" if torch.cuda.is_available() else "no")
    model = new_model(network, config.seed)
    optimizer = _optimizer(model, config)
    first = _resume(folder, model, optimizer)
    if first == config.updates and (folder / FINAL / checkpoint.MANIFEST).is_file():
        return folder / FINAL  # chosen before; what was added to it since stays
    prepared, tuned = accelerator.prepare(model, optimizer)
    running = torch.compile(prepared) if accelerator.device.type == "cuda" else prepared
    clock = _Clock()
    with held_interrupts() as interruption:
        for update in range(first, config.updates):
            started = perf_counter()
            inputs, answers, members = _batch(dataset, every, network, config, update, accelerator)
            clock.waited += perf_counter() - started
            torch.manual_seed(_number(config.seed, _TORCH, update, accelerator.process_index))
            for group in tuned.param_groups:
                group["lr"] = config.learning_rate * _schedule(update, config.updates)
            prepared.train()
            outputs = running(inputs)
            parts = nats(outputs, answers)
            loss = total_loss(parts, outputs.failure, answers, members)
            tuned.zero_grad(set_to_none=True)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(prepared.parameters(), 1.0)
            tuned.step()
            with torch.no_grad():
                found = bits(parts)
            per_event = (sum(found.values(), answers.rest_bits)).sum() / inputs.step_mask.sum()
            ears.told(clock.progress(update + 1, loss.item(), per_event.item()))
            is_over = _any(accelerator, is_so=interruption.is_wanted)
            if is_over or (update + 1) % config.save_every == 0 or update + 1 == config.updates:
                accelerator.wait_for_everyone()
                if accelerator.is_main_process:
                    inner = accelerator.unwrap_model(prepared)
                    made = manifest(network, config, dataset)
                    _save(folder, update + 1, inner, optimizer, made, config)
            if is_over:
                raise KeyboardInterrupt
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        _choose(folder, ears.success)
    accelerator.wait_for_everyone()
    return folder / FINAL


# The network and its optimizer --------------------------------------------------------------------


def network_config(config: TrainConfig) -> UnderstudyConfig:
    """Return the network that a training config asks for."""
    return config_of_size(
        config.size,
        context=config.context,
        sees_elements=config.elements,
        sees_pixels=config.pixels,
        sees_goal=config.goal,
        reads=bool(config.reader),
        encoder=config.encoder,
    )


def reader_folder(config: TrainConfig) -> Path | None:
    """Return the folder of the reader that a training config asks for, if it asks for one."""
    if not config.reader:
        return None
    return SHIPPED if config.reader == "shipped" else Path(config.reader)


def new_model(config: UnderstudyConfig, seed: int) -> UnderstudyModel:
    """Return a network before training; its weights follow from the seed."""
    torch.manual_seed(seed)
    model = UnderstudyModel(config)
    if config.sees_pixels and isinstance(model.encoder, BackboneEncoder):
        load_backbone(model.encoder, Path(config.encoder))
    return model


def _optimizer(model: UnderstudyModel, config: TrainConfig) -> torch.optim.AdamW:
    decayed = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), fused=True)


def _schedule(update: int, updates: int) -> float:
    """Return the share of the highest learning rate, from 0 to 1."""
    warm = max(1, updates // 20)
    if update < warm:
        return (update + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + cos(pi * (update - warm) / max(1, updates - warm)))


# What an update sees ------------------------------------------------------------------------------


def _any(accelerator: Accelerator, *, is_so: bool) -> bool:
    """Return whether it is so in any process, so that all of them do the same."""
    if accelerator.num_processes == 1:
        return is_so
    count = torch.tensor(float(is_so), device=accelerator.device)
    return bool(cast(Tensor, accelerator.reduce(count, "sum")) > 0)


def _number(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def _batch(
    dataset: Dataset,
    every: Sequence[tuple[int, ...]],
    network: UnderstudyConfig,
    config: TrainConfig,
    update: int,
    accelerator: Accelerator,
) -> tuple[Any, Any, Tensor]:
    """Return inputs, answers and the windows' weights for each set of heads."""
    chosen = order(len(every), config.batch, config.seed, update)
    own = chosen[accelerator.process_index :: accelerator.num_processes]
    rng = np.random.default_rng((config.seed, _CHANGES, update, accelerator.process_index))
    how = Augmentation()
    inputs, answers = collate(
        dataset, [every[number] for number in own], network, changes(rng, how), shifts(rng, how)
    )
    # each set of heads sees each window always twice or always half as much
    members = [
        np.random.default_rng((config.seed, _MEMBERS, number)).choice((0.5, 1.5), network.members)
        for number in own
    ]
    weights = torch.from_numpy(np.stack(members).astype(np.float32))
    device = accelerator.device
    return inputs.to(device), answers.to(device), weights.to(device)


def order(count: int, batch: int, seed: int, update: int) -> list[int]:
    """Return which of `count` windows an update sees; each once before any is seen again."""
    chosen: list[int] = []
    for place in range(update * batch, (update + 1) * batch):
        epoch, index = divmod(place, count)
        chosen.append(int(_permutation(count, seed, epoch)[index]))
    return chosen


@lru_cache(maxsize=2)
def _permutation(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, _ORDER, epoch)).permutation(count)


# What is kept -------------------------------------------------------------------------------------


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
        known_words=dataset.goal_words(),
        reader=_reader_hash(config),
    )


def _reader_hash(config: TrainConfig) -> str:
    place = reader_folder(config)
    return reader_checkpoint.read_manifest(place).weights_sha256 if place else ""


def _claim(folder: Path, config: TrainConfig, dataset: Dataset) -> None:
    """Write what a folder is for, or see that it is for this."""
    said = {**asdict(config), "dataset": dataset.fingerprint}
    path = folder / RUN
    if path.is_file() and (there := json.loads(path.read_bytes())) != said:
        other = sorted(name for name in said if there.get(name) != said[name])
        raise ConfigError(
            f"{folder} holds a run with other {', '.join(other)}; ask for the same, or choose "
            "another folder"
        )
    write_atomically(path, json.dumps(said, indent=1).encode())


def saved(folder: Path) -> list[Path]:
    """Return the complete checkpoints of a run, oldest first."""
    return sorted(path.parent for path in folder.glob(f"update-*/{checkpoint.MANIFEST}"))


def _save(
    folder: Path,
    update: int,
    model: UnderstudyModel,
    optimizer: torch.optim.AdamW,
    made: checkpoint.Manifest,
    config: TrainConfig,
) -> None:
    partial, place = folder / "partial", folder / f"update-{update:07d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_file(_moments(model, optimizer), partial / OPTIMIZER)
    if reader := reader_folder(config):
        reader_checkpoint.copy(reader, partial / checkpoint.READER)
    checkpoint.save(partial, model, made)
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


def _moments(model: UnderstudyModel, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    return {
        f"{moment}.{name}": tensor.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for moment, tensor in optimizer.state[parameter].items()
    }


def _resume(folder: Path, model: UnderstudyModel, optimizer: torch.optim.AdamW) -> int:
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


def _choose(folder: Path, success: Callable[[Path], float] | None) -> None:
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
