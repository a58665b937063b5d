"""All that a report says, worked out from reduced runs alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from harness.errors import ConfigError
from harness.measure.alarms import Alarms, alarms
from harness.measure.curves import Triggers, normalised_area_interval
from harness.measure.fan_out import (
    FanOut,
    Waits,
    expected_fan_out,
    fan_out,
    productive_s,
    waits,
)
from harness.measure.hierarchy import FEWEST_TRAININGS, over_trainings, redrawn_opi
from harness.measure.intervals import Estimate, Interval, share
from harness.measure.interventions import active_s, interventions
from harness.measure.learning import FEWEST, Checkpoint, Learning, learning
from harness.measure.metrics import (
    Coverage,
    Figures,
    Tally,
    compare_leverage,
    compare_net,
    compare_opi,
    coverage,
    figures,
    is_verified,
    on_duty_s,
    tallies,
)
from harness.measure.report.forward import Forward, forward
from harness.measure.report.rows import NEVER_ASK, ORACLE, RANDOM_TRIGGER, Order, RowName
from harness.measure.report.timing import Timing, timing
from harness.measure.state import Run, merge

_GAIN = "gain-per-second"
_USUAL_AGENTS = 4

_Sums: TypeAlias = Mapping[RowName, Mapping[str, Tally]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFindings:
    """What one row came to."""

    name: RowName
    figures: Figures
    success: Estimate
    """Share of planned episodes that reached their goal, by whosever hand."""
    hands_on: float
    """Share of steps that a person took; NaN where there was no step."""
    coverage: Coverage
    waits: Waits
    manifest_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The main row against another on the same plan, task by task."""

    other: RowName
    opi: Estimate | None
    """How many times its OPI*; None where one of them has no output, like the next."""
    leverage: Interval | None
    net_s: Interval
    """By how many seconds the main row's net is higher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdCurve:
    """Output over interventions when a policy asks more or less readily."""

    triggers: Triggers
    area: Interval | None
    """nAUC; None where the oracle is no better than asking at random, or was not played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCurve:
    """How many agents one person keeps going with one way of choosing whom to help."""

    allocator: str
    fan_out: FanOut | None
    """None without a shift of one agent."""
    without_waiting: float
    """NT/IT + 1 of the shift with the fewest agents, which knows no waiting; NaN without help."""
    waits: Mapping[int, Waits]
    nets: Mapping[int, Interval]
    """Net seconds by number of agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Interventions as people put in more time."""

    checkpoints: Sequence[Checkpoint]
    fitted: Learning | None
    """None with too few checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that a suite of runs found out."""

    main: RowFindings
    """The row that the headline is of."""
    run: Run
    """The same row's."""
    rows: Sequence[RowFindings]
    """All with an episode that ended, the main one among them, in the order of tables."""
    unplayed: Sequence[RowName]
    """Rows without one."""
    pairs: Sequence[Pair]
    redrawn: Estimate
    """OPI* with trainings, tasks, episodes and human times drawn anew."""
    trainings: Figures | None
    """The headline with trainings as clusters; None with fewer than three."""
    thresholds: ThresholdCurve | None
    alarms: Alarms | None
    """Of the main row; None where it was not played unaided."""
    fleets: Sequence[FleetCurve]
    timing: Timing | None
    forward: Forward | None
    learning: LearningCurve | None


def findings(runs: Mapping[RowName, Run]) -> Findings:
    """Return what a suite found out; a learning curve is not part of it and can be added.

    Args:
        runs: by row.

    Raises:
        ConfigError: no episode of any row has ended.
    """
    # sums of floats depend on their order: by key, whatever order the episodes ended in
    played = {name: merge([run]) for name, run in runs.items() if _has_played(run)}
    if not played:
        raise ConfigError(f"no episode has ended in any of {len(runs)} rows: nothing to report")
    sums = {name: tallies(run) for name, run in played.items()}
    rows = [_row(name, played[name], sums[name]) for name in sorted(played, key=_order)]
    main = next(row for row in rows if row.name == main_row(played))
    run = played[main.name]
    same = [one for name, one in played.items() if _is_same_but_training(name, main.name)]
    return Findings(
        main=main,
        run=run,
        rows=rows,
        unplayed=sorted(runs.keys() - played.keys(), key=_order),
        pairs=_pairs(main.name, sums),
        redrawn=redrawn_opi(same),
        trainings=over_trainings(same) if len(same) >= FEWEST_TRAININGS else None,
        thresholds=_thresholds(main.name, sums),
        alarms=_alarms(main.name, played),
        fleets=_fleets(played, sums),
        timing=timing(run),
        forward=forward(run),
        learning=None,
    )


def learning_of(checkpoints: Sequence[Checkpoint]) -> LearningCurve:
    """Return a learning curve, fitted where there are enough checkpoints.

    Raises:
        ConfigError: there are fewer than two, or one has no human hours or tasks.
    """
    if len(checkpoints) < 2:
        raise ConfigError(f"a curve wants two checkpoints or more; found {len(checkpoints)}")
    ordered = sorted(checkpoints, key=lambda each: each.human_hours)
    fitted = learning(ordered) if len(ordered) >= FEWEST else None
    return LearningCurve(checkpoints=ordered, fitted=fitted)


def main_row(names: Sequence[RowName] | Mapping[RowName, Run]) -> RowName:
    """Return the row that the headline is of: ours, on shifts with four agents and our allocator.

    Where there is none of that kind, the nearest: the first in the order of tables.
    """

    def distance(name: RowName) -> tuple[bool, bool, bool, bool, int, int]:
        agents = abs((name.n_agents or _USUAL_AGENTS) - _USUAL_AGENTS)
        unlike = name.allocator not in ("", _GAIN)
        training = -1 if name.training is None else name.training
        return not name.is_ours, name.setting is not None, unlike, bool(agents), agents, training

    return min(sorted(names, key=_order), key=distance)


