"""Made-up episodes, where none were recorded: for tests, the benchmark, and a first environment.

No figure of a policy is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from harness.modes.records import Record, Request, Stretch

_WORK_S = 1.5
"""Human seconds that one action of an agent saves."""
_STEP_MS = 200
_LOOK_S = (2.0, 4.0)
"""What the person takes to see what is the matter."""
_PUT_RIGHT_S = (2.0, 12.0)
"""What the person takes to put it right, besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticConfig:
    """What made-up episodes are like."""

    tasks: int = 12
    episodes: int = 600
    asks: float = 0.05
    """Probability that an action is asked about."""
    slips: float = 0.002
    """Probability that an action is wrong and nobody is asked."""


def synthetic_records(seed: int, config: SyntheticConfig | None = None) -> list[Record]:
    """Return episodes of agents that are right as often as they say, on tasks long and short."""
    config = config or SyntheticConfig()
    rng = Random(seed)
    worths_s = [rng.lognormvariate(3.0, 0.9) for _ in range(config.tasks)]
    doubts = [rng.uniform(0.5, 4.0) for _ in range(config.tasks)]
    return [
        _record(rng, config, f"task-{each % config.tasks:02}", worths_s, doubts)
        for each in range(config.episodes)
    ]


def _record(
    rng: Random, config: SyntheticConfig, task: str, worths_s: list[float], doubts: list[float]
) -> Record:
    number = int(task.rpartition("-")[2])
    stretches: list[Stretch] = []
    n_actions, is_success = 0, True
    for _ in range(max(2, round(worths_s[number] / _WORK_S))):
        if rng.random() < config.asks:
            stretches.append(_asking(rng, n_actions, doubts[number]))
            n_actions = 0
        n_actions += 1
        is_success &= rng.random() >= config.slips
    stretches.append(Stretch(run_ms=n_actions * _STEP_MS, n_actions=n_actions))
    return Record(
        task=task,
        baseline_s=worths_s[number],
        stretches=tuple(stretches),
        is_success=is_success,
    )


def _asking(rng: Random, n_actions: int, doubt: float) -> Stretch:
    uncertainty = rng.betavariate(doubt, 2.0)
    is_right = rng.random() >= uncertainty
    handle_s = rng.uniform(*_LOOK_S) + (0.0 if is_right else rng.uniform(*_PUT_RIGHT_S))
    request = Request(
        handle_ms=round(1000 * handle_s),
        is_right=is_right,
        uncertainty=uncertainty,
        novelty=rng.random(),
    )
    return Stretch(run_ms=n_actions * _STEP_MS, n_actions=n_actions, request=request)
