"""Several task pages of one Chromium that share a list of things to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TypeVar

import psutil

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium, Tab
from harness.env.page import PageConfig, TaskPage

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def crew(
    things: Iterable[Thing],
    work: Callable[[TaskPage, Thing], Awaitable[Result]],
    *,
    size: int = 4,
    config: PageConfig | None = None,
) -> dict[Thing, Result]:
    """Return what came of each thing, done on `size` pages side by side."""
    waiting = list(reversed(list(things)))
    results: dict[Thing, Result] = {}

    async def member(browsers: Browsers[Tab]) -> None:
        page = TaskPage(browsers, config)
        while waiting:
            thing = waiting.pop()
            results[thing] = await work(page, thing)
        await page.close()

    async def everybody() -> None:
        async with Browsers(Chromium.start) as browsers:
            await asyncio.gather(*(member(browsers) for _ in range(size)))

    asyncio.run(everybody())
    return results


def chromium(kind: str = "") -> psutil.Process:
    """Return the browser's main process, or one of its processes of a kind, such as renderer."""
    for process in psutil.Process().children(recursive=True):
        try:
            parts = process.cmdline()
        except psutil.Error:  # it is on its way out
            continue
        kinds = [part.removeprefix("--type=") for part in parts if part.startswith("--type=")]
        # what a distribution installs as a browser may be a shell script that starts it
        is_browser = "--headless" in parts and not kinds and Path(parts[0]).name != "sh"
        if kind in kinds if kind else is_browser:
            return process
    raise AssertionError(f"no {kind or 'browser'} process is running")
