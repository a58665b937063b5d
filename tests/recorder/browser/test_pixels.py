"""A secret field is in no image, wherever it moves and whenever it appears: here it is magenta."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page

from recorder.schema import Frame
from recorder.store import Recording
from recorder.video import read_segment
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import Take, recorded

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
]
FIELD = "<input type=password value=secret>"
STYLE = """<style>body { margin: 0; background: #eee }
input { background: #f0f; border: 0; width: 150px; height: 30px; position: relative }
@keyframes slide { from { left: 0; top: 0 } to { left: 500px; top: 300px } }</style>"""


async def _wheel(page: Page) -> None:
    await page.mouse.move(300, 300)
    for step in (120, 90, -60, 150, -200, 80):
        await page.mouse.wheel(0, step)
        await page.wait_for_timeout(60)


async def _appear(page: Page) -> None:
    for number in range(6):
        await page.evaluate(
            f"n => {{ document.body.innerHTML = n % 2 ? '<p>none' : '<p>a</p>{FIELD}' }}", number
        )
        await page.wait_for_timeout(90)


async def _wait(page: Page) -> None:
    await page.wait_for_timeout(900)


SCENES: dict[str, tuple[str, Callable[[Page], Awaitable[None]]]] = {
    "slides": (FIELD.replace("<input", "<input style='animation: slide 1s infinite'"), _wait),
    "scrolls": (f"<div style='height:400px'></div>{FIELD}<div style='height:3000px'>", _wheel),
    "appears": ("<p>start", _appear),
    "zooms": (f"<div style='transform: scale(2) rotate(8deg); margin: 100px 250px'>{FIELD}", _wait),
    "foreign frame slides": (
        "<iframe src='{there}/field' style='position:absolute;animation: slide 1s infinite;"
        "border:0'></iframe>",
        _wait,
    ),
    "foreign frame scrolls": (
        "<iframe src='{there}/field' style='margin-top:300px;border:0'></iframe>"
        "<div style='height:3000px'>",
        _wheel,
    ),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_a_secret_field_shows_in_no_image(
    browser: Browser, site: Site, tmp_path: Path, scene: str
):
    html, act = SCENES[scene]
    site.put("/field", STYLE + "<p>in a frame</p>" + FIELD)
    url = site.put("/scene", STYLE + html)
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.until(lambda: take.events(Frame))
        await act(take.page)
        await take.until(lambda: any(frame.masked for frame in take.events(Frame)))
    assert _most_magenta(take) == 0


async def test_a_silent_page_gives_no_images(browser: Browser, site: Site, tmp_path: Path):
    url = site.put("/silent", STYLE + FIELD)
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        await take.until(lambda: take.events(Frame))
        before = len(take.events(Frame))
        await take.page.evaluate(
            "document.body.innerHTML += '<p>new'; const end = performance.now() + 1500;"
            "while (performance.now() < end);"
        )
        await take.until(lambda: len(take.events(Frame)) > before)
    assert _most_magenta(take) == 0


def _most_magenta(take: Take) -> int:
    recording = Recording(take.folder)
    most = 0
    for number in sorted({frame.segment for frame in recording.frames()}):
        for _, image in read_segment(recording.segment(number)):
            red, green, blue = (image[..., channel].astype(np.int16) for channel in range(3))
            magenta = (np.minimum(red, blue) - green) > 60
            most = max(most, int(magenta.sum()))
    return most
