"""Streaming: the windows at any places of training, with few shards in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from policy.data.dataset import Dataset
from policy.data.order import Group, Order
from policy.data.shards import Shard
from policy.data.steps import LearnedStep
from policy.errors import DataError

_READERS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Steps that are learned from together."""

    number: int
    """Of all windows of the dataset."""
    steps: tuple[LearnedStep, ...]


class Stream:
    """The windows of a dataset in the order of training.

    Args:
        dataset: where they are.
        context: steps of a window.
        memory: bytes for shards that are held at a time.
        seed: of the order.
        skips_damaged: put other windows of the same group in the place of those of shards that are
            missing or damaged, and say so in `lost`.

    Raises:
        ConfigError: a shard does not fit in memory.
    """

    def __init__(
        self,
        dataset: Dataset,
        context: int,
        memory: int,
        seed: tuple[int, ...],
        *,
        skips_damaged: bool = False,
    ) -> None:
        self._dataset = dataset
        self._windows = dataset.windows(context)
        counts = [len(each) for each in self._windows]
        self._firsts = [sum(counts[:shard]) for shard in range(len(counts))]
        self._order = Order(counts, [row.size for row in dataset.index.shards], memory, seed)
        self._skips_damaged = skips_damaged
        self._held: dict[int, Future[Shard]] = {}
        self._readers = ThreadPoolExecutor(_READERS, "understudy-shards")
        self.lost: dict[str, int] = {}
        """Windows that shards would have had in what was taken, by what is wrong with the shard."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._readers.shutdown(cancel_futures=True)

    def take(self, places: Sequence[int]) -> list[Window]:
        """Return the windows at some places of training, which ascend.

        Raises:
            DataError: a shard is missing or damaged; the message says which.
        """
        groups = [self._order.group(place) for place in places]
        self._hold(groups)
        return [self._at(place, group) for place, group in zip(places, groups, strict=True)]

    # Parts ----------------------------------------------------------------------------------------

    def _hold(self, groups: Sequence[Group]) -> None:
        """Read the shards of some groups and, if it is but one, begin with those of the next."""
        wanted = [shard for group in groups for shard in group.shards]
        if groups[0] is groups[-1]:
            wanted += self._order.group(groups[-1].first + len(groups[-1].windows)).shards
        for shard in self._held.keys() - set(wanted):
            self._held.pop(shard).cancel()
        for shard in wanted:
            if shard not in self._held:
                self._held[shard] = self._readers.submit(self._dataset.shard, shard)

    def _at(self, place: int, group: Group) -> Window:
        shard, window = group.windows[place - group.first].tolist()
        try:
            return self._window(shard, window)
        except DataError as error:
            if not self._skips_damaged:
                raise
            self.lost[str(error)] = self.lost.get(str(error), 0) + 1
        intact = group.windows[[self._is_intact(each) for each in group.windows[:, 0].tolist()]]
        if not len(intact):
            raise DataError(f"no shard is left of the {len(group.shards)} that are held together")
        return self._window(*intact[place % len(intact)].tolist())

    def _window(self, shard: int, window: int) -> Window:
        held = self._held[shard].result()
        first, steps = self._windows[shard][window].tolist()
        number = self._firsts[shard] + window
        return Window(number, tuple(held.step(first + step) for step in range(steps)))

    def _is_intact(self, shard: int) -> bool:
        return self._held[shard].exception() is None
