"""What a run was worth: output, interventions, attention and silent failures, and their figures.

Everything here is a pure function of reduced episodes. T tasks are the clusters of all intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from harness.errors import ConfigError
from harness.measure.errors import EventOrderError
from harness.measure.events import PlannedEpisode
from harness.measure.intervals import (
    AtLeast,
    Estimate,
    Events,
    Floats,
    Interval,
    PerEvent,
    event_rate,
    paired_per_event,
    paired_ratio,
    per_event,
    ratio,
    total,
)
from harness.measure.interventions import active_s, hands_on_s, interventions
from harness.measure.state import Episode, Run, unfinished
from recorder.schema import Controller

SILENT_WEIGHT = 10.0
"""m of the headline: interventions that one silent failure counts as."""
SILENT_WEIGHTS = (0.0, 1.0, SILENT_WEIGHT, 100.0)
REPAIR_FACTOR = 2.0
"""Baseline times that it takes to find a silent failure and do the task again."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over the episodes of one cluster; seconds are virtual, or of the human baseline."""

    episodes: int = 0
    baseline_s: float = 0.0
    """Σh, what was attempted."""
    gross_s: float = 0.0
    """U₀ = Σ v·h."""
    output_s: float = 0.0
    """U."""
    interventions: int = 0
    """I."""
    silent: int = 0
    """S."""
    active_s: float = 0.0
    """H_active."""
    on_duty_s: float = 0.0
    """H: the cluster's share, by elapsed time, of the time that a person was on duty."""
    harm_s: float = 0.0
    """Σ_S (2·h + damage)."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in _FIELDS}
        )


_FIELDS = fields(Tally)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All headline figures of a run, printed together because each alone can be gamed."""

    clusters: int
    sums: Tally
    opi: Mapping[float, Estimate]
    """U/(I + m·S) by m; m = 0 is output per intervention, m = 10 the headline OPI*."""
    leverage: Estimate
    """U/H; 1 is no gain."""
    active_leverage: Estimate
    """U/H_active."""
    utilisation: float
    """H_active/H; NaN where no human second was spent."""
    net_s: Interval
    """U - H_active - Σ_S (2·h + damage)."""
    interventions_per_hour: Estimate
    """Per human baseline hour attempted."""
    silent_per_hour: Estimate
    """Per human baseline hour attempted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of its plan a run did, so that nothing is left out unseen."""

    planned: int
    missing: int
    """Still to be played, or broken down."""
    broken: int
    """Broken down through no fault of the agent, and not played again: they count as failed."""
    unplanned: int
    """Not in the manifest: what they cost counts, what they yield does not."""


def is_verified(episode: Episode) -> bool:
    """Return v_e: the checker found the goal reached, and nothing broke down."""
    end = episode.end
    return end is not None and end.is_verified and not end.infrastructure_error


def output_s(episode: Episode) -> float:
    """Return U_e = v·max(0, h - H_e) in seconds; 0 where a person took the last step.

    A task that the person completed adds nothing however fast they were, and neither does one that
    nobody worked on.
    """
    if not is_agents_work(episode):
        return 0.0
    return max(0.0, episode.planned.human.seconds - hands_on_s(episode))


def is_agents_work(episode: Episode) -> bool:
    """Return whether the goal was reached and it was not a person who took the last step."""
    return is_verified(episode) and episode.finisher not in (None, Controller.HUMAN)


def is_silent_failure(episode: Episode) -> bool:
    """Return whether the agent claimed to be done, or did what cannot be undone, wrongly.

    No alarm came before: neither it nor a rule had asked for a person in this episode.
    """
    has_failed = episode.end is not None and not is_verified(episode)
    return has_failed and episode.committed_ms is not None and not episode.was_alarmed


