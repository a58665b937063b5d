"""A person does what is planned in a window, in front of the recorder, one task after another."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from harness.demonstrate.browser import RecordableChromium
from harness.demonstrate.crew import Told, free_names
from harness.demonstrate.page import Status
from harness.demonstrate.plan import Plan, Unit
from harness.demonstrate.recording import missing_units
from harness.demonstrate.stage import Filming, Stage, recorded_stage
from harness.demonstrate.takes import list_recording
from harness.env.browsers import Browsers
from harness.errors import InfrastructureError
from recorder.browser.session import refuse_no_display

FILMING_FPS = 30
_LOOK_MS = 50  # how soon the end of an episode is noticed


def demonstrate_by_human(
    folder: Path,
    plan: Plan,
    *,
    consent: str,
    stopped: threading.Event,
    told: Told = lambda take: None,
) -> None:
    """Show one task after another until the person stops, closes the window, or all is done.

    Args:
        folder: new, empty, or with part of the same plan.
        plan: what to show.
        consent: the notice that the person agreed to.
        stopped: ends it when set; a task under way is not counted.
        told: called with each take, those recorded earlier first.

    Raises:
        ConfigError: the plan cannot be done, or the folder holds something else.
        InfrastructureError: there is no browser to be had.
        UnsupportedError: there is no display for its window.
    """
    missing = missing_units(folder, plan, told)
    if not missing:
        return
    name = next(free_names(folder))
    filming = Filming(consent=consent, fps=FILMING_FPS, settle_ms=_LOOK_MS)
    asyncio.run(_show(folder / "recordings" / name, filming, plan, missing, stopped))
    for take in list_recording(folder, name):
        told(take)


async def _show(
    folder: Path, filming: Filming, plan: Plan, units: Sequence[Unit], stopped: threading.Event
) -> None:
    refuse_no_display(sys.platform, dict(os.environ), headless=False)
    async with Browsers(partial(RecordableChromium.start, headless=False)) as browsers:
        lease = await browsers.open()
        try:
            async with recorded_stage(folder, lease, filming) as stage:
                with suppress(InfrastructureError):  # the person closed the window
                    for unit in units:
                        await show_task(stage, unit, plan, stopped)
                        if stopped.is_set():
                            return
        finally:
            await lease.close()


async def show_task(stage: Stage, unit: Unit, plan: Plan, stopped: threading.Event) -> None:
    """Show one task until the person has done it, or stops.

    Raises:
        InfrastructureError: the window was closed.
    """
    await stage.begin(unit, plan.faults)
    await stage.page.look()
    status, page = Status(), stage.page
    while not status.is_over:
        if stopped.is_set():
            return
        before = page.milestones
        status = await page.settle()
        if page.milestones != before:
            stage.turn()
    # what the browser still has to tell of the last click comes before its answer to this
    await page.look()
    await stage.end(status)
