"""Browsers are given out, replaced and ended, whatever became of their pages."""

from __future__ import annotations

import psutil
import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium

pytestmark = pytest.mark.browser


def _browsers() -> list[psutil.Process]:
    # other tests may have left a helper of Python's own, such as the one that tracks shared memory
    return [each for each in psutil.Process().children() if "python" not in each.name()]


async def test_pages_that_nobody_closed_do_not_keep_a_browser() -> None:
    async with Browsers(Chromium.start) as browsers:
        await browsers.open()
        assert _browsers()
    assert not _browsers()


async def test_a_browser_that_was_killed_is_replaced() -> None:
    async with Browsers(Chromium.start) as browsers:
        first = await browsers.open()
        (process,) = _browsers()
        process.kill()
        await first.close()
        second = await browsers.open()
        answer = await second.tab.send("Runtime.evaluate", {"expression": "40 + 2"})
        assert answer["result"]["value"] == 42
        await second.close()
