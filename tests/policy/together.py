"""Trains a policy in this process, which may be one of several, and writes down its losses."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

from policy.settings import TrainConfig
from policy.train import Ears, Progress, train
from tests.policy.worlds import episode

EPISODES = [episode(seed) for seed in range(24)]


def main(folder: Path, updates: int, *, is_sharded: bool) -> None:
    """Train, and write each update's loss and bits as it comes."""
    config = TrainConfig(
        updates=updates, batch=8, pixels=False, save_every=10, shard_weights=is_sharded
    )
    torch.set_num_threads(1)  # sums in another order are other sums
    rank = int(os.environ.get("RANK", "0"))

    def told(standing: Progress) -> None:
        if rank == 0:
            row = [standing.update, standing.loss, standing.bits_per_event]
            with (folder / "losses.jsonl").open("a") as losses:
                losses.write(json.dumps(row) + "\n")

    (folder / f"pid-{rank}").write_text(str(os.getpid()))
    train(EPISODES, folder / "run", config, Ears(told=told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), is_sharded="sharded" in sys.argv[3:])
