"""Task pages for callers that are not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.loop import LoopThread
from harness.env.page import PageConfig, TaskPage

Result = TypeVar("Result")


class TaskPages:
    """Task pages side by side in one Chromium, on an event loop in a thread of its own.

    Args:
        count: how many.
        config: how they are shown.
    """

    def __init__(self, count: int, config: PageConfig) -> None:
        self._loop = LoopThread()
        self._browsers = Browsers(Chromium.start)
        self.run(self._browsers.__aenter__())
        self.pages = [TaskPage(self._browsers, config) for _ in range(count)]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine where the pages live."""
        return self._loop.run(work)

    def close(self) -> None:
        """Close the pages and their browser."""
        try:
            self.run(self._close())
        finally:
            self._loop.close()

    async def _close(self) -> None:
        await asyncio.gather(*(page.close() for page in self.pages))
        await self._browsers.__aexit__()
