"""Experts go on from wherever an agent has left off, and stop when nothing helps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from random import Random
from typing import Any, TypeAlias

import pytest

from harness.env.page import TaskPage
from harness.tasks.experts.catalog import expert_of
from harness.tasks.experts.deciding import deciding, drag
from harness.tasks.experts.dom import Expert, Page, click, spot, spots
from harness.tasks.registry import web_task
from harness.tasks.task import WebTask
from recorder.schema import Action, Click, Drag, KeyChord, TypeText, Wait
from tests.harness.crew import crew
from tests.soak import repeats

Deed: TypeAlias = Action | str
"""An action, or the selector of an element to click."""

LEFT: Mapping[str, Sequence[Deed]] = {
    "ascending-numbers": ["#area text"],
    "book-flight": ["#flight-from", TypeText(text="Albany"), KeyChord(key="Tab")],
    "choose-date": ["#datepicker", ".ui-datepicker-calendar a"],
    "choose-date-easy": ["#datepicker", KeyChord(key="Escape"), Wait(duration_ms=500)],
    "choose-list": ["#options", KeyChord(key="ArrowDown"), KeyChord(key="Enter")],
    "click-button-sequence": ["#subbtn"],
    "click-checkboxes-large": ["#area label input"],
    "click-collapsible-2": ["#area h3"],
    "click-menu-2": ["#open-menu"],
    "click-pie": [Click(x=80, y=130)],
    "click-scroll-list": ["#options option"],
    "click-shades": ["#area span"],
    "copy-paste": ["#answer-input", TypeText(text="nothing")],
    "daily-calendar": [Drag(path=((56, 120), (56, 123), (130, 123), (130, 72)))],
    "drag-circle": [Drag(path=((80, 110), (60, 100), (100, 100)))],
    "email-inbox-forward": [".email-thread .email-sender", ".email-reply", "#reply-text"],
    "enter-time": ["#tt", TypeText(text="11")],
    "form-sequence": ["#checkbox-1", "#checkbox-2", "#checkbox-3"],
    "form-sequence-3": [".selectric"],
    "guess-number": ["#tt", TypeText(text="5"), "#subbtn"],
    "highlight-text-2": ["#randomText p"],
    "login-user": ["#username", TypeText(text="nobody"), KeyChord(key="Tab")],
    "order-food": [".food-item .add", ".food-item .add"],
    "phone-book": ["#pagination .next a", "#pagination .next a"],
    "search-engine": ["#search-text", TypeText(text="nobody"), "#search"],
    "social-media-all": [".media .like", ".media .share"],
    "terminal": ["#terminal", TypeText(text="rm no")],
    "text-editor": [".ql-color .ql-picker-label"],
    "use-autocomplete": ["#tags", TypeText(text="Nowhere")],
    "use-slider": ["#slider"],
}


async def perform(page: TaskPage, left: Sequence[Deed]) -> None:
    for deed in left:
        if not isinstance(deed, str):
            await page.step(deed)
        elif target := await spot(page, deed):
            await page.step(click(target))


async def finish(page: TaskPage, task: WebTask, seed: int) -> float:
    async with aclosing(expert_of(task.pages[0])(page, Random(seed))) as actions:  # pyright: ignore[reportArgumentType]
        async for action in actions:
            outcome = await page.step(action)
            if outcome.terminated or outcome.truncated:
                return outcome.reward
    return 0.0


async def finish_left(page: TaskPage, job: tuple[str, int]) -> float:
    name, seed = job
    task = web_task(f"miniwob-{name}")
    await page.reset(task, seed)
    await perform(page, LEFT[name])
    return await finish(page, task, seed)


@pytest.mark.browser
@pytest.mark.slow
def test_an_expert_finishes_what_an_agent_left_half_done() -> None:
    jobs = [(name, seed) for name in LEFT for seed in range(300, 300 + repeats(1, 20))]
    rewards = crew(jobs, finish_left)
    assert [job for job, reward in rewards.items() if reward != 1] == []


async def finish_heap(page: TaskPage, seed: int) -> float:
    """Let the expert sort out shapes that were all dragged into the box."""
    task = web_task("miniwob-drag-shapes")
    await page.reset(task, seed)
    box = await spot(page, "#shape-container")
    assert box
    for number in range(len(await spots(page, "#area_svg > *")) - 1):
        shape = (await spots(page, "#area_svg > *"))[number]
        await page.step(drag(shape.center, box.center))
    return await finish(page, task, seed)


@pytest.mark.browser
@pytest.mark.slow
def test_an_expert_takes_out_of_a_box_what_does_not_belong_there() -> None:
    rewards = crew(range(300, 300 + repeats(1, 20)), finish_heap)
    assert set(rewards.values()) == {1.0}


class NoPage:
    """A page on which nothing ever changes."""

    goal = ""

    async def read(self, function: str, *values: Any) -> Any:
        """Return nothing."""


async def actions_of(expert: Expert, page: Page) -> list[Action]:
    actions: AsyncIterator[Action] = expert(page, Random(0))
    return [action async for action in actions]


def test_an_expert_stops_when_what_it_does_changes_nothing() -> None:
    async def insist(page: Page) -> Action | None:
        return Wait(duration_ms=10)

    assert 1 < len(asyncio.run(actions_of(deciding(insist), NoPage()))) < 50


def test_an_expert_stops_when_nothing_is_left_to_do() -> None:
    async def rest(page: Page) -> Action | None:
        return None

    assert asyncio.run(actions_of(deciding(rest), NoPage())) == []
