"""How long simulated shifts take, and what each allocator makes of the same ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.measure.intervals import Interval
from harness.modes.allocators import ALLOCATORS, gain_or_nobody, gain_per_second
from harness.modes.episode_statistics import EpisodeStatistics, statistics_of
from harness.modes.fleet import FleetConfig
from harness.modes.simulation import (
    SIZES,
    QueueAllocator,
    SimulatedShift,
    compare,
    fan_out,
    simulate,
)
from harness.modes.synthetic import SyntheticConfig, synthetic_records

PATIENCE_S = 60.0
ASKS = 0.01
"""Probability that an action of the made-up episodes is asked about."""
_SHORT_H = 1.0
ORDER = ("most-uncertain", "fifo", "random")
"""Allocators that are compared, each with the next, after those by gain."""


def run(
    *, agents: int, hours: float, seed: int, shifts: int, report: Callable[[str], None]
) -> dict[str, Any]:
    """Return every figure of the benchmark by its name; episodes are made up.

    Args:
        agents: of the shift that is timed.
        hours: of it, virtual.
        seed: of the first shift.
        shifts: on which allocators are compared; they are of few agents and an hour at most.
        report: told what is being measured.
    """
    statistics = statistics_of(synthetic_records(seed, SyntheticConfig(asks=ASKS)))
    config = FleetConfig(n_agents=agents, hours=hours, patience_s=PATIENCE_S, seed=seed)
    figures: dict[str, Any] = {
        "agents": agents,
        "hours": hours,
        "patience_s": PATIENCE_S,
        "seed": seed,
        "asks_per_episode": statistics.asks_per_episode,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "allocators": {},
    }
    for name in ALLOCATORS:
        report(f"{agents} agents, {hours:g} h, {name}")
        figures["allocators"][name] = _timed(statistics, config, ALLOCATORS[name]())
    small = replace(config, n_agents=SIZES[3], hours=min(hours, _SHORT_H))
    report("fan-out")
    curve = fan_out(statistics, small, gain_per_second(statistics.worth_per_request_s))
    figures["fan_out"] = [_point(shift) for shift in curve]
    report(f"{shifts} shifts of {small.n_agents} agents, paired")
    figures["compared"] = _compared(statistics, small, range(seed, seed + shifts))
    waiting = replace(small, patience_s=None)
    figures["compared_without_patience"] = _compared(
        statistics, waiting, range(seed, seed + shifts)
    )
    return figures


def _timed(
    statistics: EpisodeStatistics, config: FleetConfig, allocator: QueueAllocator
) -> dict[str, float]:
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    shift = simulate(statistics, config, allocator)
    return {
        "seconds": time.perf_counter() - started_s,
        "cpu_seconds": time.process_time() - started_cpu_s,
        "episodes": shift.sums.episodes,
        "decisions": shift.decisions,
        "net_s_per_hour": shift.net_s / config.hours,
    }


def _point(shift: SimulatedShift) -> dict[str, float]:
    return {
        "agents": shift.config.n_agents,
        "productive_agents": shift.productive_agents,
        "utilisation": shift.utilisation,
        "wait_median_s": shift.waits.median_s,
        "wait_p95_s": shift.waits.p95_s,
        "net_s_per_hour": shift.net_s / shift.config.hours,
    }


def _compared(
    statistics: EpisodeStatistics, config: FleetConfig, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    next_s = statistics.worth_per_request_s
    by_gain = [gain_or_nobody(next_s), gain_per_second(next_s)]
    allocators = [*by_gain, *(ALLOCATORS[name]() for name in ORDER)]
    return [
        {
            "better": each.better,
            "worse": each.worse,
            "net_s_per_hour": _listed(each.net_s_per_hour),
            "shifts": each.shifts,
        }
        for each in compare(statistics, config, allocators, seeds)
    ]


def _listed(interval: Interval) -> list[float]:
    return [interval.value, interval.low, interval.high]


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    patience = f"patience {figures['patience_s']:g} s"
    return "\n".join(
        (
            f"{figures['agents']} agents, {figures['hours']:g} h, {patience}",
            f"{'':24}{'CPU s':>8}{'s':>8}{'episodes':>12}{'decisions':>11}{'net s/h':>12}",
            *(_allocator_line(name, each) for name, each in figures["allocators"].items()),
            f"\n{'agents':24}{'productive':>12}{'busy':>8}{'wait p50 s':>12}{'wait p95 s':>12}",
            *map(_point_line, figures["fan_out"]),
            f"\nnet s/h more, {patience}",
            *map(_pair_line, figures["compared"]),
            "\nnet s/h more, patience without end",
            *map(_pair_line, figures["compared_without_patience"]),
        )
    )


def _allocator_line(name: str, found: Mapping[str, float]) -> str:
    return (
        f"{name:24}{found['cpu_seconds']:>8.1f}{found['seconds']:>8.1f}"
        f"{found['episodes']:>12}{found['decisions']:>11}{found['net_s_per_hour']:>12.0f}"
    )


def _point_line(point: Mapping[str, float]) -> str:
    return (
        f"{point['agents']:<24}{point['productive_agents']:>12.2f}{point['utilisation']:>8.2f}"
        f"{point['wait_median_s']:>12.1f}{point['wait_p95_s']:>12.1f}"
    )


def _pair_line(pair: Mapping[str, Any]) -> str:
    value, low, high = pair["net_s_per_hour"]
    name = f"{pair['better']} than {pair['worse']}"
    return f"{name:36}{value:>9.0f}  [{low:.0f}, {high:.0f}], {pair['shifts']} shifts"
