"""Pages on which a text is to be copied from one field into another."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.dom import Expert, Page, click, spots, submit
from recorder.schema import Action, KeyChord

_ALL = KeyChord(key="a", modifiers=("ctrl",))
_COPY = KeyChord(key="c", modifiers=("ctrl",))
_PASTE = KeyChord(key="v", modifiers=("ctrl",))


async def copy_text(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Copy the text area that the goal names, or the only one, into the field and submit."""
    found = re.search(r"the (\d)\w\w text area", page.goal)
    source = (await spots(page, "#area textarea"))[int(found[1]) - 1 if found else 0]
    (field,) = await spots(page, "#answer-input")
    if field.value != source.value:
        for action in (click(source), _ALL, _COPY, click(field)):
            yield action
        if field.value:
            yield _ALL
        yield _PASTE
    async for action in submit(page):
        yield action


EXPERTS: dict[str, Expert] = {"copy-paste": copy_text, "copy-paste-2": copy_text}
