"""How much faster than people runs were: figures by task and over all, and their table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.measure.events import Outcome, TimeSplit
from harness.measure.forward import median_over_tasks
from harness.modes.fast_forward.ran import Part, Ran

Figures: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Row:
    """What one task came to."""

    task: str
    human_s: float
    dark: int = 0
    """Episodes in which the light stayed dark."""
    reasons: list[str] = field(default_factory=list[str])
    """Why runs stopped or were wrong."""
    lost: list[str] = field(default_factory=list[str])
    """Episodes that nobody could be measured on, by what broke."""
    splits: list[TimeSplit] = field(default_factory=list[TimeSplit])
    """Of verified runs."""
    peer_ms: list[float] = field(default_factory=list[float])
    """Of the same episodes, step by step; verified ones only."""

    def note(self, ran: Ran | None) -> None:
        """Count a run, or an episode in which the light stayed dark."""
        if ran is None:
            self.dark += 1
        elif ran.outcome is Outcome.VERIFIED:
            self.splits.append(ran.split)
        else:
            self.reasons.append(ran.reason)

    def note_peer(self, took_ms: float | None) -> None:
        """Count how long the same episode took step by step; None where it did not succeed."""
        self.peer_ms += [] if took_ms is None else [took_ms]

    @property
    def speed_ups(self) -> list[float]:
        """Of verified runs, in times."""
        return [1000 * self.human_s / each.total_ms for each in self.splits]

    @property
    def peer_speed_ups(self) -> list[float]:
        """Of the same episodes, step by step."""
        return [1000 * self.human_s / ms for ms in self.peer_ms]


def figures(rows: Sequence[Row], goal: float) -> Figures:
    """Return figures by task and over all.

    Args:
        rows: one of each task.
        goal: times as fast as a person that runs should be.
    """
    ours = [row.speed_ups for row in rows]
    peer = [row.peer_speed_ups for row in rows]
    return {
        "goal": goal,
        "tasks": {row.task: _of_task(row, goal) for row in rows},
        "all": {
            "verified": sum(map(len, ours)),
            "failed": sum(len(row.reasons) for row in rows),
            "dark": sum(row.dark for row in rows),
            "lost": sum(len(row.lost) for row in rows),
            **_overall("", ours, goal),
            "peer_verified": sum(map(len, peer)),
            **_overall("peer_", peer, goal),
        },
    }


def _of_task(row: Row, goal: float) -> Figures:
    ours, peer = _median([each.total_ms for each in row.splits]), _median(row.peer_ms)
    return {
        "human_s": row.human_s,
        "verified": len(row.splits),
        "failed": len(row.reasons),
        "reasons": sorted(set(row.reasons)),
        "dark": row.dark,
        "lost": row.lost,
        "median_ms": ours,
        "speed_up": 1000 * row.human_s / ours if ours else None,
        "share_at_goal": _share(row.speed_ups, goal),
        "split_ms": {
            str(part): _median([getattr(split, f"{part}_ms") for split in row.splits])
            for part in Part
        },
        "peer_verified": len(row.peer_ms),
        "peer_median_ms": peer,
        "peer_speed_up": 1000 * row.human_s / peer if peer else None,
        "peer_share_at_goal": _share(row.peer_speed_ups, goal),
    }


def _overall(whose: str, speed_ups: Sequence[Sequence[float]], goal: float) -> Figures:
    """Return the median, its interval with tasks drawn anew, and the share at the goal."""
    every = [each for found in speed_ups for each in found]
    median = median_over_tasks(speed_ups) if every else None
    return {
        f"{whose}median_speed_up": median and median.value,
        f"{whose}median_speed_up_interval": median and [median.low, median.high],
        f"{whose}share_at_goal": _share(every, goal),
    }


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _share(speed_ups: Sequence[float], goal: float) -> float | None:
    return sum(each >= goal for each in speed_ups) / len(speed_ups) if speed_ups else None


# Table --------------------------------------------------------------------------------------------


def table(found: Mapping[str, Any]) -> str:
    """Return figures as lines of text."""
    parts = [str(part) for part in Part]
    goal = f"≥ {found['goal']:g}"
    lines = [
        f"{'':32}{'human s':>8}{'ms':>8}{'times':>7}{goal:>7}"
        + "".join(f"{part:>9}" for part in parts)
        + f"{'stepwise ms':>13}{'times':>7}"
    ]
    for name, row in found["tasks"].items():
        split = "".join(_cell(row["split_ms"][part], 9, ".1f") for part in parts)
        lines.append(
            f"{name:32}{row['human_s']:8.2f}"
            + _cell(row["median_ms"], 8, ".1f")
            + _cell(row["speed_up"], 7, ".0f")
            + _cell(row["share_at_goal"], 7, ".2f")
            + split
            + _cell(row["peer_median_ms"], 13, ".1f")
            + _cell(row["peer_speed_up"], 7, ".0f")
        )
    whole = found["all"]
    lines.append(
        f"{'all verified runs':32}{'':16}"
        + _cell(whole["median_speed_up"], 7, ".0f")
        + _cell(whole["share_at_goal"], 7, ".2f")
        + " " * 9 * len(parts)
        + " " * 13
        + _cell(whole["peer_median_speed_up"], 7, ".0f")
    )
    return "\n".join([*lines, _told(whole)])


def _told(whole: Mapping[str, Any]) -> str:
    told = f"{whole['verified']} verified, {whole['failed']} failed, {whole['dark']} dark"
    told += f", {whole['lost']} lost to the machine" if whole["lost"] else ""
    limits = whole["median_speed_up_interval"]
    if limits:
        told += f"; median {whole['median_speed_up']:.0f} [{limits[0]:.0f}, {limits[1]:.0f}] times"
    return told


def _cell(value: float | None, width: int, form: str) -> str:
    return f"{'-' if value is None else format(value, form):>{width}}"
