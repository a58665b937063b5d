"""Pages on which a text is to be copied from one field into another."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, fill, spots, submit
from recorder.schema import Action


async def copy_text(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Type what stands in the text area that the goal names, or in the only one, and submit."""
    found = re.search(r"the (\d)\w\w text area", page.goal)
    source = (await spots(page, "#area textarea"))[int(found[1]) - 1 if found else 0]
    # pages that are open side by side share one clipboard
    async for action in fill(page, "#answer-input", source.value):
        yield action
    async for action in submit(page):
        yield action


EXPERTS: dict[str, Expert] = {"copy-paste": copy_text, "copy-paste-2": copy_text}
