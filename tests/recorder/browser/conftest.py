"""A browser and two sites for the browser recorder's tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from recorder.browser.chromium import find_chromium, launch_arguments
from tests.recorder.browser.servers import Site, serve


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Yield two web servers."""
    with serve() as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncGenerator[Browser]:
    """Yield a Chromium in which frames of another site have processes of their own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_chromium(headless=True),
            args=[*launch_arguments(), "--site-per-process"],
        )
        yield browser
        await browser.close()
