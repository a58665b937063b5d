"""Training, from episodes to a checkpoint; to be read from top to bottom.

All that is random in an update follows from the seed and the update's number alone, so that a run
that is killed goes on as if it had not been, and two runs with one seed are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from policy import checkpoint, runs
from policy.augmentation import Augmentation, variant
from policy.config import UnderstudyConfig, config_of_size
from policy.data import Dataset, Packing, Stream, check_suits, prepare
from policy.encoders import BackboneEncoder, load_backbone
from policy.fellows import Fellows, Learner
from policy.interrupts import held_interrupts
from policy.loader import Answers, collate
from policy.losses import bits, nats, total_loss
from policy.model import Inputs, UnderstudyModel
from policy.settings import TrainConfig
from recorder.schema import Episode

Lost: TypeAlias = Mapping[str, int]
_LEAST = 1e-6
"""Of AdamW: what a gradient that is but rounding is divided by, so that it moves nothing."""

# streams of random numbers
_ORDER, _CHANGES, _MEMBERS = range(3)


@dataclass(frozen=True, slots=True)
class Progress:
    """How training stands."""

    update: int
    loss: float
    bits_per_event: float
    updates_per_s: float
    data_wait: float
    """Share of the time that training waited for its windows."""
    lost: Lost = field(default_factory=dict[str, int])
    """Windows that others stood in for, by what is wrong with their shard."""


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

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Count what is done within as waiting for windows."""
        began = perf_counter()
        yield
        self.waited += perf_counter() - began

    def progress(self, update: int, loss: float, bits_per_event: float, lost: Lost) -> Progress:
        spent = max(perf_counter() - self.began, 1e-9)
        self.updates += 1
        pace, waited = self.updates / spent, self.waited / spent
        return Progress(update, loss, bits_per_event, pace, waited, lost)


def train(
    source: Iterable[Episode] | Dataset,
    folder: Path,
    config: TrainConfig,
    ears: Ears | None = None,
    *,
    skips_damaged: bool = False,
) -> Path:
    """Train on episodes, or on a dataset they were packed into; return the chosen checkpoint.

    Asked for the same again in the same folder, it goes on from the last update that was saved.
    Ctrl-C ends it once the update at hand is saved; a second one ends it at once.

    Args:
        source: what to learn from.
        folder: for checkpoints.
        config: how to train.
        ears: whom to tell.
        skips_damaged: learn from other windows in place of those of shards that are missing or
            damaged.

    Raises:
        ConfigError: the folder holds a run of another config or other episodes, or the dataset was
            packed in another way.
        DataError: there is nothing to learn from, or an episode or a shard is damaged.
    """
    config.check()
    ears = ears or Ears()
    network = network_config(config)
    fellows = Fellows()
    with fellows.first():  # what one has prepared is there for the others
        dataset = _prepared(source, folder, config, network, ears)
    model = new_model(network, config.seed)
    optimizer = _optimizer(model, config)
    first = runs.resume(folder, model, optimizer)
    if first == config.updates and (folder / runs.FINAL / checkpoint.MANIFEST).is_file():
        return folder / runs.FINAL  # chosen before; what was added to it since stays
    is_sharded = config.shard_weights or config.size == "base"
    learner = fellows.joined(model, optimizer, is_sharded=is_sharded)
    clock = _Clock()
    stream = _stream(dataset, config, skips_damaged=skips_damaged)
    with stream, held_interrupts() as interruption:
        for update in range(first, config.updates):
            with clock.waiting():
                batch = _batch(stream, network, config, update, fellows)
            lr = config.learning_rate * _schedule(update, config.updates)
            loss, per_event = _learned(learner, fellows, batch, lr)
            ears.told(clock.progress(update + 1, loss, per_event, dict(stream.lost)))
            is_over = fellows.total(interruption.is_wanted) > 0
            if is_over or (update + 1) % config.save_every == 0 or update + 1 == config.updates:
                kept = runs.learned(model, optimizer)
                with fellows.alone() as is_alone:
                    if is_alone:
                        made = runs.manifest(network, config, dataset)
                        runs.save(folder, update + 1, kept, made, config)
            if is_over:
                raise KeyboardInterrupt
    with fellows.alone() as is_alone:
        if is_alone:
            runs.choose(folder, ears.success)
    return folder / runs.FINAL


def _prepared(
    source: Iterable[Episode] | Dataset,
    folder: Path,
    config: TrainConfig,
    network: UnderstudyConfig,
    ears: Ears,
) -> Dataset:
    observing = checkpoint.observe_config(network) if network.sees_pixels else None
    how = Packing(observing, runs.load_reader(config.reader))
    if isinstance(source, Dataset):
        dataset = source
        check_suits(dataset, how)
    else:
        dataset = prepare(source, folder / "cache", how, ears.read)
    runs.claim(folder, config, dataset)
    return dataset


def _stream(dataset: Dataset, config: TrainConfig, *, skips_damaged: bool) -> Stream:
    return Stream(
        dataset,
        config.context,
        config.memory_mb << 20,
        (config.seed, _ORDER),
        skips_damaged=skips_damaged,
    )


def _learned(
    learner: Learner, fellows: Fellows, batch: _Batch, learning_rate: float
) -> tuple[float, float]:
    """Learn from a batch, of which each process has a part; return loss and bits per event."""
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate
    outputs = learner.running(batch.inputs)
    parts = nats(outputs, batch.answers)
    loss = total_loss(parts, outputs.failure, batch.answers, batch.members)
    weight = max(fellows.total(loss.weight), 1e-6)
    learner.optimizer.zero_grad(set_to_none=True)
    # gradients are averaged over processes, so that each counts what all of them would
    learner.backward(loss.summed * (fellows.count / weight))
    learner.optimizer.step()
    with torch.no_grad():
        found = bits(parts)
        said = sum(found.values(), batch.answers.rest_bits).sum()
        events = fellows.total(batch.inputs.step_mask.sum())
        return fellows.total(loss.summed) / weight, fellows.total(said) / events


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
    return torch.optim.AdamW(
        groups, lr=config.learning_rate, betas=(0.9, 0.98), eps=_LEAST, fused=True
    )


def _schedule(update: int, updates: int) -> float:
    """Return the share of the highest learning rate, from 0 to 1."""
    warm = max(1, updates // 20)
    if update < warm:
        return (update + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + cos(pi * (update - warm) / max(1, updates - warm)))


# What an update sees ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """The windows of an update that one process learns from."""

    inputs: Inputs
    answers: Answers
    members: Tensor
    """(B, M) weights of the windows for each set of heads."""


def _batch(
    stream: Stream,
    network: UnderstudyConfig,
    config: TrainConfig,
    update: int,
    fellows: Fellows,
) -> _Batch:
    """Return this process's part; how a window is changed depends on its place in the whole."""
    places = range(config.batch)[fellows.own]
    windows = stream.take([update * config.batch + place for place in places])
    how = Augmentation()
    variants = [variant(how, config.seed, _CHANGES, update, place) for place in places]
    inputs, answers = collate([window.steps for window in windows], network, variants)
    # each set of heads sees each window always twice or always half as much
    members = [
        np.random.default_rng((config.seed, _MEMBERS, window.number)).choice(
            (0.5, 1.5), network.members
        )
        for window in windows
    ]
    weights = torch.from_numpy(np.stack(members).astype(np.float32))
    device = fellows.device
    return _Batch(inputs.to(device), answers.to(device), weights.to(device))
