"""One recorded browser context, and what became of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from playwright.async_api import Browser, BrowserContext, Page

from recorder.browser.recorder import BrowserRecorder
from recorder.capture import Capture
from recorder.clock import Clock
from recorder.gate import Gate, Rules
from recorder.ledger import Ledger
from recorder.schema import Event, PointerButton
from recorder.store import Manifest, Recording, RecordingWriter

VIEWPORT = (800, 600)
_DEADLINE_S = 20.0
E_ = TypeVar("E_", bound=Event)


@dataclass
class Take:
    """A running recording; readable at any moment, and after the block."""

    folder: Path
    capture: Capture
    context: BrowserContext
    recorder: BrowserRecorder
    ledger: Ledger
    page: Page

    def events(self, kind: type[E_]) -> list[E_]:
        """Return what is on disk of one kind."""
        return [event for event in Recording(self.folder).events() if isinstance(event, kind)]

    def presses(self) -> list[PointerButton]:
        """Return the trusted presses on disk."""
        return [event for event in self.events(PointerButton) if event.down and event.trusted]

    async def until(self, is_so: Callable[[], object], what: str = "") -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: it is not, after a long time.
        """
        deadline = time.monotonic() + _DEADLINE_S
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(what or "what the test waits for does not happen")
            await asyncio.sleep(0.02)

    async def until_pressed(self, count: int) -> list[PointerButton]:
        """Wait for a number of trusted presses to be on disk, and return them."""
        await self.until(lambda: len(self.presses()) >= count, f"{count} presses")
        return self.presses()

    def bytes(self) -> bytes:
        """Return every byte of the recording."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return b"".join(path.read_bytes() for path in paths)


@asynccontextmanager
async def recorded(
    browser: Browser,
    folder: Path,
    *,
    rules: Rules | None = None,
    clock: Clock | None = None,
    fps: int = 10,
    urls: Sequence[str] = (),
) -> AsyncGenerator[Take]:
    """Record a fresh context with one page for the length of the block."""
    ledger = Ledger()
    width, height = VIEWPORT
    context = await browser.new_context(viewport={"width": width, "height": height})
    manifest = Manifest(name=folder.name, source="browser", consent="a test")
    capture = Capture(RecordingWriter(folder, manifest), Gate(rules), clock=clock)
    try:
        async with BrowserRecorder(context, capture, ledger=ledger, fps=fps) as recorder:
            page = await context.new_page()
            await recorder.ready()
            for url in urls:
                await page.goto(url)
            yield Take(folder, capture, context, recorder, ledger, page)
    finally:
        await asyncio.to_thread(capture.close)
        await context.close()
