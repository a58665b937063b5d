"""A dataset: an index and the shards that it lists, in a folder anywhere.

A shard is read whole and checked against the hash that the index has of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from policy.data.place import Place
from policy.data.shards import Shard, unpacked
from policy.errors import DataError

VERSION = 6
INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """An episode of a shard; they are in the order of their steps."""

    task: str
    seed: str
    recording: str
    steps: int
    success: bool


@dataclass(frozen=True, slots=True)
class ShardRow:
    """A shard of a dataset."""

    file: str
    sha256: str
    size: int
    """In memory, in bytes."""
    episodes: tuple[EpisodeRow, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """What a dataset says about itself."""

    version: int = VERSION
    preprocessing: str = ""
    """Hash of the path from a screen to its pictures; empty without any."""
    reader: str = ""
    """Hash of the weights that elements and goals were read with; empty if they were recorded."""
    goal_words: tuple[int, ...] = ()
    """Rows of the hash table of all words that goals are made of, sorted."""
    shards: tuple[ShardRow, ...] = field(default=())


class Dataset:
    """The steps in a folder, by shards.

    Raises:
        DataError: there is no index, or it is torn or of another version.
    """

    def __init__(self, address: str) -> None:
        self.place = Place(address)
        self.index = read_index(self.place)

    @property
    def episodes(self) -> list[EpisodeRow]:
        """All episodes, shard by shard."""
        return [episode for row in self.index.shards for episode in row.episodes]

    @property
    def fingerprint(self) -> str:
        """A hash of all that is learned from."""
        index = self.index
        said = (index.preprocessing, index.reader, *(row.sha256 for row in index.shards))
        return hashlib.sha256(" ".join(said).encode()).hexdigest()

    def shard(self, number: int) -> Shard:
        """Read a shard.

        Raises:
            DataError: it is missing, or damaged; the message says which.
        """
        row = self.index.shards[number]
        file = self.place.read(row.file)
        found = hashlib.sha256(file).hexdigest()
        if found != row.sha256:
            raise DataError(
                f"{self.place.name(row.file)} is damaged: its hash is {found[:16]}… and should be "
                f"{row.sha256[:16]}…"
            )
        return unpacked(file, row.size)

    def windows(self, context: int) -> list[NDArray[np.int64]]:
        """Return the windows of each shard, (windows, 2): first step in the shard, and steps.

        They are stretches of `context` steps of one episode, the last one shorter.
        """
        return [np.array(list(_windows(row, context)), np.int64) for row in self.index.shards]


def read_index(place: Place) -> Index:
    """Return the index in a folder.

    Raises:
        DataError: there is none, or it is torn or of another version.
    """
    try:
        index = msgspec.json.decode(place.read(INDEX), type=Index)
    except msgspec.DecodeError as error:
        raise DataError(f"{place.name(INDEX)} is torn: {error}") from error
    if index.version != VERSION:
        raise DataError(
            f"{place.name(INDEX)} is of version {index.version}, and this program reads {VERSION}; "
            "pack it again"
        )
    return index


def _windows(row: ShardRow, context: int) -> Iterator[tuple[int, int]]:
    first = 0
    for episode in row.episodes:
        for start in range(0, episode.steps, context):
            yield first + start, min(context, episode.steps - start)
        first += episode.steps
