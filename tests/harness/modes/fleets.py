"""Episodes for simulated shifts, and a person without delays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from random import Random

from harness.modes.episode_statistics import EpisodeStatistics, statistics_of
from harness.modes.operators import OperatorConfig
from harness.modes.records import Record, Request, Stretch
from harness.modes.synthetic import SyntheticConfig, synthetic_records

AT_ONCE = OperatorConfig(notice_median_s=0.0, notice_sd_log=0.0, switch_s=0.0)


@cache
def made_up(seed: int = 1, asks: float = 0.05) -> EpisodeStatistics:
    """Statistics of made-up episodes."""
    return statistics_of(synthetic_records(seed, SyntheticConfig(asks=asks)))


def asking(
    run_ms: Sequence[int],
    *,
    baseline_s: float = 100.0,
    handle_ms: int = 5_000,
    is_right: bool = True,
    is_own: bool = True,
) -> Record:
    """An episode that asks after each stretch but the last."""
    request = Request(handle_ms=handle_ms, is_right=is_right, uncertainty=0.5, novelty=0.5)
    *before, last = [Stretch(run_ms=each, n_actions=max(1, each // 200)) for each in run_ms]
    asked = [Stretch(run_ms=s.run_ms, n_actions=s.n_actions, request=request) for s in before]
    return Record(
        task="sort",
        baseline_s=baseline_s,
        stretches=(*asked, last),
        is_success=True,
        is_own=is_own,
    )


def machines(
    neglect_s: float, interaction_s: Callable[[Random], float], n: int = 20_000
) -> EpisodeStatistics:
    """Agents that ask after exponential times, like machines that break down."""
    rng = Random(5)
    return statistics_of(
        asking(
            (1 + round(1000 * rng.expovariate(1 / neglect_s)), 0),
            baseline_s=1e6,
            handle_ms=round(1000 * interaction_s(rng)),
        )
        for _ in range(n)
    )
