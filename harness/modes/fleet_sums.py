"""What the episodes of a fleet come to, added up by task as they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from harness.measure.metrics import REPAIR_FACTOR, Tally
from harness.modes.allocators import Floats, Whole
from harness.modes.episode_statistics import Claims, EpisodeColumns


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ends:
    """Episodes that are over; each column is (K,)."""

    episode: Whole
    """Places of the records that were played."""
    elapsed_ms: Whole
    held_ms: Whole
    """That a person was at the controls."""
    active_ms: Whole
    """That a person spent on it."""
    stopped_ms: Whole
    """That the agent waited or was held."""
    contacts: Whole
    is_verified: Claims
    is_silent: Claims


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Each is (T,) where it is a sum by task, and (K,) where it is what each episode adds."""

    episodes: Floats
    baseline_s: Floats
    gross_s: Floats
    output_s: Floats
    interventions: Floats
    silent: Floats
    active_s: Floats
    harm_s: Floats
    elapsed_s: Floats
    productive_s: Floats


_COLUMNS = tuple(each.name for each in fields(_Sums))
_MANY = 10_000
"""Episodes that are added at a time, since adding a few costs as much as adding many."""


class FleetSums:
    """Adds up episodes by task; holds as much for ten thousand agents as for one."""

    def __init__(self, tasks: Sequence[str], episodes: EpisodeColumns) -> None:
        self._tasks = tuple(tasks)
        self._episodes = episodes
        self._sums = np.zeros((len(_COLUMNS), len(self._tasks)))
        self._pending: list[Ends] = []
        self._n_pending = 0

    def add(self, ends: Ends) -> None:
        """Add episodes."""
        self._pending.append(ends)
        self._n_pending += len(ends.episode)
        if self._n_pending >= _MANY:
            self._settle()

    @property
    def yield_s(self) -> float:
        """Useful output less harm, in seconds."""
        sums = self._by_name()
        return float(sums.output_s.sum() - sums.harm_s.sum())

    @property
    def productive_s(self) -> float:
        """Seconds that agents worked towards an output of their own."""
        return float(self._by_name().productive_s.sum())

    def tallies(self, duty_s: float) -> dict[str, Tally]:
        """Return the sums of each task that was played.

        Args:
            duty_s: that a person was there, which is shared out by the time that episodes took.
        """
        sums = self._by_name()
        share = sums.elapsed_s / max(float(sums.elapsed_s.sum()), 1e-3)
        return {
            task: Tally(
                episodes=int(sums.episodes[row]),
                baseline_s=float(sums.baseline_s[row]),
                gross_s=float(sums.gross_s[row]),
                output_s=float(sums.output_s[row]),
                interventions=int(sums.interventions[row]),
                silent=int(sums.silent[row]),
                active_s=float(sums.active_s[row]),
                on_duty_s=float(duty_s * share[row]),
                harm_s=float(sums.harm_s[row]),
            )
            for row, task in enumerate(self._tasks)
            if sums.episodes[row]
        }

    def _by_name(self) -> _Sums:
        self._settle()
        return _Sums(**dict(zip(_COLUMNS, self._sums, strict=True)))

    def _settle(self) -> None:
        if not self._pending:
            return
        ends = Ends(
            **{
                each.name: np.concatenate([getattr(some, each.name) for some in self._pending])
                for each in fields(Ends)
            }
        )
        self._pending, self._n_pending = [], 0
        task, amounts = self._episodes.task[ends.episode], self._amounts(ends)
        for row, name in zip(self._sums, _COLUMNS, strict=True):
            row += np.bincount(task, getattr(amounts, name), len(self._tasks))

    def _amounts(self, ends: Ends) -> _Sums:
        """Return what each episode adds, (K,) each, by the rules of `harness.measure.metrics`."""
        recorded = self._episodes
        baseline_s = recorded.baseline_s[ends.episode]
        is_output = ends.is_verified & recorded.is_own[ends.episode]
        output_s = np.where(is_output, np.maximum(0.0, baseline_s - ends.held_ms / 1000), 0.0)
        harm_s = REPAIR_FACTOR * baseline_s + recorded.damage_s[ends.episode]
        return _Sums(
            episodes=np.ones(len(baseline_s)),
            baseline_s=baseline_s,
            gross_s=ends.is_verified * baseline_s,
            output_s=output_s,
            interventions=ends.contacts.astype(np.float64),
            silent=ends.is_silent.astype(np.float64),
            active_s=ends.active_ms / 1000,
            harm_s=ends.is_silent * harm_s,
            elapsed_s=ends.elapsed_ms / 1000,
            productive_s=(output_s > 0) * (ends.elapsed_ms - ends.stopped_ms) / 1000,
        )


def totals(tallies: Mapping[str, Tally]) -> Tally:
    """Return what all tasks come to together."""
    return sum(tallies.values(), Tally())
