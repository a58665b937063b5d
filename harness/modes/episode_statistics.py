"""Recorded episodes as columns, with what may be expected of each request for help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import ConfigError
from harness.measure.state import Run
from harness.modes.allocators import Floats, Whole
from harness.modes.records import Record, Request, records_of

Claims: TypeAlias = NDArray[np.bool_]
_NO_REQUEST = Request(handle_ms=0, is_right=False, uncertainty=0.0, novelty=0.0)
"""Stands where the end of an episode has none."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EpisodeColumns:
    """Each column is (E,)."""

    task: Whole
    """Place among the tasks."""
    baseline_s: Floats
    damage_s: Floats
    is_success: Claims
    is_silent: Claims
    """It failed, said otherwise, and never asked."""
    is_claimed: Claims
    is_own: Claims
    first: Whole
    """Place of its first stretch."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StretchColumns:
    """Each column is (S,), the stretches of an episode one after the other."""

    run_ms: Whole
    n_actions: Whole
    rest_ms: Whole
    """What the agent does by itself after the stretch, until the end of its episode."""
    rest_actions: Whole
    is_request: Claims
    """False where the stretch ends with its episode."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RequestColumns:
    """The request after each stretch, (S,); 0 or false where there is none."""

    is_right: Claims
    is_constraint: Claims
    handle_ms: Whole
    uncertainty: Floats
    novelty: Floats
    left_s: Floats
    """Human baseline seconds of the work left, by the share of the agent's time that is left."""
    service_s: Floats
    """What help is expected to take once the person is there: the mean of the task."""
    p_help: Floats
    """Success with help: the share of the task's episodes that asked."""
    p_alone: Floats
    """Success without: as with help where the agent is right, which is as often as it says."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EpisodeStatistics:
    """E episodes of T tasks, and their S stretches."""

    tasks: tuple[str, ...]
    episodes: EpisodeColumns
    stretches: StretchColumns
    requests: RequestColumns

    @property
    def asks_per_episode(self) -> float:
        """Requests of an episode, on average."""
        return float(self.stretches.is_request.sum() / len(self.episodes.task))

    @property
    def worth_per_request_s(self) -> float:
        """Baseline seconds of the agents' own successes for each request; all if there was none."""
        episodes = self.episodes
        earned_s = episodes.baseline_s[episodes.is_success & episodes.is_own].sum()
        return float(earned_s / max(1, self.stretches.is_request.sum()))


def from_run(run: Run) -> EpisodeStatistics:
    """Return the statistics of the episodes of a run.

    Raises:
        ConfigError: no episode has ended in which the agent did anything.
    """
    return statistics_of(records_of(run))


def statistics_of(records: Iterable[Record]) -> EpisodeStatistics:
    """Return records as columns.

    Raises:
        ConfigError: there is none.
    """
    kept = list(records)
    if not kept:
        raise ConfigError("no episode to make shifts of; at least one is needed")
    tasks = sorted({each.task for each in kept})
    task = np.array([tasks.index(each.task) for each in kept], np.int64)
    sizes = [len(each.stretches) for each in kept]
    owner = np.repeat(np.arange(len(kept)), sizes)
    stretches = _stretches(kept, owner)
    return EpisodeStatistics(
        tasks=tuple(tasks),
        episodes=_episodes(kept, task, np.cumsum([0, *sizes[:-1]], dtype=np.int64)),
        stretches=stretches,
        requests=_requests(kept, stretches, owner, task),
    )


def _episodes(records: Sequence[Record], task: Whole, first: Whole) -> EpisodeColumns:
    return EpisodeColumns(
        task=task,
        baseline_s=np.array([each.baseline_s for each in records], np.float64),
        damage_s=np.array([each.damage_s for each in records], np.float64),
        is_success=np.array([each.is_success for each in records], np.bool_),
        is_silent=np.array([_is_silent(each) for each in records], np.bool_),
        is_claimed=np.array([each.is_claimed for each in records], np.bool_),
        is_own=np.array([each.is_own for each in records], np.bool_),
        first=first,
    )


def _is_silent(record: Record) -> bool:
    return record.is_claimed and not record.is_success and not record.requests


def _stretches(records: Sequence[Record], owner: Whole) -> StretchColumns:
    stretches = [each for record in records for each in record.stretches]
    run_ms = np.array([each.run_ms for each in stretches], np.int64)
    n_actions = np.array([each.n_actions for each in stretches], np.int64)
    return StretchColumns(
        run_ms=run_ms,
        n_actions=n_actions,
        rest_ms=_rest(run_ms, owner),
        rest_actions=_rest(n_actions, owner),
        is_request=np.array([each.request is not None for each in stretches], np.bool_),
    )


def _rest(amounts: Whole, owner: Whole) -> Whole:
    """Return what comes after each stretch in its episode, (S,)."""
    running = np.cumsum(amounts)
    ends = np.flatnonzero(np.diff(owner, append=-1))
    return running[ends][owner] - running


def _requests(
    records: Sequence[Record], stretches: StretchColumns, owner: Whole, task: Whole
) -> RequestColumns:
    requests = [each.request or _NO_REQUEST for record in records for each in record.stretches]
    asked = stretches.is_request.astype(np.float64)
    handle_ms = np.array([each.handle_ms for each in requests], np.int64)
    uncertainty = np.array([each.uncertainty for each in requests], np.float64)
    is_success = np.array([each.is_success for each in records], np.float64)[owner]
    baseline_s = np.array([each.baseline_s for each in records], np.float64)[owner]
    whole_ms = np.bincount(owner, stretches.run_ms)[owner]
    p_help = _mean_by(task[owner], is_success, asked)
    return RequestColumns(
        is_right=np.array([each.is_right for each in requests], np.bool_),
        is_constraint=np.array([each.is_constraint for each in requests], np.bool_),
        handle_ms=handle_ms,
        uncertainty=uncertainty,
        novelty=np.array([each.novelty for each in requests], np.float64),
        left_s=baseline_s * stretches.rest_ms / whole_ms,
        service_s=_mean_by(task[owner], handle_ms / 1000, asked),
        p_help=p_help,
        p_alone=p_help * (1 - uncertainty),
    )


def _mean_by(task: Whole, values: Floats, weights: Floats) -> Floats:
    """Return the mean of each one's task, (S,); one more value, the mean of all, steadies it."""
    sums, counts = np.bincount(task, values * weights), np.bincount(task, weights)
    everywhere = sums.sum() / max(counts.sum(), 1.0)
    return ((sums + everywhere) / (counts + 1))[task]
