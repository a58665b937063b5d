"""Experts on faulty pages: whoever knows the page also gets past what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from random import Random
from typing import Any

from harness.tasks.experts.dom import Expert, Page
from harness.tasks.faults import Fault
from recorder.schema import Action, Click, Move, Wait

_LOOK_MS = 500
_LOOKS = 20  # more than the slowest page takes

# what is in the way, the topmost first: its kind and the middle of the button that ends it
_IN_THE_WAY = """() => {
  for (const kind of ["popup", "stale", "slow"]) {
    const part = document.querySelector(`[data-part=${kind}]`);
    if (!part) continue;
    const button = [...part.shadowRoot.querySelectorAll("button")].at(-1);
    const { left, top, width, height } = (button ?? part).getBoundingClientRect();
    return [kind, Math.floor(left + width / 2), Math.floor(top + height / 2)];
  }
  return null;
}"""
# keeps hold of what is at a pixel, and says where it is
_AIM = """(x, y) => {
  document.aimed = document.elementFromPoint(x, y);
  const { left, top } = document.aimed?.getBoundingClientRect() ?? { left: 0, top: 0 };
  return [left, top];
}"""
_AIMED = """() => {
  const { left, top } = document.aimed?.getBoundingClientRect() ?? { left: 0, top: 0 };
  return [left, top];
}"""


def coping(expert: Expert, faults: Collection[str]) -> Expert:
    """Return an expert that does the same on pages with these faults.

    Words of the same meaning and buttons that destroy need no more than the expert itself: it knows
    each button by what it does.
    """

    async def cope(page: Page, rng: Random) -> AsyncIterator[Action]:
        async with aclosing(_cleared(page)) as clearing:
            async for action in clearing:
                yield action
        async with aclosing(expert(page, rng)) as actions:  # pyright: ignore[reportArgumentType]
            async for action in actions:
                if Fault.MOVED in faults and isinstance(action, Click):
                    before = await page.read(_AIM, action.x, action.y)
                    yield Move(x=action.x, y=action.y)
                    yield _followed(action, before, await page.read(_AIMED))
                else:
                    yield action

    return cope


async def _cleared(page: Page) -> AsyncGenerator[Action, None]:
    for _ in range(_LOOKS):
        found: list[Any] | None = await page.read(_IN_THE_WAY)
        match found:
            case None:
                return
            case [Fault.SLOW, _, _]:
                yield Wait(duration_ms=_LOOK_MS)
            case [_, x, y]:
                yield Click(x=x, y=y)
            case _:
                raise AssertionError(found)


def _followed(action: Click, before: list[float], after: list[float]) -> Click:
    """Return a click on what has moved, where it is now."""
    x, y = (
        int(at + now - then)
        for at, now, then in zip((action.x, action.y), after, before, strict=True)
    )
    return Click(x=x, y=y, button=action.button, count=action.count, modifiers=action.modifiers)