def success(run: Run) -> Estimate:
    """Return the share of planned episodes that reached their goal, tasks as clusters.

    Raises:
        ConfigError: no planned episode has ended.
    """
    plan = frozenset(run.manifest.plan) if run.manifest else frozenset[object]()
    ended = [each for each in run.ended.values() if each.planned in plan]
    if not ended:
        raise ConfigError("no planned episode has ended: there is no share that succeeded")
    tasks = sorted({each.planned.task for each in ended})
    counts = np.zeros((2, len(tasks)))
    for each in ended:
        counts[int(is_verified(each)), tasks.index(each.planned.task)] += 1
    return share(counts[1], counts.sum(axis=0))


def _order(name: RowName) -> Order:
    return name.order


def _has_played(run: Run) -> bool:
    planned = frozenset(run.manifest.plan) if run.manifest else frozenset[object]()
    return any(each.planned in planned for each in run.ended.values())


def _row(name: RowName, run: Run, sums: Mapping[str, Tally]) -> RowFindings:
    steps = sum(each.n_steps for each in run.ended.values())
    by_agents = sum(each.agent_actions for each in run.ended.values())
    return RowFindings(
        name=name,
        figures=figures(sums.values()),
        success=success(run),
        hands_on=1 - by_agents / steps if steps else float("nan"),
        coverage=coverage(run),
        waits=waits(run.ended.values()),
        manifest_sha256=run.manifest.sha256 if run.manifest else "",
    )


def _pairs(main: RowName, sums: _Sums) -> list[Pair]:
    ours = sums[main]
    found: list[Pair] = []
    for name in sorted(sums, key=_order):
        theirs = sums[name]
        if name != main and theirs.keys() == ours.keys() and name.n_agents == main.n_agents:
            found.append(_pair(name, ours, theirs))
    return found


def _pair(other: RowName, ours: Mapping[str, Tally], theirs: Mapping[str, Tally]) -> Pair:
    try:
        opi, leverage = compare_opi(ours, theirs), compare_leverage(ours, theirs)
    except ConfigError:  # without output or human seconds there is no ratio, only a difference
        opi, leverage = None, None
    return Pair(other=other, opi=opi, leverage=leverage, net_s=compare_net(ours, theirs))


def _is_same_but_training(name: RowName, main: RowName) -> bool:
    is_alike = name.only(name.row) == main.only(main.row)
    return is_alike and name.setting == main.setting and name.row == main.row


def _thresholds(main: RowName, sums: _Sums) -> ThresholdCurve | None:
    def curve(row: str) -> list[Mapping[str, Tally]]:
        kept = [name for name in sums if name.only(row) == main.only(row) and name.row == row]
        return [sums[name] for name in sorted(kept, key=_order)]

    never = curve(NEVER_ASK)
    own, random, oracle = (curve(row) for row in (main.row, RANDOM_TRIGGER, ORACLE))
    if len(own) < 2:
        return None
    triggers = Triggers(
        own=[*never, *own],
        random=[*never, *random] if random else [],
        oracle=[*never, *oracle] if oracle else [],
    )
    return ThresholdCurve(triggers=triggers, area=_area(triggers))


def _area(triggers: Triggers) -> Interval | None:
    if not triggers.random or not triggers.oracle:
        return None
    sums = [sum(each.values(), Tally()) for each in triggers.own]
    most = max(3600 * each.interventions / each.baseline_s for each in sums)
    try:
        return normalised_area_interval(triggers, most)
    except ValueError:  # the oracle is no better than chance here, so that nothing lies between
        return None


def _alarms(main: RowName, played: Mapping[RowName, Run]) -> Alarms | None:
    unaided = played.get(main.only(NEVER_ASK))
    return alarms(played[main], unaided) if unaided and main.row != NEVER_ASK else None


def _fleets(runs: Mapping[RowName, Run], sums: _Sums) -> list[FleetCurve]:
    shifts: dict[str, dict[int, Run]] = {}
    for name, run in runs.items():
        is_plain = name.is_ours and name.setting is None and name.training in (None, 0)
        if name.n_agents and is_plain and on_duty_s(run):
            shifts.setdefault(name.allocator, {})[name.n_agents] = run
    found = [_fleet(allocator, by_agents) for allocator, by_agents in shifts.items()]
    return sorted(found, key=lambda each: (each.allocator != _GAIN, each.allocator))


def _fleet(allocator: str, shifts: Mapping[int, Run]) -> FleetCurve:
    numbers = sorted(shifts)
    return FleetCurve(
        allocator=allocator,
        fan_out=fan_out(shifts) if 1 in shifts and len(shifts) > 1 else None,
        without_waiting=_without_waiting(shifts[numbers[0]]),
        waits={n: waits(shifts[n].ended.values()) for n in numbers},
        nets={n: figures(tallies(shifts[n]).values()).net_s for n in numbers},
    )


def _without_waiting(run: Run) -> float:
    contacts = [each for episode in run.ended.values() for each in interventions(episode.contacts)]
    helped_s = sum(active_s(episode.all_contacts) for episode in run.ended.values())
    neglected_s = sum(productive_s(episode) for episode in run.ended.values())
    if not contacts or not helped_s:
        return float("nan")
    return expected_fan_out(neglected_s / len(contacts), helped_s / len(contacts))
