"""What the experts of a task do, one page after another, and in which manner."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from random import Random
from typing import Protocol

from harness.errors import ExpertError
from harness.tasks.experts.catalog import expert_of
from harness.tasks.experts.coping import coping
from harness.tasks.experts.dom import Page
from harness.tasks.experts.pacing import WIDTH_PX, Hand, Pace, pace_of
from harness.tasks.experts.slips import Slips
from harness.tasks.task import WebTask
from recorder.schema import Action, Click, Drag, Wait

# what a page that is not as an expert expects makes of its code
_LOST = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
_ACTION_MS = 100  # passes with each action on a page on virtual time
_AREA = (160, 210)  # of a task page
_WIDTH = """(x, y) => {
  const hit = document.elementFromPoint(x, y);
  if (!hit) return 0;
  const { width, height } = hit.getBoundingClientRect();
  return Math.min(width, height);
}"""


class PlayedPage(Page, Protocol):
    """A page that an episode is played on."""

    @property
    def milestones(self) -> int:
        """Pages done in this episode."""
        ...

    @property
    def faults(self) -> Sequence[str]:
        """What is wrong with the page shown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How experts go about a task."""

    paced: bool = False
    """In the time that people take, not at full speed."""
    pace: Pace | None = None
    """This pace instead of the page's own."""
    slips: float = 0.0
    """Share of clicks and texts that go wrong; the expert notices and goes on from there."""
    draws: str = ""
    """Names the draws of paces and slips: another name, others."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One action of an expert."""

    action: Action
    parts: Sequence[Action] = ()
    """How it is drawn out over time; empty at full speed."""
    is_slip: bool = False

    @property
    def condensed(self) -> tuple[Action, ...]:
        """The action after all the time that it takes: for pages on virtual time."""
        if not self.parts or isinstance(self.action, Wait):
            return (self.action,)
        waits = (part.duration_ms for part in self.parts if isinstance(part, Wait))
        return Wait(duration_ms=max(0, sum(waits) - _ACTION_MS)), self.action


FULL_SPEED = Manner()


async def deeds(
    page: PlayedPage, task: WebTask, seed: int, manner: Manner = FULL_SPEED
) -> AsyncGenerator[Deed]:
    """Yield what the experts of a task do, until none of them knows more.

    The caller does each before it asks for the next, and stops at the end of the episode.

    Raises:
        ConfigError: a page of the task has no expert.
        ExpertError: an expert does not find its way.
    """
    rng = Random(f"{task.name}:{seed}")
    key = f"{task.name}:{seed}{manner.draws}"
    slips = Slips(manner.slips, Random(f"slips:{key}"), _AREA)
    is_done = False
    while not is_done:
        before = page.milestones
        path = task.pages[before]
        hand = _hand(manner, path, Random(f"pace:{key}:{before}"))
        expert = coping(expert_of(path), page.faults) if page.faults else expert_of(path)
        is_done = True
        async with aclosing(expert(page, rng)) as actions:  # pyright: ignore[reportArgumentType]
            async for action in _guarded(actions, path):
                slip = await slips.instead(page, action)
                yield await _deed(page, hand, slip or action, is_slip=slip is not None)
                # who slipped looks at the page anew
                if slip is not None or page.milestones != before:
                    is_done = False
                    break


async def _guarded(actions: AsyncIterator[Action], path: str) -> AsyncIterator[Action]:
    try:
        async for action in actions:
            yield action
    except _LOST as error:
        raise ExpertError(f"the expert of {path} lost its way: {error!r}") from error


def _hand(manner: Manner, path: str, rng: Random) -> Hand | None:
    return Hand(manner.pace or pace_of(path), rng, _AREA) if manner.paced else None


async def _deed(page: Page, hand: Hand | None, action: Action, *, is_slip: bool) -> Deed:
    if hand is None:
        return Deed(action, is_slip=is_slip)
    width_px = WIDTH_PX
    match action:
        case Click():
            width_px = await page.read(_WIDTH, action.x, action.y)
        case Drag():
            width_px = await page.read(_WIDTH, *action.path[0])
        case _:
            pass
    return Deed(action, hand.draw_out(action, width_px or WIDTH_PX), is_slip)
