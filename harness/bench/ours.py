"""Our own side of the benchmark, through the Gymnasium interface."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import psutil
from gymnasium.vector.utils import concatenate, create_empty_array

from harness.env.spaces import Sample, from_action
from harness.env.vector import AsyncWebVectorEnv
from recorder.schema import Click

STEPS = 4
"""Actions of each episode; each is answered by a screenshot."""
TASK = "miniwob-click-test"
# beside the button, wherever it is, so that each episode has all its steps
PLACES = ((10, 55), (150, 55), (10, 60), (150, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What a number of environments did side by side."""

    contexts: int
    episodes: int
    seconds: float
    memory_mb: float
    """Proportional set size of the browser's processes, in MB."""

    @property
    def episodes_per_minute(self) -> float:
        """Episodes, each with its reset."""
        return 60 * self.episodes / self.seconds

    @property
    def steps_per_second(self) -> float:
        """Actions, each with a screenshot."""
        return STEPS * self.episodes / self.seconds


def measure(contexts: int, seconds: float, seed: int) -> Throughput:
    """Play episodes for about `seconds` and return what came of it."""
    with _open(contexts) as env:
        actions = [_batch(env, x, y) for x, y in PLACES]
        seeds = count(seed, contexts)
        _play(env, next(seeds), actions)  # the first fills caches
        episodes, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            episodes += _play(env, next(seeds), actions)
        took_s = time.perf_counter() - start
        memory_mb = _memory_mb()
    return Throughput(contexts=contexts, episodes=episodes, seconds=took_s, memory_mb=memory_mb)


@contextmanager
def _open(contexts: int) -> Generator[AsyncWebVectorEnv]:
    env = AsyncWebVectorEnv([TASK] * contexts)
    try:
        yield env
    finally:
        env.close()


def _play(env: AsyncWebVectorEnv, seed: int, actions: list[Sample]) -> int:
    env.reset(seed=seed)
    for action in actions:
        env.step(action)
    return env.num_envs


def _batch(env: AsyncWebVectorEnv, x: int, y: int) -> Sample:
    space = env.single_action_space
    samples = [from_action(Click(x=x, y=y))] * env.num_envs
    batch: Any = concatenate(space, samples, create_empty_array(space, env.num_envs))
    return batch


def _memory_mb() -> float:
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            if "--type=" in (line := " ".join(process.cmdline())) or "chrom" in line:
                total += process.memory_full_info().pss
        except psutil.NoSuchProcess:  # it ended while we looked
            continue
    return total / 1e6
