"""The images of one page: taken when it changes, covered before they are compared or kept."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from recorder.browser.cdp import Cdp
from recorder.capture import Capture, Image
from recorder.masks import paint
from recorder.schema import Box, FrameUnchanged, Geometry
from recorder.tiles import Pixels, dirty_boxes

_QUALITY = 90
_BEFORE_NS = 300_000_000  # a field that moves is covered wherever it was this long before
_FUTURE_NS = 50_000_000
_LOOK_AGAIN_S = 0.02
_STALE_NS = 2_000_000_000
_IN_FLIGHT = 2  # Chromium sends no third image before one is acknowledged, and drops what it has


@dataclass(frozen=True, slots=True)
class _Shot:
    picture: str
    """JPEG or PNG, in base 64."""
    t_ns: int
    received_ns: int
    width_css: float


@dataclass(frozen=True, slots=True)
class Images:
    """How the images of a page are taken."""

    fps: int
    """So many a second, at most."""
    lossless: bool = False
    """Every pixel as the browser drew it, for small pages: several times the bytes of JPEG."""


class Screencast:
    """Follows one page's images at a bounded rate, and hands on those that show something new.

    Args:
        cdp: the page's session.
        capture: where images go.
        page: the page's name in the recording.
        images: how often they are taken, and how true they are.
        confirm: asks the page where its secrets are, and returns whether it answered; called
            after an image is here, so that what it says is at least as new as the image.
        scaled: told how many image pixels a CSS pixel has.
    """

    def __init__(
        self,
        cdp: Cdp,
        capture: Capture,
        page: str,
        *,
        images: Images,
        confirm: Callable[[], Awaitable[bool]],
        scaled: Callable[[float], object],
    ) -> None:
        self._cdp = cdp
        self._capture = capture
        self._page = page
        self._period_s = 1 / images.fps
        self._format = "png" if images.lossless else "jpeg"
        self._confirm = confirm
        self._scaled = scaled
        self._newest: _Shot | None = None
        self._newest_ns = 0
        self._unacknowledged: list[int] = []
        self._overflowed = False
        self._arrived = asyncio.Event()
        self.resting = False
        """Whether every image that was announced has been looked at, the last of a burst too."""
        self._previous: Pixels | None = None
        self._keeping = asyncio.Lock()
        self._kept_t_ns = 0
        self.kept_ns = 0
        """When an image was last kept."""
        self.stale = False
        """True when the page may look different from the last image that was kept."""

    async def run(self) -> None:
        """Take images until cancelled; the first comes at once."""
        self._cdp.on("Page.screencastFrame", self._on_frame)
        await self._begin()
        await self._work()

    async def refresh(self) -> None:
        """Ask for an image although nothing changed."""
        self.stale = False
        await self._cdp.send("Page.stopScreencast")
        self._unacknowledged.clear()
        await self._begin()

    async def look(self) -> bool:
        """Keep an image of the page as it is now; return False when there is none to be had.

        It is taken once nothing is covered any more that only moved or went.
        """
        while not self._capture.gate.page_denied(self._page):
            now_ns = self._capture.clock.now_ns()
            boxes = self._capture.gate.masks.since(now_ns - _BEFORE_NS, self._page)
            if not self._is_covered_for_good(boxes):
                await asyncio.sleep(_LOOK_AGAIN_S)
                continue
            shot = await self._photograph()
            if shot is None:
                return False
            if await self._keep(shot):
                now_ns = self._capture.clock.now_ns()
                self._capture.submit(FrameUnchanged(t_ns=now_ns, page=self._page))
                return True
        return False

    async def _photograph(self) -> _Shot | None:
        asked_ns = self._capture.clock.now_ns()
        shot, metrics = await asyncio.gather(
            self._cdp.send("Page.captureScreenshot", format="png", optimizeForSpeed=True),
            self._cdp.send("Page.getLayoutMetrics"),
        )
        if shot is None or metrics is None:
            return None
        received_ns = self._capture.clock.now_ns()
        width_css = metrics["cssVisualViewport"]["clientWidth"]
        return _Shot(shot["data"], asked_ns, received_ns, width_css)

    def forget(self) -> None:
        """Have the next image kept whole, whatever was before."""
        self._previous = None
        self.stale = True

    async def _begin(self) -> None:
        await self._cdp.send("Page.startScreencast", format=self._format, quality=_QUALITY)

    def _on_frame(self, params: dict[str, Any]) -> None:
        received_ns = self._capture.clock.now_ns()
        about = params["metadata"]
        t_ns = round(about.get("monotonicTimestamp", 0.0) * 1e9)
        # older Chromium stamps with the wall clock, which may step: then receipt is nearer
        if not received_ns - _STALE_NS < t_ns < received_ns + _FUTURE_NS:
            t_ns = received_ns
        shot = _Shot(params["data"], min(t_ns, received_ns), received_ns, about["deviceWidth"])
        is_late = shot.t_ns < self._newest_ns  # several are compressed side by side
        if not is_late:
            self._newest, self._newest_ns = shot, shot.t_ns
        self._unacknowledged.append(params["sessionId"])
        is_full = len(self._unacknowledged) >= _IN_FLIGHT
        self._overflowed = self._overflowed or is_full or is_late
        self.resting = False
        self._arrived.set()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._arrived.wait()
            # acknowledging late is what keeps the browser from sending more than is kept
            await asyncio.sleep(max(0.0, due - loop.time()))
            due = max(due, loop.time() - self._period_s / 2) + self._period_s
            self._arrived.clear()
            shot, self._newest = self._newest, None
            overflowed, self._overflowed = self._overflowed, False
            await self._acknowledge()
            if shot and not await self._keep(shot):
                self.stale = True
            if overflowed:
                await self._see_the_end()
            self.resting = not (overflowed or self.stale or self._arrived.is_set())

    async def _see_the_end(self) -> None:
        # the last image of a burst may be among those that the browser dropped
        try:
            async with asyncio.timeout(1.5 * self._period_s):
                await self._arrived.wait()
        except TimeoutError:
            await self.refresh()

    async def _acknowledge(self) -> None:
        numbers, self._unacknowledged = self._unacknowledged, []
        for number in numbers:
            await self._cdp.send("Page.screencastFrameAck", sessionId=number)

    async def _keep(self, shot: _Shot) -> bool:
        async with self._keeping:
            if shot.t_ns < self._kept_t_ns:
                return True  # a newer one is kept already
            is_kept = await self._keep_next(shot)
            self._kept_t_ns = shot.t_ns
        return is_kept

    async def _keep_next(self, shot: _Shot) -> bool:
        start_ns = shot.t_ns - _BEFORE_NS
        if self._capture.gate.page_denied(self._page, start_ns):
            return False
        pixels, confirmed = await asyncio.gather(
            asyncio.to_thread(_decode, shot.picture), self._confirm()
        )
        if not confirmed:
            self._capture.drop_image()
            return False
        if self._previous is None or self._previous.shape != pixels.shape:
            self._resized(pixels, shot)
            await self._confirm()
        boxes = self._capture.gate.masks.since(start_ns, self._page)
        # covered before it is compared: that something was typed into a secret must not show
        dirty = await asyncio.to_thread(_cover_and_compare, pixels, boxes, self._previous)
        if dirty == ():
            return self._is_covered_for_good(boxes)
        image = Image(
            pixels=pixels.copy(),
            start_ns=start_ns,
            t_ns=shot.t_ns,
            end_ns=shot.received_ns,
            dirty=dirty or (),
            page=self._page,
        )
        if not self._capture.submit_image(image):
            return False
        self._previous, self.kept_ns = pixels, shot.received_ns
        return self._is_covered_for_good(boxes)

    def _is_covered_for_good(self, boxes: list[Box]) -> bool:
        # what was covered only because it moved or went is worth another look
        now_ns = self._capture.clock.now_ns()
        return boxes == self._capture.gate.masks.since(now_ns, self._page)

    def _resized(self, pixels: Pixels, shot: _Shot) -> None:
        height, width = pixels.shape[:2]
        self._scaled(width / shot.width_css if shot.width_css else 1.0)
        self._capture.submit(Geometry(t_ns=shot.t_ns, width=width, height=height, page=self._page))


def _decode(picture: str) -> Pixels:
    from PIL import Image as Picture  # noqa: PLC0415 - an optional extra

    with Picture.open(io.BytesIO(base64.b64decode(picture))) as image:
        rgb = np.asarray(image.convert("RGB"))
    bgra = np.full((*rgb.shape[:2], 4), 255, np.uint8)
    bgra[..., :3] = rgb[..., ::-1]
    return bgra


def _cover_and_compare(
    pixels: Pixels, boxes: list[Box], before: Pixels | None
) -> tuple[Box, ...] | None:
    paint(pixels, boxes)
    if before is None or before.shape != pixels.shape:
        return None
    return dirty_boxes(before, pixels)
