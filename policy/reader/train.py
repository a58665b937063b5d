"""Training a reader for a given time, while another process draws the pages."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from math import cos, pi
from pathlib import Path
from time import monotonic, process_time, sleep

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from policy.errors import ConfigError, DataError
from policy.interrupts import held_interrupts
from policy.observe import scaled
from policy.reader import checkpoint
from policy.reader.alphabet import BLANK
from policy.reader.batches import FinderBatch, LineBatch, Pages, draw_batch
from policy.reader.fonts import without_missing
from policy.reader.label import ROLES, STATES
from policy.reader.model import Found, ReaderConfig, ReaderModel, encode_px
from policy.reader.settings import PretrainConfig
from policy.reader.shards import shards
from policy.reader.styles import FONTS
from policy.reader.targets import IGNORED
from recorder.store import write_atomically

OPTIMIZER, RUN, STATE = "optimizer.safetensors", "run.json", "state.json"
FINAL = "checkpoint"
_PATIENCE_S = 300.0  # for a first shard, from a browser that is slow to start
_LOOK_EVERY = 50  # updates, for new shards
_BLANK_WEIGHT = 0.6  # most frames are blank
_TEXT_WEIGHT = 0.5
_LINK_WEIGHT = 4.0  # few words are links
_WEIGHT_DECAY = 0.02


@dataclass(frozen=True, slots=True)
class Progress:
    """How training stands."""

    updates: int
    spent_s: float
    """Of the time to learn."""
    find_loss: float
    line_loss: float
    shards: int


def pretrain(
    pages: Path,
    folder: Path,
    config: PretrainConfig,
    told: Callable[[Progress], None] = lambda _: None,
) -> Path:
    """Train a reader on the shards in a folder and return the folder of its checkpoint.

    Asked for the same again in the same folder, it goes on from the last checkpoint. Ctrl-C ends it
    once the update at hand is saved; a second one ends it at once.

    Raises:
        CheckpointError: there is no reader to begin with where one is named.
        ConfigError: the folder holds a run of another config.
        DataError: no pages come.
    """
    config.check()
    torch.manual_seed(config.seed)
    model, learned = _first(config)
    _claim(folder, config)
    optimizer = torch.optim.AdamW(
        model.parameters(), config.learning_rate, weight_decay=_WEIGHT_DECAY, fused=True
    )
    updates, spent_s = _resume(folder, model, optimizer)
    limit_s, saved_s, there = config.minutes * 60, spent_s, _await_shards(pages)
    with held_interrupts() as interruption:
        while spent_s < limit_s and not interruption.is_wanted:
            began = process_time()
            if updates % _LOOK_EVERY == 0:
                there = shards(pages)
            rng = np.random.default_rng((config.seed, updates))
            batch = draw_batch(pages, there[int(rng.integers(len(there)))], rng)
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * _schedule(spent_s / limit_s, updates)
            find, line = _update(model, optimizer, batch)
            updates += 1
            spent_s += process_time() - began
            told(Progress(updates, spent_s, find, line, len(there)))
            if spent_s - saved_s >= config.save_every_s:
                _save(folder, model, optimizer, (updates, spent_s, len(there)), learned)
                saved_s = spent_s
        _save(folder, model, optimizer, (updates, spent_s, len(there)), learned)
        if interruption.is_wanted:
            raise KeyboardInterrupt
    return folder / FINAL


def _update(model: ReaderModel, optimizer: torch.optim.AdamW, batch: Pages) -> tuple[float, float]:
    """Learn from a batch and return how wrong the finder and the line reader were."""
    model.train()
    find = finder_loss(model.finder(scaled(batch.finder.pictures)), batch.finder)
    line = line_loss(model.line_reader(batch.lines.lines / 255.0), batch.lines)
    optimizer.zero_grad(set_to_none=True)
    (find + line).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    return find.item(), line.item()


def _first(config: PretrainConfig) -> tuple[ReaderModel, checkpoint.ReaderManifest]:
    """Return what a run begins with, and what that has learned from."""
    fonts = {*without_missing(FONTS)}
    versions = {"python": platform.python_version(), "torch": str(torch.__version__)}
    if config.start:
        model, before = checkpoint.load(config.start)
        fonts |= {*before.fonts}
        updates, minutes, shards = before.updates, before.minutes, before.shards
    else:
        model = ReaderModel(ReaderConfig())
        updates, minutes, shards = 0, 0.0, 0
    return model, checkpoint.ReaderManifest(
        model.config, updates, minutes, shards, config.seed, sorted(fonts), versions
    )


def _await_shards(pages: Path) -> list[int]:
    until = monotonic() + _PATIENCE_S
    while not (there := shards(pages)):
        if monotonic() > until:
            raise DataError(f"no pages in {pages} after {_PATIENCE_S:.0f} s; is there a Chromium?")
        sleep(0.2)
    return there


def _schedule(share: float, updates: int) -> float:
    """Return the share of the highest learning rate, from 0 to 1."""
    warm = min(1.0, (updates + 1) / 50)
    return warm * (0.01 + 0.99 * 0.5 * (1 + cos(pi * min(share, 1.0))))


# What is wrong with an answer ---------------------------------------------------------------------


def finder_loss(found: Found, batch: FinderBatch) -> Tensor:
    """Return how wrong the finder is."""
    there = batch.text[:, 0]
    text = functional.binary_cross_entropy_with_logits(found.text[:, 0], there)
    on = there > 0
    lines = torch.zeros(())
    if on.any():
        said, wanted = found.text.movedim(1, -1)[on], batch.text.movedim(1, -1)[on]
        edges = functional.smooth_l1_loss(said[:, 1:3], wanted[:, 1:3])
        links = functional.binary_cross_entropy_with_logits(
            said[:, 3], wanted[:, 3], pos_weight=torch.tensor(_LINK_WEIGHT)
        )
        lines = 0.3 * edges + links
    return 4 * text + lines + _widget_loss(found.widgets, batch)


def _widget_loss(widgets: Tensor, batch: FinderBatch) -> Tensor:
    count = len(ROLES)
    roles = widgets[:, :count]
    each = functional.binary_cross_entropy_with_logits(roles, batch.roles, reduction="none")
    # focal: cells that are plainly nothing are most of a page
    missed = (batch.roles - roles.sigmoid()).abs().detach()
    middle = batch.roles.sum(dim=1) > 0
    weights = batch.weights[:, 0][middle][:, None]
    total = weights.sum().clamp_min(20.0)
    loss = (each * missed**2 * batch.weights).sum() / total
    if not middle.any():
        return loss
    said = widgets.movedim(1, -1)[middle]
    states = functional.binary_cross_entropy_with_logits(
        said[:, count : count + len(STATES)],
        batch.states.movedim(1, -1)[middle],
        weights,
        reduction="sum",
    )
    boxes = functional.smooth_l1_loss(
        said[:, count + len(STATES) :],
        encode_px(batch.boxes.movedim(1, -1)[middle]),
        beta=0.1,
        reduction="none",
    )
    return 2 * loss + (states / len(STATES) + (boxes * weights).mean(dim=1).sum()) / total


def line_loss(said: Tensor, batch: LineBatch) -> Tensor:
    """Return how wrong the line reader is, (B, classes, W / 2): of each frame, and of the whole.

    Frames alone may all be nearly right, and yet say "0O" for "O"; connectionist temporal
    classification (Graves et al., 2006) judges what they say together.
    """
    return _frame_loss(said, batch) + _TEXT_WEIGHT * _text_loss(said, batch)


def _text_loss(said: Tensor, batch: LineBatch) -> Tensor:
    known = batch.said_counts > 0
    if not known.any():
        return said.sum() * 0
    return functional.ctc_loss(
        said[known].log_softmax(dim=1).permute(2, 0, 1),
        batch.said[known],
        batch.frames[known],
        batch.said_counts[known],
        blank=BLANK,
        zero_infinity=True,
    )


def _frame_loss(said: Tensor, batch: LineBatch) -> Tensor:
    one, other = batch.wanted[:, 0], batch.wanted[:, 1]
    counted = one != IGNORED
    shares = said.log_softmax(dim=1).movedim(1, -1)[counted]  # (frames, classes)
    one, other = one[counted][:, None], other[counted][:, None]
    either = torch.logaddexp(shares.gather(1, one), shares.gather(1, other.clamp_min(0)))
    right = torch.where((one == other) | (other == IGNORED), shares.gather(1, one), either)
    weights = torch.where(one == BLANK, _BLANK_WEIGHT, 1.0)
    return -(right * weights).sum() / weights.sum().clamp_min(1.0)


# What is kept -------------------------------------------------------------------------------------


def _claim(folder: Path, config: PretrainConfig) -> None:
    said = {name: value for name, value in asdict(config).items() if value is not None}
    if config.start:
        said["start"] = str(config.start)
    path = folder / RUN
    if path.is_file() and (there := json.loads(path.read_bytes())) != said:
        names = {*there, *said}
        other = sorted(name for name in names if there.get(name) != said.get(name))
        raise ConfigError(
            f"{folder} holds a run with other {', '.join(other)}; ask for the same, or choose "
            "another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(said, indent=1).encode())


def _save(
    folder: Path,
    model: ReaderModel,
    optimizer: torch.optim.AdamW,
    stand: tuple[int, float, int],
    before: checkpoint.ReaderManifest,
) -> None:
    updates, spent_s, shards = stand
    partial, place, old = folder / "partial", folder / FINAL, folder / "old"
    for each in (partial, old):
        shutil.rmtree(each, ignore_errors=True)
    partial.mkdir(parents=True)
    moments = {
        f"{moment}.{name}": tensor.contiguous()
        for name, parameter in model.named_parameters()
        for moment, tensor in optimizer.state[parameter].items()
    }
    save_file(moments, partial / OPTIMIZER)
    state = {"updates": updates, "spent_s": spent_s}
    (partial / STATE).write_text(json.dumps(state))
    manifest = replace(
        before,
        updates=before.updates + updates,
        minutes=round(before.minutes + spent_s / 60, 2),
        shards=before.shards + shards,
    )
    checkpoint.save(partial, model, manifest, torch.float32)
    if place.exists():
        place.rename(old)
    partial.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _resume(folder: Path, model: ReaderModel, optimizer: torch.optim.AdamW) -> tuple[int, float]:
    """Take up weights and moments where a run was left; return its updates and seconds."""
    # killed between two renames, the one before is all there is
    for place in (folder / FINAL, folder / "old"):
        if (place / checkpoint.MANIFEST).is_file():
            break
    else:
        return 0, 0.0
    loaded, _ = checkpoint.load(place)
    model.load_state_dict(loaded.state_dict())
    moments = load_file(place / OPTIMIZER)
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            moment: moments[f"{moment}.{name}"] for moment in ("step", "exp_avg", "exp_avg_sq")
        }
    state = json.loads((place / STATE).read_bytes())
    return int(state["updates"]), float(state["spent_s"])
