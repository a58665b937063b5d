"""Episodes a second by workers on a Ray cluster, next to the same by worker processes here."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.cluster import Engine
from harness.errors import InfrastructureError
from harness.run.drawing import each_with
from harness.run.manifests import Episodes, freeze
from harness.run.messages import Lost, Settled
from harness.run.playing import Crew, play
from harness.run.suite import Request

POLICY = "harness.modes.fast_forward.reader:reader"
TASKS = ("miniwob-enter-text", "miniwob-login-user", "miniwob-click-checkboxes")
_FIRST_SEED = 7_800_000
_ENGINES: tuple[Engine, ...] = ("local", "ray")
_ROUNDS = 2


def run(*, episodes: int, workers: int, seed: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Return how many episodes a second each engine plays, once its workers are there.

    Args:
        episodes: of each task and round.
        workers: of each engine, one to a core.
        seed: of the first episode; each next one has the next seed.
        report: told what is being measured.

    Raises:
        ConfigError: Ray is not installed.
        InfrastructureError: an episode could not be played.
    """
    work = Episodes(each_with(TASKS, _FIRST_SEED + seed, episodes))
    request = Request(manifest=freeze("engines", work), policy=POLICY, rows=("ours",))
    rates: dict[Engine, list[float]] = {engine: [] for engine in _ENGINES}
    for number in range(_ROUNDS):
        for engine, found in rates.items():
            report(f"{engine}, round {number + 1} of {_ROUNDS}")
            found.append(_rate(request, Crew(workers=workers, engine=engine)))
    local, ray = (statistics.median(rates[engine]) for engine in _ENGINES)
    return {
        "episodes": len(work.episodes),
        "workers": workers,
        "cpus": os.cpu_count(),
        "seed": seed,
        "local_episodes_per_s": local,
        "ray_episodes_per_s": ray,
        "ray_over_local": ray / local,
        "rounds": {str(engine): found for engine, found in rates.items()},
    }


def _rate(request: Request, crew: Crew) -> float:
    told = _Stopwatch()
    with TemporaryDirectory() as name:
        played = play(Path(name), request, tools={}, crew=crew, told=told)
    if played.missing:
        reasons = [*played.ended, *(lost.reason for lost in played.lost)]
        raise InfrastructureError(f"{played.missing} episodes were not played: {reasons}")
    return told.settled / (told.last_s - told.begun_s)


class _Stopwatch:
    """Hears when the workers begin, and when the last cell is settled."""

    def __init__(self) -> None:
        self.begun_s = self.last_s = 0.0
        self.settled = 0

    def begin(self, planned: Mapping[str, int], missing: Mapping[str, int]) -> None:
        """Start."""
        self.begun_s = time.perf_counter()

    def settle(self, report: Settled) -> None:
        """Count."""
        self.settled += 1
        self.last_s = time.perf_counter()

    def lose(self, report: Lost) -> None:
        """Leave it to whoever counts what is missing."""


def table(found: Mapping[str, Any]) -> str:
    """Return figures as lines of text."""
    lines = [f"{'':10}{'episodes/s':>12}{'each round':>22}"]
    for engine in _ENGINES:
        rounds = "  ".join(f"{each:.2f}" for each in found["rounds"][engine])
        lines.append(f"{engine:10}{found[f'{engine}_episodes_per_s']:12.2f}{rounds:>22}")
    ratio, of = found["ray_over_local"], f"{found['workers']} workers on {found['cpus']} cores"
    lines.append(f"ray over local: {ratio:.2f}, {of}")
    return "\n".join(lines)
