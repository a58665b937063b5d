"""Images are kept in the order in which they were on the screen."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image as Picture

from recorder.browser.cdp import Cdp
from recorder.browser.screencast import Images, Screencast
from recorder.capture import Capture
from recorder.gate import Gate
from recorder.store import Manifest, Recording, RecordingWriter

pytestmark = pytest.mark.asyncio
MS = 1_000_000


class Wire:
    """A DevTools session that sends the images it is told to."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.begun_count = 0
        self._show: Callable[[dict[str, Any]], object] = lambda _: None

    def on(self, _event: str, handler: Callable[[dict[str, Any]], object]) -> None:
        self._show = handler

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        self.begun_count += method == "Page.startScreencast"
        if method == "Page.screencastFrameAck":
            self.acknowledged.append(params["sessionId"])
        return {}

    def show(self, number: int, t_ns: int, shade: int) -> None:
        jpeg = io.BytesIO()
        Picture.new("RGB", (64, 48), (shade, 0, 0)).save(jpeg, "JPEG")
        about = {"monotonicTimestamp": t_ns / 1e9, "deviceWidth": 64}
        found = {"sessionId": number, "metadata": about}
        self._show({**found, "data": base64.b64encode(jpeg.getvalue()).decode()})

    async def until_acknowledged(self, numbers: list[int]) -> None:
        async with asyncio.timeout(10):
            while self.acknowledged != numbers:
                await asyncio.sleep(0.01)


async def _confirm() -> bool:
    return True


async def test_an_older_image_that_comes_late_is_left_out_and_the_screen_looked_at_again(
    tmp_path: Path,
):
    capture = Capture(RecordingWriter(tmp_path / "r", Manifest(name="r", source="browser")), Gate())
    wire = Wire()
    screencast = Screencast(
        cast("Cdp", wire),
        capture,
        "p1",
        images=Images(fps=50),
        confirm=_confirm,
        scaled=lambda _: None,
    )
    running = asyncio.ensure_future(screencast.run())
    async with asyncio.timeout(10):
        while not wire.begun_count:
            await asyncio.sleep(0.01)
    now_ns = capture.clock.now_ns()
    wire.show(1, now_ns - 40 * MS, shade=200)
    await wire.until_acknowledged([1])
    wire.show(2, now_ns - 60 * MS, shade=20)
    await wire.until_acknowledged([1, 2])
    async with asyncio.timeout(10):
        while wire.begun_count < 2:
            await asyncio.sleep(0.01)
    wire.show(3, now_ns - 20 * MS, shade=90)
    await wire.until_acknowledged([1, 2, 3])
    running.cancel()
    await asyncio.wait([running])
    await asyncio.to_thread(capture.close)
    shown = [frame.t_ns for frame in Recording(tmp_path / "r").frames()]
    assert len(shown) >= 1
    assert shown == sorted(shown)
    assert all(abs(t_ns - (now_ns - 60 * MS)) > MS for t_ns in shown)
