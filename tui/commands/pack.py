"""`understudy pack`: from demonstrations to a dataset that training streams from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from harness.demonstrate import demonstrations
from policy.errors import ConfigError
from tui.console import out
from tui.playing import task_names
from tui.progress import Bars

_MB = 1 << 20


@dataclass(frozen=True)
class Parcel:
    """What to pack, and how."""

    demonstrations: Positional[Path]
    """Folder of demonstrations, as `understudy demonstrate` records them."""
    to: str
    """Folder for the dataset, here or in a store: a path, s3://bucket/name, gcs://bucket/name, or
    any other address that fsspec reaches. Ask for the same again to add what is new, or to go on
    after an interruption."""
    tasks: tuple[str, ...] = ()
    """Pack only these of the tasks that were demonstrated; all if none is named."""
    episodes: int | None = None
    """Pack this many episodes of each task, the first ones; all if not said."""
    pixels: bool = True
    """Keep pictures. Without them a dataset is much smaller, and good for `train --no-pixels`."""
    reader: str = ""
    """Keep what a reader finds in the picture in place of what was recorded, as `train` does."""
    shard_mb: int = 32
    """Memory that a shard takes; on disk it is compressed."""


def pack(what: Parcel) -> int:
    """Pack demonstrations into shards, to train on where they do not fit in memory or on disk.

    Each shard is listed with its hash in the dataset's index, and is there once it is listed.

    For example:

        understudy pack demos --to s3://team/demos
        understudy train s3://team/demos --to policy-run
    """
    from policy.data import Packing  # noqa: PLC0415 - torch takes seconds to import
    from policy.data import pack as pack_episodes  # noqa: PLC0415
    from policy.observe import ObserveConfig  # noqa: PLC0415
    from policy.runs import load_reader  # noqa: PLC0415

    if what.shard_mb <= 0:
        raise ConfigError(f"shard_mb is {what.shard_mb}; it must be above 0")
    episodes = list(demonstrations(what.demonstrations, task_names(what.tasks), what.episodes))
    how = Packing(
        ObserveConfig() if what.pixels else None, load_reader(what.reader), what.shard_mb * _MB
    )
    with Bars() as shown:
        reading = shown.add_task("reading", total=len(episodes), note="")
        dataset = pack_episodes(
            episodes, what.to, how, lambda count: shown.update(reading, completed=count)
        )
    rows = dataset.index.shards
    out.print(
        f"{len(dataset.episodes):,} episodes of {sum(row.steps for row in dataset.episodes):,} "
        f"steps in {len(rows):,} shards, {sum(row.size for row in rows) / _MB:,.0f} MB in memory, "
        f"in {what.to}",
        markup=False,
    )
    return 0