def tally(episode: Episode, *, is_planned: bool = True) -> Tally:
    """Return what one episode adds; one that was not planned costs and yields nothing."""
    baseline_s = episode.planned.human.seconds
    silent = is_silent_failure(episode)
    damage_s = episode.end.damage_s if episode.end else 0.0
    return Tally(
        episodes=1,
        baseline_s=is_planned * baseline_s,
        gross_s=is_planned * is_verified(episode) * baseline_s,
        output_s=is_planned * output_s(episode),
        interventions=len(interventions(episode.all_contacts)),
        silent=int(silent),
        active_s=active_s(episode.all_contacts),
        harm_s=silent * (REPAIR_FACTOR * baseline_s + damage_s),
    )


def tallies(run: Run) -> dict[str, Tally]:
    """Return the sums of each task over the episodes that ended, by name.

    Where nobody was on duty for the agents, the person's time is what they were active.

    Raises:
        EventOrderError: the run was never opened.
    """
    planned = _plan(run)
    sums: dict[str, Tally] = {}
    for episode in run.ended.values():
        task = episode.planned.task
        added = tally(episode, is_planned=episode.planned in planned)
        sums[task] = sums.get(task, Tally()) + added
    elapsed = {task: _elapsed_s(run, task) for task in sums}
    duty_s, whole_s = on_duty_s(run), sum(elapsed.values())
    shares = {task: seconds / whole_s if whole_s else 0.0 for task, seconds in elapsed.items()}
    return {
        task: each + Tally(on_duty_s=duty_s * shares[task] if duty_s else each.active_s)
        for task, each in sorted(sums.items())
    }


def on_duty_s(run: Run) -> float:
    """Return the seconds that people were there for the agents, busy or not; 0 where nobody was."""
    return sum(duty.t_end_ms - duty.t_start_ms for duty in run.duties) / 1000


def coverage(run: Run) -> Coverage:
    """Return how much of its plan a run did.

    Raises:
        EventOrderError: the run was never opened.
    """
    planned = _plan(run)
    return Coverage(
        planned=len(planned),
        missing=len(unfinished(run)),
        broken=sum(bool(each.end and each.end.infrastructure_error) for each in run.ended.values()),
        unplanned=sum(each.planned not in planned for each in run.ended.values()),
    )


def figures(clusters: Iterable[Tally]) -> Figures:
    """Return all headline figures of the sums of each cluster.

    Clusters are tasks; for a policy that was trained several times, the sums of each training seed.

    Raises:
        ConfigError: there is no cluster.
    """
    each = list(clusters)
    if not each:
        raise ConfigError("no episode has ended: there is nothing to measure")
    sums = sum(each, Tally())
    return Figures(
        clusters=len(each),
        sums=sums,
        opi={weight: opi(each, weight) for weight in SILENT_WEIGHTS},
        leverage=_leverage(each, _on_duty),
        active_leverage=_leverage(each, _active),
        utilisation=sums.active_s / sums.on_duty_s if sums.on_duty_s else float("nan"),
        net_s=total(_column(each, _net)),
        interventions_per_hour=_hourly(each, _interventions),
        silent_per_hour=_hourly(each, _silent),
    )


def opi(clusters: Sequence[Tally], silent_weight: float = SILENT_WEIGHT) -> Estimate:
    """Return U/(I + m·S), baseline seconds for each intervention; m = 0 leaves out the silent.

    On a frozen manifest it can't be raised by cutting or joining contacts, since they are counted
    by the clock and by the agent's actions, nor by playing more episodes than were planned, since
    these yield nothing. It says nothing about how long a contact lasts: read it beside leverage
    and net. Without a contact or silent failure it is a bound: at most 3.0 of either went unseen,
    and the dearer kind is assumed. Without output it is 0, and its upper limit what at most 3/T of
    all tasks would have yielded.
    """
    sums = sum(clusters, Tally())
    if sums.output_s <= 0:
        events = max(1.0, sums.interventions + silent_weight * sums.silent)
        unseen_s = min(1.0, 3.0 / len(clusters)) * sums.baseline_s
        return Interval(0.0, 0.0, unseen_s / events)
    return per_event(_sample(clusters, silent_weight))


