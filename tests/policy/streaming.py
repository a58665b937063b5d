"""Streams a dataset of synthetic steps once, and says how much memory the process came to."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from policy.config import config_of_size
from policy.data import INDEX, Dataset, EpisodeRow, LearnedStep, Picture, Stream, read_episode
from policy.data.dataset import Index, ShardRow
from policy.data.shards import packed
from policy.loader import collate
from policy.settings import TrainConfig
from tests.policy.worlds import episode

_STEPS = 240
"""In a shard; with pictures that do not compress it takes 32 MB."""
_BATCH = 64


def write(folder: Path, size: int) -> None:
    """Write shards of synthetic steps until they take so many bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    network = config_of_size("tiny")
    sizes = (network.frame_height_px, network.frame_width_px), (network.fovea_px,) * 2
    (known, _) = read_episode(episode(1), None)
    rows: list[ShardRow] = []
    while sum((folder / row.file).stat().st_size for row in rows) < size:
        rng = np.random.default_rng(len(rows))
        steps: list[LearnedStep] = []
        for _ in range(_STEPS):
            frame, fovea = (
                np.frombuffer(rng.bytes(3 * high * wide), np.uint8).reshape(3, high, wide)
                for high, wide in sizes
            )
            steps.append(replace(known, picture=Picture(frame, fovea), shown=(0.5, 0.5)))
        file, memory = packed(steps)
        name = f"{len(rows):05d}.safetensors.zst"
        (folder / name).write_bytes(file)
        shown = EpisodeRow("made-up", str(len(rows)), "none", _STEPS, success=True)
        rows.append(ShardRow(name, hashlib.sha256(file).hexdigest(), memory, (shown,)))
    index = Index(preprocessing="made up", shards=tuple(rows))
    (folder / INDEX).write_bytes(msgspec.json.encode(index))


def read(folder: Path) -> None:
    """Take every window once, as training does, and print what it took."""
    network = config_of_size("tiny")
    dataset = Dataset(str(folder))
    count = len(dataset.index.shards) * _STEPS
    seen = np.zeros(count, np.int64)
    with Stream(dataset, 1, TrainConfig().memory_mb << 20, (0,)) as stream:
        for start in range(0, count, _BATCH):
            windows = stream.take(range(start, min(start + _BATCH, count)))
            inputs, _ = collate([window.steps for window in windows], network)
            assert inputs.frames is not None
            np.add.at(seen, [window.number for window in windows], 1)
    peak = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    found = json.dumps({"windows": count, "once": bool((seen == 1).all()), "peak_mb": peak / 1024})
    sys.stdout.write(found)


if __name__ == "__main__":
    {
        "write": lambda: write(Path(sys.argv[2]), int(sys.argv[3])),
        "read": lambda: read(Path(sys.argv[2])),
    }[sys.argv[1]]()
