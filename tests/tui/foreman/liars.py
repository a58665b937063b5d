"""Agents that lie: a worker process that says it is alive and well, whatever is true.

    python liars.py SOCKET

`frozen` goes on telling of steps and shows no new frames; `boaster` says that it is done, and no
checker says so; `failed` says the same, and its episode ends unverified.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np

from harness.hub.events import Happened
from harness.hub.frames import FrameWriter
from harness.hub.worker import Supervised
from harness.measure.events import (
    DoneClaimed,
    EpisodeEnded,
    EpisodeStarted,
    RunEvent,
    StepTaken,
)
from recorder.schema import Controller
from tests.harness.hub.counters import planned

LIARS = ("frozen", "boaster", "failed")
_PAUSE_S = 0.1


async def main(path: Path) -> None:
    async with Supervised(LIARS, path) as supervised:
        assert supervised.welcome
        frames = Path(supervised.welcome.frames)
        writers = {name: FrameWriter(frames / name) for name in LIARS}
        pixels = np.zeros((20, 20, 3), np.uint8)

        def tell(name: str, event: RunEvent) -> None:
            number = supervised.next_number(name)
            supervised.tell(name, Happened(t_ms=0, agent=name, number=number, event=event))

        for name in LIARS:
            writers[name].show(pixels, time.monotonic_ns())
            tell(name, EpisodeStarted(t_ms=0, planned=planned(name), agent=name))
        for name in ("boaster", "failed"):
            key = planned(name).key
            tell(name, DoneClaimed(episode=key, t_ms=0, controller=Controller.POLICY))
        ending = planned("failed").key
        tell("failed", EpisodeEnded(episode=ending, t_ms=0, is_verified=False, hands_on_s=0))
        while True:
            step = StepTaken(
                episode=planned("frozen").key,
                t_ms=0,
                controller=Controller.POLICY,
                action="click",
                duration_ms=1,
            )
            tell("frozen", step)
            writers["boaster"].show(pixels, time.monotonic_ns())
            await asyncio.sleep(_PAUSE_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