def compare_opi(
    a: Mapping[str, Tally], b: Mapping[str, Tally], silent_weight: float = SILENT_WEIGHT
) -> Estimate:
    """Return how many times as much output per intervention A has than B, paired by task.

    Raises:
        ConfigError: they are not of the same tasks, or one has no output.
    """
    of_a, of_b = _paired(a, b)
    if not all(sum(each.output_s for each in side) > 0 for side in (of_a, of_b)):
        raise ConfigError("a run without output cannot be compared by a ratio; compare its net")
    return paired_per_event(_sample(of_a, silent_weight), _sample(of_b, silent_weight))


def compare_leverage(a: Mapping[str, Tally], b: Mapping[str, Tally]) -> Interval:
    """Return how many times the leverage U/H of B that of A is, paired by task.

    Raises:
        ConfigError: they are not of the same tasks, or one has no output or no human second.
    """
    of_a, of_b = _paired(a, b)
    (output_a, duty_a), (output_b, duty_b) = (
        (_column(side, _output), _column(side, _on_duty)) for side in (of_a, of_b)
    )
    if not all(column.sum() > 0 for column in (output_a, duty_a, output_b, duty_b)):
        raise ConfigError("a run without output or human seconds cannot be compared by a ratio")
    return paired_ratio((output_a, duty_a), (output_b, duty_b))


def compare_net(a: Mapping[str, Tally], b: Mapping[str, Tally]) -> Interval:
    """Return by how many seconds the net of A exceeds that of B, paired by task.

    Raises:
        ConfigError: they are not of the same tasks.
    """
    of_a, of_b = _paired(a, b)
    return total(_column(of_a, _net) - _column(of_b, _net))


def _plan(run: Run) -> Collection[PlannedEpisode]:
    if run.manifest is None:
        raise EventOrderError("the run has no manifest: nothing opened it")
    return frozenset(run.manifest.plan)


def _elapsed_s(run: Run, task: str) -> float:
    return sum(
        (each.end.t_ms - each.start_ms) / 1000
        for each in run.ended.values()
        if each.end and each.planned.task == task
    )


def _paired(a: Mapping[str, Tally], b: Mapping[str, Tally]) -> tuple[list[Tally], list[Tally]]:
    if a.keys() != b.keys():
        strange = ", ".join(sorted(a.keys() ^ b.keys()))
        raise ConfigError(f"runs can be compared on one manifest only; not in both: {strange}")
    return [a[task] for task in sorted(a)], [b[task] for task in sorted(a)]


def _sample(clusters: Sequence[Tally], silent_weight: float) -> PerEvent:
    contacts = Events(_column(clusters, _interventions))
    failures = Events(_column(clusters, _silent), silent_weight)
    return PerEvent(_column(clusters, _output), (contacts, failures))


def _leverage(clusters: Sequence[Tally], human: Callable[[Tally], float]) -> Estimate:
    outputs, human_s = _column(clusters, _output), _column(clusters, human)
    if not human_s.sum():
        return AtLeast(0.0)  # nobody was needed, which says nothing of how long one would be
    if not outputs.sum():
        unseen_s = min(1.0, 3.0 / len(clusters)) * sum(each.baseline_s for each in clusters)
        return Interval(0.0, 0.0, float(unseen_s / human_s.sum()))
    return ratio(outputs, human_s)


def _hourly(clusters: Sequence[Tally], count: Callable[[Tally], float]) -> Estimate:
    hours = np.array([each.baseline_s for each in clusters]) / SECONDS_PER_HOUR
    if not hours.sum():
        raise ConfigError("no planned episode has ended: there is nothing to measure")
    return event_rate([Events(_column(clusters, count))], hours)


def _column(clusters: Sequence[Tally], read: Callable[[Tally], float]) -> Floats:
    return np.array([read(each) for each in clusters], dtype=np.float64)


def _output(each: Tally) -> float:
    return each.output_s


def _interventions(each: Tally) -> float:
    return each.interventions


def _silent(each: Tally) -> float:
    return each.silent


def _active(each: Tally) -> float:
    return each.active_s


def _on_duty(each: Tally) -> float:
    return each.on_duty_s


def _net(each: Tally) -> float:
    return each.output_s - each.active_s - each.harm_s
