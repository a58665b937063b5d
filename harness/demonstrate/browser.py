"""The browser that demonstrations are recorded in: driven by Playwright, as the recorder needs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from harness.env.chromium import FLAGS, WITHOUT
from harness.env.stage import AREA
from harness.errors import InfrastructureError
from recorder.browser.chromium import find_chromium, launch_arguments, launch_environment

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page


class RecordableChromium:
    """A Chromium whose pages can be recorded."""

    def __init__(self, browser: Browser, stack: AsyncExitStack) -> None:
        self._browser = browser
        self._stack = stack

    @classmethod
    async def start(cls, proxy: str, *, headless: bool = True) -> RecordableChromium:
        """Start a browser whose only network is a proxy.

        Raises:
            InfrastructureError: it does not start.
            UnsupportedError: there is none to start.
        """
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - optional extra

        async with AsyncExitStack() as stack:
            playwright = await stack.enter_async_context(async_playwright())
            try:
                browser = await playwright.chromium.launch(
                    executable_path=find_chromium(headless=headless),
                    headless=headless,
                    args=[*launch_arguments(WITHOUT), *FLAGS],
                    env=launch_environment(),
                    proxy={"server": proxy, "bypass": "<-loopback>"},
                )
            except Error as error:
                raise InfrastructureError(str(error).splitlines()[0]) from error
            stack.push_async_callback(browser.close)
            return cls(browser, stack.pop_all())

    @property
    def is_open(self) -> bool:
        """False once it ended."""
        return self._browser.is_connected()

    async def open(self, url: str) -> RecordableTab:
        """Open a page in a context of its own.

        Raises:
            InfrastructureError: the browser is gone.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            context = await self._browser.new_context(
                viewport={"width": AREA[0], "height": AREA[1]},
                locale="en-US",
                timezone_id="UTC",
                color_scheme="light",
                reduced_motion="reduce",
                device_scale_factor=1,
                accept_downloads=False,
            )
            page = await context.new_page()
            context.on("page", _close_popup)
            await page.goto(url)
        except Error as error:
            raise InfrastructureError(str(error).splitlines()[0]) from error
        return RecordableTab(context, page)

    async def close(self) -> None:
        """End it."""
        await self._stack.aclose()


class RecordableTab:
    """A page that can be recorded, in a context of its own."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context = context
        self.page = page

    async def close(self) -> None:
        """Close the page.

        Raises:
            InfrastructureError: it is gone.
        """
        from playwright.async_api import Error  # noqa: PLC0415 - an optional extra

        try:
            await self.context.close()
        except Error as error:
            raise InfrastructureError(str(error).splitlines()[0]) from error


async def _close_popup(page: Page) -> None:
    await page.close()
