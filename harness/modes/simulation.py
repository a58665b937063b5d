"""Simulated shifts: thousands of agents in seconds, allocators on the same draws, fan-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from harness.errors import ConfigError
from harness.measure.fan_out import Waits
from harness.measure.intervals import Interval, total
from harness.measure.metrics import Figures, Tally, figures
from harness.modes.allocators import Moment, Queue
from harness.modes.chance import Purpose, streams, uniform
from harness.modes.episode_statistics import EpisodeStatistics
from harness.modes.fleet import Fleet, FleetConfig, Witness
from harness.modes.fleet_sums import totals

SIZES = (1, 2, 4, 8, 16, 32)
"""Agents of the fan-out curve."""


class QueueAllocator(Protocol):
    """An allocator that reads those that wait as columns."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    def pick_from(self, queue: Queue, moment: Moment) -> int | None:
        """Return the place in the queue of the agent to attend; None leaves all waiting."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedShift:
    """What came of a shift."""

    config: FleetConfig
    allocator: str
    tallies: dict[str, Tally]
    """By task."""
    decisions: int
    """Times that the person was free and somebody waited."""
    waits: Waits
    """Of the requests that were answered."""
    productive_agents: float
    """P(N)."""
    duty_s: float

    @property
    def sums(self) -> Tally:
        """What all tasks come to together."""
        return totals(self.tallies)

    @property
    def net_s(self) -> float:
        """Useful output less the person's seconds and the harm."""
        sums = self.sums
        return sums.output_s - sums.active_s - sums.harm_s

    @property
    def utilisation(self) -> float:
        """Share of the time on duty in which the person attended somebody."""
        return self.sums.active_s / self.duty_s

    @property
    def figures(self) -> Figures:
        """All headline figures, with tasks as clusters."""
        return figures(self.tallies.values())


def simulate(
    statistics: EpisodeStatistics,
    config: FleetConfig,
    allocator: QueueAllocator,
    witness: Witness | None = None,
) -> SimulatedShift:
    """Play a shift from beginning to end; the same arguments give the same result."""
    fleet = Fleet(statistics, config, witness)
    decisions = 0
    while fleet.next_decision():
        queue = fleet.queue()
        draw = decision_draw(config.seed, decisions)
        picked = allocator.pick_from(queue, Moment(fleet.now_ms, fleet.last_agent, draw))
        decisions += 1
        if picked is None:
            fleet.leave()
        else:
            fleet.attend(int(queue.agent[picked]))
    fleet.finish()
    return SimulatedShift(
        config=config,
        allocator=allocator.name,
        tallies=fleet.tallies(),
        decisions=decisions,
        waits=_waits(fleet.waits_ms),
        productive_agents=fleet.productive_agents,
        duty_s=fleet.duty_ms / 1000,
    )


def decision_draw(seed: int, decision: int) -> float:
    """Return the chance, from 0 up to 1, that belongs to the so-manieth decision of a shift."""
    return float(uniform(streams(seed, Purpose.PICK, 1), np.array([decision]))[0])


def _waits(waits_ms: Sequence[int]) -> Waits:
    if not waits_ms:
        return Waits(0, float("nan"), float("nan"))
    median, p95 = np.quantile(np.array(waits_ms) / 1000, [0.5, 0.95])
    return Waits(len(waits_ms), float(median), float(p95))


# Fan-out and comparison ---------------------------------------------------------------------------


def fan_out(
    statistics: EpisodeStatistics,
    config: FleetConfig,
    allocator: QueueAllocator,
    sizes: Sequence[int] = SIZES,
) -> list[SimulatedShift]:
    """Return the same shift with one agent, two, four and so on."""
    return [simulate(statistics, replace(config, n_agents=n), allocator) for n in sizes]


@dataclass(frozen=True, slots=True)
class Comparison:
    """By how much one allocator exceeds another, paired by shift."""

    better: str
    worse: str
    net_s_per_hour: Interval
    """Difference in net seconds for each hour of the shift."""
    shifts: int


def compare(
    statistics: EpisodeStatistics,
    config: FleetConfig,
    allocators: Sequence[QueueAllocator],
    seeds: Sequence[int],
) -> list[Comparison]:
    """Return by how much each allocator exceeds the next one of those given.

    All play the same shifts: what agents meet depends on the seed, on nothing that is decided.

    Raises:
        ConfigError: fewer than two shifts or allocators, of which no difference can be told.
    """
    if len(seeds) < 2 or len(allocators) < 2:
        raise ConfigError(
            f"{len(allocators)} allocators on {len(seeds)} shifts; allowed: at least two of each"
        )
    nets = {
        each.name: np.array(
            [simulate(statistics, replace(config, seed=seed), each).net_s for seed in seeds]
        )
        for each in allocators
    }
    scale = len(seeds) * config.hours
    return [
        Comparison(
            one.name, other.name, total((nets[one.name] - nets[other.name]) / scale), len(seeds)
        )
        for one, other in pairwise(allocators)
    ]
