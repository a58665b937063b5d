"""In which order windows are learned from: drawn, but so that few shards are needed at a time.

In each epoch the shards are shuffled and cut into groups that fit in memory, and the windows of a
group are shuffled together. All of it follows from the seed, so that a run that is taken up again
at any place sees there what it would have seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from policy.errors import ConfigError

_MB = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Shards that are in memory together, and the order of their windows."""

    first: int
    """Place of its first window."""
    shards: tuple[int, ...]
    windows: NDArray[np.int64]
    """(windows, 2): shard, and window of the shard."""


class Order:
    """Which window is at which place of training; places go on from epoch to epoch.

    Args:
        counts: windows of each shard.
        sizes: of each shard in memory, in bytes.
        memory: bytes for all shards that are held at a time. The next group is read while one is
            learned from, so that a group takes half of it, unless all fit at once.
        seed: of what is drawn.

    Raises:
        ConfigError: a shard does not fit.
    """

    def __init__(
        self, counts: Sequence[int], sizes: Sequence[int], memory: int, seed: tuple[int, ...]
    ) -> None:
        self.count = sum(counts)
        """Windows of an epoch."""
        self._counts, self._sizes, self._seed = counts, sizes, seed
        self._most = memory if sum(sizes) <= memory else memory // 2
        if max(sizes) > self._most:
            raise ConfigError(
                f"a shard takes {max(sizes) / _MB:.1f} MB of memory, and {memory / _MB:.0f} MB are "
                f"to hold two; ask for --memory-mb {2 * max(sizes) // _MB + 1} or more"
            )
        self._epochs: dict[int, list[Group]] = {}

    def group(self, place: int) -> Group:
        """Return the group that a place is in."""
        groups = self._epoch(place // self.count)
        return groups[bisect_right(groups, place, key=attrgetter("first")) - 1]

    def _epoch(self, epoch: int) -> list[Group]:
        if epoch not in self._epochs:
            # a batch looks at this epoch and the one before, and reads ahead into the next
            kept = {number: self._epochs[number] for number in sorted(self._epochs)[-1:]}
            self._epochs = {**kept, epoch: list(self._drawn(epoch))}
        return self._epochs[epoch]

    def _drawn(self, epoch: int) -> Iterator[Group]:
        rng = np.random.default_rng((*self._seed, epoch))
        first = epoch * self.count
        for shards in self._cut(rng.permutation(len(self._sizes)).tolist()):
            each = [
                np.stack([np.full(count, shard), np.arange(count)], axis=1)
                for shard in shards
                if (count := self._counts[shard])
            ]
            windows = rng.permutation(np.concatenate(each))
            yield Group(first, tuple(shards), windows)
            first += len(windows)

    def _cut(self, shards: Sequence[int]) -> Iterator[list[int]]:
        group: list[int] = []
        size = 0
        for shard in shards:
            if size + self._sizes[shard] > self._most:
                yield group
                group, size = [], 0
            group.append(shard)
            size += self._sizes[shard]
        yield group
