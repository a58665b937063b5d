"""The recorder of one browser context: every page that it has, and every one that opens."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

from recorder.browser.page import PageWatcher, Wiring
from recorder.browser.screencast import Images
from recorder.browser.scripts import Names, early_script
from recorder.capture import MAX_FPS, Capture
from recorder.errors import ConfigError
from recorder.ledger import Ledger
from recorder.schema import HeldState, InputEvent, PointerButton, PointerMove

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

DEFAULT_FPS = 10


class BrowserRecorder:
    """Records a Playwright context into a capture, for the length of an `async with` block.

    Args:
        context: of a Chromium; it may have pages already.
        capture: the running recording; several contexts need one each.
        ledger: what our own executors do in this context.
        fps: images per second of each page, at most.
        lossless: take every pixel as the browser drew it: for small pages.

    Raises:
        ConfigError: the rate is not from 1 to 60.
    """

    def __init__(
        self,
        context: BrowserContext,
        capture: Capture,
        *,
        ledger: Ledger | None = None,
        fps: int = DEFAULT_FPS,
        lossless: bool = False,
    ) -> None:
        if not 1 <= fps <= MAX_FPS:
            raise ConfigError(f"cannot record {fps} frames a second; allowed: 1 to {MAX_FPS}")
        self.capture = capture
        self._context = context
        begun_ns = capture.clock.now_ns()
        images = Images(fps, lossless)
        names = Names(trusted=capture.gate.rules.trust_domains)
        self._wiring = Wiring(context, capture, names, images, ledger, self._remember, begun_ns)
        self._undo = AsyncExitStack()
        self._watchers: dict[object, PageWatcher] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self._pointer = (0, 0)
        self._buttons: set[str] = set()

    async def __aenter__(self) -> Self:
        names = self._wiring.names
        bound = await self._context.expose_binding(names.report, self._on_early)
        await self._undo.enter_async_context(bound)
        added = await self._context.add_init_script(early_script(names))
        await self._undo.enter_async_context(added)
        self._context.on("page", self._on_page)
        await asyncio.gather(*(self._watch(page) for page in self._context.pages))
        return self

    async def __aexit__(self, *_: object) -> None:
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        self._context.remove_listener("page", self._on_page)
        await self.ready()
        await asyncio.gather(*(watcher.stop() for watcher in self._watchers.values()))
        with suppress(Error):  # the person closed the browser, and all this with it
            await self._undo.aclose()

    async def ready(self) -> None:
        """Return when every page that is open now is being recorded."""
        await asyncio.gather(*self._starting)

    def page_name(self, page: Page | None) -> str:
        """Return what the recording calls a page, empty when it is none of this context."""
        watcher = self._watchers.get(page) if page else None
        return watcher.name if watcher else ""

    async def secrecy(self, page: object) -> str:
        """Return "" when what has the keyboard focus is no secret; else secret or unknown."""
        watcher = self._watchers.get(page)
        return await watcher.secrecy() if watcher else "unknown"

    async def look(self, page: Page) -> bool:
        """Keep an image and the elements of a page as it is now, where they are new.

        Whoever acts next acts on what the recording shows. Returns False when there is nothing to
        see: the page is gone, or must not be recorded.
        """
        watcher = self._watchers.get(page)
        return watcher is not None and await watcher.look()

    def held_state(self) -> HeldState:
        """Return what is held down, as far as the pages have told."""
        x, y = self._pointer
        now_ns = self._wiring.capture.clock.now_ns()
        return HeldState(t_ns=now_ns, x=x, y=y, buttons=tuple(sorted(self._buttons)))

    def _on_early(self, source: dict[str, Any], payload: str) -> None:
        page, frame = source["page"], source["frame"]
        watcher = self._watchers.get(page)
        if watcher:
            watcher.heard_early(payload, in_main=frame.parent_frame is None)

    def _on_page(self, page: Page) -> None:
        task = asyncio.ensure_future(self._watch(page))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _watch(self, page: Page) -> None:
        name = f"p{len(self._watchers) + 1}"
        opener = await page.opener()
        watcher = PageWatcher(page, name, self._wiring, opener=self.page_name(opener))
        self._watchers[page] = watcher
        await watcher.start()

    def _remember(self, event: InputEvent) -> None:
        match event:
            case PointerMove():
                self._pointer = (event.x, event.y)
            case PointerButton():
                self._pointer = (event.x, event.y)
                (self._buttons.add if event.down else self._buttons.discard)(event.button)
            case _:
                return
