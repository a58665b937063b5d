"""Runs the benchmark of the environments: ours at several sizes, and peers in between."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.bench.ours import PLACES, STEPS, TASK, Throughput, measure
from harness.env.stage import miniwob_pages
from recorder.browser.chromium import find_chromium

CONTEXTS = (1, 4, 8, 16)
FARAMA_PROCESSES = (1, 2)
_GRACE_S = 60.0


def run(
    *, seconds: float, seed: int, browsergym: Path | None, report: Callable[[str], None]
) -> dict[str, Any]:
    """Return every figure of the benchmark by its name.

    Args:
        seconds: how long each row is measured.
        seed: of the first episode.
        browsergym: an interpreter that has `browsergym-miniwob`; without it that row is left out.
        report: told what is being measured.
    """
    figures: dict[str, Any] = {
        "seconds": seconds,
        "seed": seed,
        "task": TASK,
        "steps_per_episode": STEPS,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }
    ours: list[Throughput] = []
    for contexts in CONTEXTS:
        report(f"ours, {contexts} contexts")
        ours.append(measured := measure(contexts, seconds, seed))
        figures |= _figures(measured)
    first, last = ours[0], ours[-1]
    figures["memory_mb_per_context"] = (last.memory_mb - first.memory_mb) / (
        last.contexts - first.contexts
    )
    rates: dict[str, float | None] = {}
    for processes in FARAMA_PROCESSES:
        report(f"Farama's miniwob, {processes} processes")
        rates[f"farama_{processes}"] = _farama(processes, seconds, seed)
    if browsergym:
        report("BrowserGym")
        rates["browsergym"] = _browsergym(browsergym, seconds, seed)
    figures |= {f"episodes_per_minute_{name}": rate for name, rate in rates.items()}
    return figures | _ratios(figures["episodes_per_minute_8"], rates)


def _figures(measured: Throughput) -> dict[str, float]:
    size = measured.contexts
    return {
        f"episodes_per_minute_{size}": measured.episodes_per_minute,
        f"steps_per_second_{size}": measured.steps_per_second,
        f"memory_mb_{size}": measured.memory_mb,
        f"episodes_{size}": measured.episodes,
    }


def _ratios(ours: float, peers: dict[str, float | None]) -> dict[str, float | None]:
    """Compare with each peer as it comes, and with as many Farama processes as there are cores."""
    return {
        f"ratio_vs_{name.removesuffix('_1')}": ours / rate if rate else None
        for name, rate in {"browsergym": None, **peers}.items()
    }


def _farama(processes: int, seconds: float, seed: int) -> float | None:
    driver = shutil.which("chromedriver")
    if not driver:
        return None
    # else Selenium asks the network for a driver
    env = {
        **os.environ,
        "MINIWOB_CHROMEDRIVER": driver,
        "MINIWOB_CHROME_BINARY": str(find_chromium(headless=False)),
    }
    return _together(Path(sys.executable), "farama.py", [seconds, seed], processes, env)


def _browsergym(python: Path, seconds: float, seed: int) -> float | None:
    places = [seconds, seed]
    more = [str(find_chromium(headless=True)), str(miniwob_pages() / "miniwob")]
    return _together(python, "browser_gym.py", places, 1, dict(os.environ), more)


def _together(
    python: Path,
    script: str,
    numbers: Sequence[float],
    processes: int,
    env: dict[str, str],
    more: Sequence[str] = (),
) -> float | None:
    path = str(files("harness.bench.peers") / script)
    command = [str(python), path, *map(str, numbers), json.dumps(PLACES), *more]
    running = [
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(processes)
    ]
    rate = 0.0
    for process in running:
        try:
            answer, _ = process.communicate(timeout=numbers[0] + _GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            answer, _ = process.communicate()
        if process.returncode:
            return None
        found = json.loads(answer.splitlines()[-1])
        rate += 60 * found["episodes"] / found["seconds"]
    return rate
