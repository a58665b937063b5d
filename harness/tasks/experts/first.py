"""Experts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, click, spot
from recorder.schema import Action


async def click_test(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Click the only button."""
    if button := await spot(page, "#area button"):
        yield click(button)


EXPERTS: dict[str, Expert] = {"click-test": click_test}
