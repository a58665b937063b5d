"""Pages with what is written on them, to measure a reader on: made up ones, and MiniWoB++'s."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import PageConfig, TaskPage
from harness.tasks.registry import web_task
from policy.reader.label import LABELLING, Labelled, labels
from policy.reader.shards import held_out
from policy.reader.styles import FONTS, UNSEEN_FONTS

OWN, UNSEEN, TASKS = "own pages, held out", "fonts never seen", "MiniWoB++"


def labelled_sets(
    shards: int, tasks: Sequence[str], seeds: Sequence[int], report: Callable[[str], None]
) -> dict[str, list[Labelled]]:
    """Return pages that no reader has learned from, by what they are called.

    Args:
        shards: of 16 made-up pages each, in fonts that are learned from, and in others.
        tasks: names of MiniWoB++ tasks.
        seeds: of each of them.
        report: told what is being drawn.

    Raises:
        InfrastructureError: no browser shows the pages.
    """
    found: dict[str, list[Labelled]] = {}
    with TemporaryDirectory() as folder:
        for name, families in ((OWN, FONTS), (UNSEEN, UNSEEN_FONTS)):
            report(f"drawing, {name}")
            found[name] = held_out(Path(folder) / name, shards, families)
    report(f"drawing, {TASKS}")
    found[TASKS] = asyncio.run(_task_pages(tasks, seeds))
    return found


async def _task_pages(tasks: Sequence[str], seeds: Sequence[int]) -> list[Labelled]:
    """Return what tasks show at first, as far as anything is written there."""
    pages: list[Labelled] = []
    async with Browsers(Chromium.start) as browsers:
        page = TaskPage(browsers, PageConfig())
        try:
            for name in tasks:
                for seed in seeds:
                    outcome = await page.reset(web_task(name), seed)
                    told = await page.read(f"() => JSON.stringify(({LABELLING})())")
                    lines, widgets = labels(json.loads(told), 1.0)
                    pages.append(Labelled(outcome.observation.pixels, lines, widgets))
        finally:
            await page.close()
    return pages
