"""Screens with what is written on them, to measure a reader on.

They are made-up pages, MiniWoB++'s, and windows of the apps that desktop tasks are done with.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.desktop import DesktopEnv
from harness.env.page import PageConfig, TaskPage
from harness.env.spaces import to_observation
from harness.tasks.desktop import desktop_tasks
from harness.tasks.registry import web_task
from policy.reader.label import LABELLING, Labelled, labels
from policy.reader.score import Window
from policy.reader.shards import held_out
from policy.reader.styles import FONTS, UNSEEN_FONTS
from recorder.schema import Element

OWN, UNSEEN, TASKS = "own pages, held out", "fonts never seen", "MiniWoB++"
_APPS: Mapping[str, str] = {
    "calculator": "windows, galculator",
    "dialog": "windows, dialogs",
    "files": "windows, file manager",
    "mousepad": "windows, mousepad",
}
"""What the windows of desktop tasks are called, by the second word of the tasks' names."""
_WRITTEN = frozenset({"button", "checkbox", "columnheader", "menu", "menuitem", "radio", "tab"})
"""Roles of what is called as is written on it."""
_NARROWEST_PX = 4  # of a character; what is narrower than its name shows an icon instead


def labelled_sets(
    shards: int,
    tasks: Sequence[str],
    seeds: Sequence[int],
    report: Callable[[str], None],
    *,
    windows: int = 0,
) -> dict[str, list[Labelled | Window]]:
    """Return screens that no reader has learned from, by what they are called.

    Args:
        shards: of 16 made-up pages each, in fonts that are learned from, and in others.
        tasks: names of MiniWoB++ tasks.
        seeds: of each of them.
        report: told what is being drawn.
        windows: episodes of each desktop task, whose windows are read as they are at first.

    Raises:
        InfrastructureError: no browser shows the pages, or no display the windows.
    """
    found: dict[str, list[Labelled | Window]] = {}
    with TemporaryDirectory() as folder:
        for name, families in ((OWN, FONTS), (UNSEEN, UNSEEN_FONTS)):
            report(f"drawing, {name}")
            found[name] = [*held_out(Path(folder) / name, shards, families)]
    report(f"drawing, {TASKS}")
    found[TASKS] = [*asyncio.run(_task_pages(tasks, seeds))]
    for task in desktop_tasks() if windows else ():
        if name := _APPS.get(task.name.split("-")[1]):
            report(f"opening, {task.name}")
            found.setdefault(name, []).extend(_windows(task.name, windows))
    return found


def _windows(task: str, episodes: int) -> list[Window]:
    """Return what a desktop task shows at first, with what its apps say is written there."""
    env, found = DesktopEnv(task), list[Window]()
    try:
        for seed in range(episodes):
            seen = to_observation(env.reset(seed=seed)[0])
            texts = [(text, each.box) for each in seen.elements for text in sorted(written(each))]
            found.append(Window(seen.pixels, tuple(texts)))
    finally:
        env.close()
    return found


def written(element: Element) -> set[str]:
    """Return what is written on an element of a desktop app, as far as it can be told."""
    texts = {element.text, element.value}
    is_wide = element.box[2] >= _NARROWEST_PX * len(element.name)
    if element.role in _WRITTEN and is_wide:
        texts.add(element.name)
    return texts - {""}


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
