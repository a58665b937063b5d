"""What fast-forward came to, by task and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.events import Outcome, TimeSplit
from harness.measure.forward import (
    Funnel,
    funnel,
    median_speed_up,
    saved_per_hour,
    wrong_per_light,
)
from harness.measure.intervals import AtLeast, AtMost, Estimate, Interval
from harness.measure.state import Episode, Run

FAST = 100.0
"""Times as fast as a person, which most runs should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """What lights, clicks and runs came to."""

    funnel: Funnel
    precision: Estimate | None
    """Share of clicked lights whose run was verified; None where none was clicked."""
    saved_per_hour: Interval | None
    """Human seconds for each hour of work; None where no time passed."""
    median_speed_up: Interval | None
    """None without a verified run."""
    fast_share: float
    """Of verified runs, those at least 100 times as fast as a person; NaN without one."""
    by_task: dict[str, tuple[float, ...]]
    """Speed-ups of verified runs."""
    split_ms: dict[str, dict[str, float]]
    """Where the time of verified runs went, by task and part, mean ms; without tasks of which no
    run was split."""


def forward(run: Run) -> Forward | None:
    """Return what fast-forward came to; None where the light never came on."""
    episodes = [run.ended[key] for key in sorted(run.ended)]
    if not any(each.lights for each in episodes):
        return None
    whole = funnel(episodes)
    speed_ups = np.array(whole.speed_ups)
    took_time = any(each.end and each.end.t_ms > each.start_ms for each in episodes)
    return Forward(
        funnel=whole,
        precision=_precision(episodes) if whole.clicked else None,
        saved_per_hour=saved_per_hour(episodes) if took_time else None,
        median_speed_up=median_speed_up(episodes) if len(speed_ups) else None,
        fast_share=float(np.mean(speed_ups >= FAST)) if len(speed_ups) else float("nan"),
        by_task=_by_task(episodes),
        split_ms=_split(episodes),
    )


def _precision(episodes: Sequence[Episode]) -> Estimate:
    match wrong_per_light(episodes):
        case Interval(value, low, high):
            return Interval(1 - value, max(0.0, 1 - high), 1 - low)
        case AtMost(high):
            return AtLeast(max(0.0, 1 - high))
        case AtLeast(low):
            return AtMost(1 - low)


def _by_task(episodes: Sequence[Episode]) -> dict[str, tuple[float, ...]]:
    groups: dict[str, list[Episode]] = {}
    for each in episodes:
        if any(light.run and light.run.outcome is Outcome.VERIFIED for light in each.lights):
            groups.setdefault(each.planned.task, []).append(each)
    return {task: funnel(groups[task]).speed_ups for task in sorted(groups)}


def _split(episodes: Sequence[Episode]) -> dict[str, dict[str, float]]:
    found: dict[str, list[TimeSplit]] = {}
    for each in episodes:
        for run in (light.run for light in each.lights if light.run):
            if run.split and run.outcome is Outcome.VERIFIED:
                found.setdefault(each.planned.task, []).append(run.split)
    return {
        task: {
            part.removesuffix("_ms"): float(np.mean([getattr(each, part) for each in found[task]]))
            for part in TimeSplit.__struct_fields__
        }
        for task in sorted(found)
    }
