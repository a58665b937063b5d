"""Experts do what is planned in front of the recorder, several pages side by side."""

from __future__ import annotations

import asyncio
from pathlib import Path

from harness.cluster import Engine
from harness.demonstrate import cluster
from harness.demonstrate.browser import RecordableChromium
from harness.demonstrate.crew import Crew, Told
from harness.demonstrate.pages import PageRecorder
from harness.demonstrate.plan import Plan, Unit, open_folder
from harness.demonstrate.takes import take_stock
from harness.env.browsers import Browsers
from harness.errors import ConfigError


def demonstrate(
    folder: Path,
    plan: Plan,
    *,
    workers: int = 4,
    engine: Engine = "local",
    told: Told = lambda take: None,
) -> list[Unit]:
    """Record what is missing of a plan, and return what could not be recorded.

    Args:
        folder: new, empty, or with part of the same plan.
        plan: what to record.
        workers: pages side by side.
        engine: where they are.
        told: called with each take, those recorded earlier first.

    Raises:
        ConfigError: the plan cannot be done, the folder holds something else, or there is no such
            engine.
        InfrastructureError: there is no browser to be had.
    """
    if workers < 1:
        raise ConfigError(f"cannot record with {workers} workers; allowed: 1 or more")
    missing = missing_units(folder, plan, told)
    crew = Crew(folder, missing, told)
    if missing:
        working = cluster.work if engine == "ray" else _work
        asyncio.run(working(folder, plan, crew, min(workers, len(missing))))
    return crew.lost


def missing_units(folder: Path, plan: Plan, told: Told) -> list[Unit]:
    """Open the folder of a plan, tell of all its takes, and return what is still to be recorded.

    Raises:
        ConfigError: the plan cannot be done, or the folder holds something else.
    """
    plan.check()
    open_folder(folder, plan)
    units = dict.fromkeys(plan.units)
    for take in take_stock(folder):
        if take.unit in units:
            del units[take.unit]
            told(take)
    return list(units)


async def _work(folder: Path, plan: Plan, crew: Crew, workers: int) -> None:
    async with Browsers(RecordableChromium.start) as browsers:
        await crew.work([PageRecorder(folder, plan, browsers)] * workers)
