"""Runs the benchmark: shifts of made-up agents under a real hub, and the app in a real terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from harness.hub.launch import start_hub
from harness.hub.server import HubConfig
from harness.measure.events import Manifest
from tui.bench.pages import FRAMES_PER_S, planned
from tui.bench.pages import SIZE as PAGE_SIZE
from tui.bench.sitting import SIZE, Press, Sitting, seated
from tui.bench.tiles import IMAGE, OURS, TEXT
from tui.crew import agent_names

AGENTS = (1, 9, 16, 64)
TILES = 9
WAYS = (OURS, TEXT, IMAGE)
_MODES = (Press(b"v", " agent ─"), Press(b"v", " foreman ─"))
"""The screen of one agent, and back."""
_LETTERS = "abcdefghij"
_WARM_UP = 10
"""Keys before those that count: screens are made when they are first seen."""


def run(*, keys: int, seed: int, report: Callable[[str], None]) -> dict[str, Any]:
    """Return every figure of the benchmark by its name.

    Args:
        keys: pressed at each size.
        seed: of the times between them, and of which they are.
        report: told what is being measured.

    Raises:
        HubLostError: no hub comes up here.
        InfrastructureError: a program that is measured ended, or answers no key.
    """
    figures: dict[str, Any] = {
        "columns": SIZE[0],
        "rows": SIZE[1],
        "page": PAGE_SIZE,
        "frames_per_s": FRAMES_PER_S,
        "seed": seed,
        "cpus": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }
    for n_agents in AGENTS:
        report(f"{n_agents} agents")
        figures |= _named(watch_shift(n_agents, keys, seed), f"{n_agents}")
    for way in WAYS:
        if way == IMAGE and find_spec("textual_image") is None:
            continue
        report(f"{TILES} tiles, {way}")
        figures |= _named(watch_tiles(way, keys, seed), f"tiles_{way}")
    figures["load_after"] = os.getloadavg()[0]
    return figures


def watch_shift(n_agents: int, keys: int, seed: int) -> Sitting:
    """Return what the app does over a shift while somebody turns from agent to agent.

    With one agent there is nothing to turn to, and they turn from screen to screen.
    """
    with TemporaryDirectory(prefix="understudy-bench-") as folder, _shift(Path(folder), n_agents):
        config = _config(Path(folder), n_agents)
        command = [sys.executable, "-m", "tui.cli", "foreman", "--attach"]
        command += ["--socket", str(config.socket), "--latch", str(config.latch)]
        with seated(command, os.environ) as seat:
            seat.wait_for(agent_names(1)[0])
            presses = _presses(n_agents, keys + _WARM_UP, seed)
            seat.measure(presses[:_WARM_UP], seed)
            return seat.measure(presses[_WARM_UP:], seed)


def watch_tiles(way: str, keys: int, seed: int) -> Sitting:
    """Return what it takes to draw tiles in one way."""
    with seated([sys.executable, "-m", "tui.bench.tiles", way, str(TILES)], os.environ) as seat:
        seat.wait_for("no key")
        presses = [
            Press(letter.encode(), f"key <{letter}>")
            for letter in (_LETTERS[at % len(_LETTERS)] for at in range(keys + _WARM_UP))
        ]
        seat.measure(presses[:_WARM_UP], seed)
        return seat.measure(presses[_WARM_UP:], seed)


def _presses(n_agents: int, keys: int, seed: int) -> list[Press]:
    if n_agents == 1:
        return [_MODES[at % len(_MODES)] for at in range(keys)]
    draws, at = Random(seed), 0
    names = agent_names(min(n_agents, 9))
    presses: list[Press] = []
    for _ in range(keys):
        # another one than before, for nothing else changes what is on the screen
        at = (at + draws.randrange(1, len(names))) % len(names)
        presses.append(Press(str(at + 1).encode(), f"{names[at]} "))
    return presses


@contextmanager
def _shift(folder: Path, n_agents: int) -> Generator[None]:
    """Run a hub and its agents."""
    config = _config(folder, n_agents)
    hub = start_hub(config)
    command = [sys.executable, "-m", "tui.bench.pages"]
    command += [str(config.socket), str(config.latch), str(n_agents)]
    worker = subprocess.Popen(command)
    try:
        yield
    finally:
        for process in (worker, hub):
            process.kill()
            process.wait()


def _config(folder: Path, n_agents: int) -> HubConfig:
    plan = tuple(map(planned, agent_names(n_agents)))
    manifest = Manifest(plan=plan, policy="tui.bench:pages")
    return HubConfig(
        folder=folder / "run", manifest=manifest, socket=folder / "hub", latch=folder / "stop"
    )


def _named(sitting: Sitting, suffix: str) -> dict[str, float]:
    return {f"{name}_{suffix}": value for name, value in sitting.figures().items()}
