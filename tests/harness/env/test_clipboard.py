"""What is copied on one page can be pasted there, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import TaskPage
from harness.tasks.experts.dom import click, spot
from harness.tasks.registry import web_task
from recorder.schema import KeyChord

COPY = "#to-copy"
PASTE = "#answer-input"


async def press(page: TaskPage, css: str, keys: str) -> str:
    """Click a field, press these keys with Ctrl and return what the field then holds."""
    field = await spot(page, css)
    assert field
    await page.step(click(field))
    for key in keys:
        await page.step(KeyChord(key=key, modifiers=("ctrl",)))
    field = await spot(page, css)
    assert field
    return field.value


async def pasted() -> list[tuple[str, str]]:
    """Return what was copied and what was pasted, on two pages that take turns."""
    task = web_task("miniwob-copy-paste")
    async with Browsers(Chromium.start) as browsers:
        pages = [TaskPage(browsers), TaskPage(browsers)]
        for seed, page in enumerate(pages):
            await page.reset(task, seed)
        copied = [await press(page, COPY, "ac") for page in pages]
        found = [await press(page, PASTE, "v") for page in pages]
        await asyncio.gather(*(page.close() for page in pages))
    return list(zip(copied, found, strict=True))


async def left_behind() -> str:
    """Return what a new episode finds on the clipboard after another has copied something."""
    task = web_task("miniwob-copy-paste")
    async with Browsers(Chromium.start) as browsers:
        page = TaskPage(browsers)
        await page.reset(task, 0)
        await press(page, COPY, "ac")
        await page.reset(task, 1)
        found = await press(page, PASTE, "v")
        await page.close()
    return found


@pytest.mark.browser
@pytest.mark.slow
def test_pages_do_not_share_a_clipboard() -> None:
    first, second = asyncio.run(pasted())
    assert first[0] == first[1] != ""
    assert second[0] == second[1] != first[0]


@pytest.mark.browser
@pytest.mark.slow
def test_an_episode_begins_with_an_empty_clipboard() -> None:
    assert asyncio.run(left_behind()) == ""
