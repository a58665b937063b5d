"""Packing: episodes are read once, and kept as shards that training streams."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np

from policy.data.dataset import INDEX, Dataset, EpisodeRow, Index, ShardRow, read_index
from policy.data.place import Place
from policy.data.shards import packed, size_of
from policy.data.steps import LearnedStep, read_episode
from policy.errors import ConfigError, DataError
from policy.observe import ObserveConfig, preprocessing_hash
from policy.reader.read import Reader
from recorder.schema import Episode

_Read: TypeAlias = list[tuple[EpisodeRow, list[LearnedStep]]]


@dataclass(frozen=True, slots=True)
class Packing:
    """How steps are kept."""

    observing: ObserveConfig | None
    """Sizes of the pictures; None to keep none."""
    reader: Reader | None = None
    """What elements and instructions are read with; None for those that were recorded."""
    shard_bytes: int = 32 << 20
    """Memory that a shard takes."""


def pack(
    episodes: Iterable[Episode],
    address: str,
    how: Packing,
    told: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Keep the steps of episodes in a folder, those left out that are there already.

    They come in an order that is drawn, so that what is near each other in a dataset is not of one
    day or task. A shard is there once the index lists it: interrupted and asked for the same again,
    it goes on after the last one.

    Args:
        episodes: what to learn from; those that failed are kept, and marked.
        address: of the folder, as fsspec understands it.
        how: what of the steps is kept.
        told: is called with the number of episodes that have been read, or were there.

    Raises:
        ConfigError: the folder has steps that were packed in another way.
        DataError: there are no steps, an episode is damaged, or the folder can't be written to; the
            message says which.
    """
    place = Place(address)
    index = _begun(place, how)
    wanted = list(episodes)
    if not wanted:
        raise DataError("no episodes to learn from; record some with `understudy demonstrate`")
    missing = _missing(wanted, index)
    done = len(wanted) - len(missing)
    told(done)
    for read in _shards(missing, how, lambda count: told(done + count)):
        index = _grown(place, index, read)
    return Dataset(address)


def prepare(
    episodes: Iterable[Episode],
    folder: Path,
    how: Packing,
    told: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Return the steps of just these episodes, from the cache in a folder if they are there.

    Args:
        episodes: what to learn from.
        folder: where caches are kept; each set of episodes has its own.
        how: what of the steps is kept.
        told: is called with the number of episodes that have been read, or were there.

    Raises:
        DataError: there are no steps, or an episode is damaged; the message says which.
    """
    kept = list(episodes)
    digest = hashlib.blake2b(digest_size=12)
    for each in kept:
        digest.update(json.dumps((*astuple(_row(each)), each.goal)).encode())
    made = _asked(how)
    digest.update(f"{made.version} {made.preprocessing} {made.reader}".encode())
    return pack(kept, str(folder / digest.hexdigest()), how, told)


def check_suits(dataset: Dataset, how: Packing) -> None:
    """See that a dataset has what is wanted of its steps; it may have pictures beyond that.

    Raises:
        ConfigError: it was packed in another way.
    """
    asked, found = _asked(how), dataset.index
    if how.observing:
        _compare(dataset.place, "pictures", found.preprocessing, asked.preprocessing)
    _compare(dataset.place, "reader", found.reader, asked.reader)


def _compare(place: Place, what: str, found: str, asked: str) -> None:
    if found != asked:
        raise ConfigError(
            f"{place.address} was packed with {what} {found[:16] or 'none'}, and this asks for "
            f"{what} {asked[:16] or 'none'}; ask for the same, or pack into another folder"
        )


def _begun(place: Place, how: Packing) -> Index:
    asked = _asked(how)
    if not place.has(INDEX):
        return asked
    found = read_index(place)
    _compare(place, "pictures", found.preprocessing, asked.preprocessing)
    _compare(place, "reader", found.reader, asked.reader)
    return found


def _asked(how: Packing) -> Index:
    """Return what the index of an empty dataset says."""
    return Index(
        preprocessing=preprocessing_hash(how.observing) if how.observing else "",
        reader=how.reader.model_hash if how.reader else "",
    )


def _missing(wanted: Sequence[Episode], index: Index) -> list[Episode]:
    """Return which episodes are not in a dataset yet, in an order that is drawn."""
    there = Counter(row for shard in index.shards for row in shard.episodes)
    missing: list[Episode] = []
    for episode in wanted:
        row = _row(episode)
        if there[row]:
            there[row] -= 1
        else:
            missing.append(episode)
    return sorted(missing, key=_drawn)


def _shards(
    episodes: Sequence[Episode], how: Packing, told: Callable[[int], None]
) -> Iterator[_Read]:
    """Read episodes, as many at a time as a shard takes."""
    read: _Read = []
    size = 0
    for number, episode in enumerate(episodes, start=1):
        steps = read_episode(episode, how.observing, how.reader)
        read.append((_row(episode), steps))
        size += sum(map(size_of, steps))
        told(number)
        if size >= how.shard_bytes:
            yield read
            read, size = [], 0
    if read:
        yield read


def _grown(place: Place, index: Index, read: _Read) -> Index:
    """Write a shard, and then the index that lists it."""
    steps = [step for _, each in read for step in each]
    file, size = packed(steps)
    sha256 = hashlib.sha256(file).hexdigest()
    row = ShardRow(
        f"{len(index.shards):05d}-{sha256[:16]}.safetensors.zst",
        sha256,
        size,
        tuple(episode for episode, _ in read),
    )
    goals = np.unique(np.concatenate([step.features.words[:, 0] for step in steps])).tolist()
    grown = replace(
        index,
        shards=(*index.shards, row),
        goal_words=tuple(sorted({*index.goal_words, *goals})),
    )
    place.write(row.file, file)
    place.write(INDEX, msgspec.json.encode(grown))
    return grown


def _row(episode: Episode) -> EpisodeRow:
    return EpisodeRow(
        episode.task,
        episode.seed,
        episode.recording,
        len(episode.steps),
        episode.success is not False,
    )


def _drawn(episode: Episode) -> bytes:
    name = json.dumps((episode.recording, episode.task, episode.seed))
    return hashlib.blake2b(name.encode(), digest_size=12).digest()
