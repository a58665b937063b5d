"""The Chromium that task pages run in; replaced when it died, and before it leaks."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.env.server import HOST, PageServer
from harness.errors import InfrastructureError
from recorder.browser.chromium import find_chromium, launch_arguments
from recorder.browser.scripts import listing_script
from recorder.errors import UnsupportedError

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright

AREA = (160, 210)
"""Width and height of a task page in px."""
STAGE_URL = f"http://{HOST}/miniwob/stage.html"
EPOCH_MS = 1_767_268_800_000  # 2026-01-01 12:00 UTC: what every page takes for now
_SCRIPTS = ("clock.js", "drags.js", "faults.js", "stage.js")
_PAGES_A_BROWSER = 64
_FLAGS = (
    # else what a page redraws under the pointer, as pie menus do, cannot be clicked
    "--disable-blink-features=BoundaryEventDispatchTracksNodeRemoval",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-partial-raster",  # else edges differ by one level with what was drawn before
    "--disable-smooth-scrolling",
    "--force-color-profile=srgb",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--hide-scrollbars",
    # garbage and code on the page's own thread: others would only fight for the same cores
    "--js-flags=--single-threaded",
)


def page_server() -> PageServer:
    """Return a server of the stage and of everything that can be shown on it."""
    html = miniwob_pages()
    scripts = files("harness.env") / "scripts"
    constants = (
        f"const EPOCH_MS = {EPOCH_MS}, LISTING = {json.dumps(listing_script())}, "
        f"FAULT_WORDS = {(scripts / 'faults.json').read_text('utf-8')};"
    )
    return PageServer(
        {name: html / name for name in ("miniwob", "core", "common")},
        {
            "/miniwob/stage.html": (scripts / "stage.html").read_text("utf-8"),
            "/miniwob/stage.js": "\n".join(
                [constants, *((scripts / name).read_text("utf-8") for name in _SCRIPTS)]
            ),
        },
    )


@dataclass(slots=True)
class _Running:
    browser: Browser
    opened: int = 0
    pages: int = 0


class Browsers:
    """Gives out pages that show the stage; used within one event loop, as an async context.

    Args:
        headless: open no windows.
    """

    def __init__(self, *, headless: bool = True) -> None:
        self._headless = headless
        self._stack = AsyncExitStack()
        self._running: _Running | None = None
        self._lock = asyncio.Lock()
        self._playwright: Playwright | None = None
        self._server = page_server()

    async def __aenter__(self) -> Self:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - an optional extra

        async with AsyncExitStack() as stack:
            stack.enter_context(self._server)
            self._playwright = await stack.enter_async_context(async_playwright())
            stack.push_async_callback(self._retire)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open(self) -> Lease:
        """Return a fresh page in a context of its own.

        Raises:
            InfrastructureError: Chromium does not start, twice in a row.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        for is_last in (False, True):
            try:
                running = await self._current()
                return await self._open(running)
            except Error as error:
                if is_last:
                    reason = str(error).splitlines()[0]
                    raise InfrastructureError(f"no page to be had: {reason}") from error
        raise AssertionError

    async def _current(self) -> _Running:
        async with self._lock:
            running = self._running
            if running and (
                not running.browser.is_connected() or running.opened >= _PAGES_A_BROWSER
            ):
                await self._retire()
            if not self._running:
                self._running = _Running(await self._launch())
            self._running.opened += 1
            self._running.pages += 1
            return self._running

    async def _launch(self) -> Browser:
        assert self._playwright
        return await self._playwright.chromium.launch(
            executable_path=find_chromium(headless=self._headless),
            headless=self._headless,
            args=[*launch_arguments(), *_FLAGS],
            # Playwright's own would make Chromium ask it about every request
            proxy={"server": self._server.proxy, "bypass": "<-loopback>"},
        )

    async def _retire(self) -> None:
        running, self._running = self._running, None
        if running and not running.pages:
            await running.browser.close()

    async def _open(self, running: _Running) -> Lease:
        context: BrowserContext | None = None
        try:
            context = await running.browser.new_context(
                viewport={"width": AREA[0], "height": AREA[1]},
                locale="en-US",
                timezone_id="UTC",
                color_scheme="light",
                reduced_motion="reduce",
                device_scale_factor=1,
                accept_downloads=False,
                service_workers="block",
            )
            page = await context.new_page()
            context.on("page", _close_popup)
            await page.goto(STAGE_URL)
        except BaseException:
            running.pages -= 1
            raise
        return Lease(self, running, context, page)

    async def give_back(self, running: _Running) -> None:
        """Note that a page was closed, and close a browser that was waiting for that."""
        running.pages -= 1
        if running is not self._running and not running.pages:
            await running.browser.close()


class Lease:
    """A page that shows the stage, until it is closed."""

    def __init__(
        self, browsers: Browsers, running: _Running, context: BrowserContext, page: Page
    ) -> None:
        self.page = page
        self.context = context
        self._browsers = browsers
        self._running = running

    async def close(self) -> None:
        """Close the page, and the browser when it was to be replaced."""
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            await self.context.close()
        except Error:  # it died before
            pass
        finally:
            await self._browsers.give_back(self._running)


def miniwob_pages() -> Path:
    """Return the folder of MiniWoB++'s HTML.

    Raises:
        UnsupportedError: the package is not installed.
    """
    # not imported: it would register environments of its own
    found = find_spec("miniwob")
    if not found or not found.origin:
        raise UnsupportedError("web tasks need pip install 'understudy[harness]'")
    return Path(found.origin).parent / "html"


async def _close_popup(page: Page) -> None:
    await page.close()
