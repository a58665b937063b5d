"""The headline where more varies than tasks: training seeds, episodes, and how long people take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from harness.errors import ConfigError
from harness.measure.bootstrap import DRAWS, SEED, cluster_weights, percentile_interval
from harness.measure.intervals import NONE_SEEN, AtLeast, Estimate, Floats
from harness.measure.interventions import hands_on_s
from harness.measure.metrics import (
    SILENT_WEIGHT,
    Figures,
    Tally,
    figures,
    is_agents_work,
    tallies,
    tally,
)
from harness.measure.state import Episode, Run

FEWEST_TRAININGS = 3
"""Training seeds below which nothing is said of how much training varies."""


def over_trainings(runs: Sequence[Run]) -> Figures:
    """Return the figures of a policy that was trained several times, each training a cluster.

    Raises:
        ConfigError: there are fewer than three trainings.
    """
    if len(runs) < FEWEST_TRAININGS:
        raise ConfigError(
            f"{FEWEST_TRAININGS} trainings or more tell how much training varies; found {len(runs)}"
        )
    return figures([sum(tallies(run).values(), Tally()) for run in runs])


class _Work(NamedTuple):
    """What the episodes of one task were, (E,) each."""

    earned: Floats
    """1 where there may be output, else 0."""
    baseline_s: Floats
    hands_on_s: Floats
    interventions: Floats
    silent: Floats
    spread: float
    """Standard deviation of the logarithm of the task's baseline: of its mean, not of a person."""


def redrawn_opi(runs: Sequence[Run], silent_weight: float = SILENT_WEIGHT) -> Estimate:
    """Return output per intervention with trainings, tasks, episodes and human times drawn anew.

    Each baseline is drawn from a log-normal distribution about h with sd_log/√n, or with sd_log
    where it is an estimate, for that is how far off the estimate may be. All trainings draw the
    same tasks. How much wider this is than the headline's interval says how much rests on h.

    Args:
        runs: of one plan, one for each training.
        silent_weight: m.

    Raises:
        ConfigError: no planned episode has ended.
    """
    works = [_by_task(run) for run in runs]
    tasks = sorted({task for work in works for task in work})
    if not tasks:
        raise ConfigError("no planned episode has ended: there is nothing to draw from")
    rng = np.random.default_rng(SEED + 1)  # not the stream that draws tasks
    drawn = cluster_weights(len(tasks))
    trainings = cluster_weights(len(runs), seed=SEED + 2)
    stretch = rng.standard_normal((DRAWS, len(tasks)))
    sums = np.zeros((2, DRAWS))
    for number, work in enumerate(works):
        for place, task in enumerate(tasks):
            if task in work:
                counts = drawn[:, place] * trainings[:, number]
                sums += _drawn(work[task], counts, stretch[:, place], silent_weight, rng)
    outputs, events = sums
    value = _exact(works, silent_weight)
    if value is None:
        return AtLeast(float(np.quantile(outputs, 0.05)) / (NONE_SEEN * max(1.0, silent_weight)))
    return percentile_interval(value, outputs / np.maximum(events, 1.0))


def _by_task(run: Run) -> dict[str, _Work]:
    planned = frozenset(run.manifest.plan) if run.manifest else frozenset[object]()
    groups: dict[str, list[Episode]] = {}
    for each in run.ended.values():
        if each.planned in planned:
            groups.setdefault(each.planned.task, []).append(each)
    return {task: _work(episodes) for task, episodes in groups.items()}


def _work(episodes: Sequence[Episode]) -> _Work:
    human = episodes[0].planned.human
    sums = [tally(each) for each in episodes]
    return _Work(
        earned=np.array([float(is_agents_work(each)) for each in episodes]),
        baseline_s=np.array([each.planned.human.seconds for each in episodes]),
        hands_on_s=np.array([hands_on_s(each) for each in episodes]),
        interventions=np.array([float(each.interventions) for each in sums]),
        silent=np.array([float(each.silent) for each in sums]),
        spread=human.sd_log / np.sqrt(max(1, human.n)),
    )


def _drawn(
    work: _Work, counts: Floats, stretch: Floats, silent_weight: float, rng: np.random.Generator
) -> Floats:
    """Return output and weighted events of a task in each draw, (2, draws)."""
    episodes = len(work.earned)
    times = rng.multinomial((counts * episodes).astype(np.int64), np.full(episodes, 1 / episodes))
    baseline = work.baseline_s * np.exp(work.spread * stretch)[:, None]  # (draws, E)
    outputs = work.earned * np.maximum(0.0, baseline - work.hands_on_s)
    events = times @ (work.interventions + silent_weight * work.silent)
    return np.stack([np.sum(times * outputs, axis=1), events])


def _exact(works: Sequence[Mapping[str, _Work]], silent_weight: float) -> float | None:
    every = [each for work in works for each in work.values()]
    events = sum(float((each.interventions + silent_weight * each.silent).sum()) for each in every)
    outputs = sum(
        float((each.earned * np.maximum(0, each.baseline_s - each.hands_on_s)).sum())
        for each in every
    )
    return outputs / events if events else None
