"""Fast-forward: from the light that comes on to seconds saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import ConfigError
from harness.measure.bootstrap import cluster_weights, percentile_interval
from harness.measure.events import LightRun, Outcome
from harness.measure.intervals import (
    Estimate,
    Events,
    Floats,
    Interval,
    event_rate,
    signed_ratio,
)
from harness.measure.metrics import REPAIR_FACTOR, SECONDS_PER_HOUR
from harness.measure.state import Episode, Light

IGNORED_COST_S = 0.5
"""What a light costs a person who looks at it and leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How many lights came to what."""

    episodes: int
    lit: int
    clicked: int
    executed: int
    """To the end, right or wrong; the others stopped at a mismatch."""
    verified: int
    coverage: float
    """Share of episodes in which the light came on."""
    anticipation: float
    """Mean share of the baseline that was left when it came on; NaN where it never did."""
    speed_ups: tuple[float, ...]
    """Of each verified run: baseline seconds left over seconds from click to verified."""


def funnel(episodes: Sequence[Episode]) -> Funnel:
    """Return how many lights were lit, clicked, executed and verified."""
    pairs = [(episode, light) for episode in episodes for light in episode.lights]
    left = [light.left_s / episode.planned.human.seconds for episode, light in pairs]
    lights = [light for _, light in pairs]
    runs = [light.run for light in lights if light.run]
    return Funnel(
        episodes=len(episodes),
        lit=len(lights),
        clicked=len(runs),
        executed=sum(run.outcome is not Outcome.STOPPED for run in runs),
        verified=sum(run.outcome is Outcome.VERIFIED for run in runs),
        coverage=sum(bool(each.lights) for each in episodes) / max(1, len(episodes)),
        anticipation=float(np.mean(left)) if left else float("nan"),
        speed_ups=tuple(
            light.left_s / (light.run.exec_ms / 1000)
            for light in lights
            if light.run and light.run.outcome is Outcome.VERIFIED
        ),
    )


def median_speed_up(episodes: Sequence[Episode]) -> Interval:
    """Return the median speed-up of verified runs, with limits from drawing tasks anew.

    Raises:
        ConfigError: no run was verified.
    """
    return median_over_tasks([funnel(group).speed_ups for group in _by_task(episodes)])


def median_over_tasks(speed_ups: Iterable[Sequence[float]]) -> Interval:
    """Return the median over all runs, with limits from drawing tasks anew.

    Args:
        speed_ups: of each task's verified runs.

    Raises:
        ConfigError: there is no run.
    """
    groups = [group for group in speed_ups if group]
    if not groups:
        raise ConfigError("no run was verified: there is no speed-up")
    values = np.concatenate(groups)
    order = np.argsort(values)
    task = np.repeat(np.arange(len(groups)), [len(group) for group in groups])[order]
    reached = np.cumsum(cluster_weights(len(groups))[:, task], axis=1)  # (draws, runs)
    middle = np.argmax(reached >= reached[:, -1:] / 2, axis=1)
    return percentile_interval(float(np.median(values)), values[order][middle])


def wrong_per_light(episodes: Sequence[Episode]) -> Estimate:
    """Return 1 - precision@lit: the share of clicked lights whose run was not verified.

    One that stopped at a mismatch was lit in vain, and counts.

    Raises:
        ConfigError: no light was clicked.
    """
    by_task = _by_task(episodes)
    runs = [
        [light.run for each in group for light in each.lights if light.run] for group in by_task
    ]
    if not any(runs):
        raise ConfigError("no light was clicked: there is no precision")
    wrong = [sum(run.outcome is not Outcome.VERIFIED for run in group) for group in runs]
    return event_rate([Events(_floats(wrong))], _floats(map(len, runs)))


def saved_s(episode: Episode) -> float:
    """Return the human seconds that fast-forward saved in an episode, negative where it cost some.

    Σ_ok(left - exec - review) - Σ_wrong(2·h + damage) - 0.5 s for each light that was ignored. A
    run that stopped costs the time that it and its review took.
    """
    return sum(_saved_by_light(episode, light) for light in episode.lights)


def saved_per_hour(episodes: Sequence[Episode]) -> Interval:
    """Return human seconds saved per hour of work that ended, tasks as clusters.

    Raises:
        ConfigError: no time passed.
    """
    by_task = _by_task(episodes)
    saved = _floats(sum(map(saved_s, group)) for group in by_task)
    hours = _floats(sum(map(_elapsed_s, group)) / SECONDS_PER_HOUR for group in by_task)
    if not hours.sum():
        raise ConfigError("no episode took any time: there is no hour to save seconds in")
    return signed_ratio(saved, hours)


def _saved_by_light(episode: Episode, light: Light) -> float:
    if light.run is None:
        return -IGNORED_COST_S if light.is_ignored else 0.0
    return _saved_by_run(episode, light.left_s, light.run)


def _saved_by_run(episode: Episode, left_s: float, run: LightRun) -> float:
    spent_s = (run.exec_ms + run.review_ms) / 1000
    match run.outcome:
        case Outcome.VERIFIED:
            return left_s - spent_s
        case Outcome.STOPPED:
            return -spent_s
        case Outcome.WRONG:
            return -(REPAIR_FACTOR * episode.planned.human.seconds + run.damage_s)


def _elapsed_s(episode: Episode) -> float:
    return (episode.end.t_ms - episode.start_ms) / 1000 if episode.end else 0.0


def _by_task(episodes: Sequence[Episode]) -> list[list[Episode]]:
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.planned.task, []).append(episode)
    return [groups[task] for task in sorted(groups)]


def _floats(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)
