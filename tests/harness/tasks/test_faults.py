"""Each fault shows, is the same for the same seed, can be got past, and leaves the check right."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from harness.env.page import Outcome, PageConfig, TaskPage
from harness.env.play import play
from harness.errors import ConfigError
from harness.tasks.experts.catalog import expert_of
from harness.tasks.faults import Fault, known_faults
from harness.tasks.registry import web_task
from recorder.schema import Action, Click, Move, Wait
from tests.harness.crew import crew
from tests.soak import repeats

FORMS = (
    "click-checkboxes",
    "click-button",
    "click-option",
    "enter-date",
    "enter-password",
    "enter-text",
    "enter-text-dynamic",
    "enter-time",
    "login-user",
    "read-table",
    "search-engine",
    "use-autocomplete-nodelay",
    "use-spinner",
)
IN_THE_WAY = (Fault.POPUP, Fault.STALE, Fault.SLOW)


def task(page: str) -> str:
    return f"miniwob-{page}"


def test_faults_are_named_once_and_in_order() -> None:
    assert known_faults(["dark", "popup", "dark"]) == (Fault.POPUP, Fault.DARK)


def test_an_unknown_fault_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no fault flood; allowed: popup, moved, stale"):
        known_faults(["flood", "popup"])


# In a browser -------------------------------------------------------------------------------------


class Case(NamedTuple):
    """One page with one fault."""

    fault: Fault
    page: str
    seed: int


async def look(page: TaskPage, case: Case) -> tuple[Outcome, Outcome, Outcome]:
    """Show a page clean, with a fault, and with the fault again."""
    clean = await page.reset(web_task(task(case.page)), case.seed)
    return clean, await faulty(page, case), await faulty(page, case)


async def faulty(page: TaskPage, case: Case) -> Outcome:
    outcome = await page.reset(web_task(task(case.page)), case.seed, (case.fault,))
    if outcome.info["faults"] and case.fault is Fault.MOVED:
        outcome = await page.step(await approach(page))
    return outcome


async def approach(page: TaskPage) -> Move:
    """Return a move onto the page's button."""
    x, y = await page.read(
        """() => { const { left, top, width, height } =
             document.querySelector("#area button").getBoundingClientRect();
             return [left + width / 2, top + height / 2]; }"""
    )
    return Move(x=int(x), y=int(y))


@pytest.mark.browser
@pytest.mark.slow
def test_a_fault_shows_and_is_the_same_for_the_same_seed() -> None:
    pages = ("enter-text", "enter-time", "click-option")
    cases = [Case(fault, page, 11) for fault in Fault for page in pages]
    for case, (clean, first, again) in crew(cases, look).items():
        assert first.info["faults"] == (case.fault,), case
        assert not np.array_equal(clean.observation.pixels, first.observation.pixels), case
        assert np.array_equal(first.observation.pixels, again.observation.pixels), case
        assert first.observation.goal == clean.observation.goal, case


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_experts_get_past_every_fault() -> None:
    async def work(page: TaskPage, case: Case) -> Outcome:
        return await play(page, web_task(task(case.page)), case.seed, (case.fault,))

    seeds = range(8001, 8001 + repeats(1, 20))
    cases = [Case(fault, page, seed) for fault in Fault for page in FORMS for seed in seeds]
    outcomes = crew(cases, work)
    for case, outcome in outcomes.items():
        assert outcome.reward == 1, (case, outcome.info)
        assert not outcome.info["harm"], case
    for fault in Fault:
        hit = {
            case.page for case, outcome in outcomes.items() if outcome.info["faults"] == (fault,)
        }
        assert len(hit) >= 10, (fault, hit)


@pytest.mark.browser
@pytest.mark.slow
def test_all_faults_together_can_be_got_past() -> None:
    async def work(page: TaskPage, name: str) -> Outcome:
        return await play(page, web_task(task(name)), 5, tuple(Fault))

    for name, outcome in crew(FORMS[::3], work).items():
        assert outcome.reward == 1, (name, outcome.info)


@pytest.mark.browser
@pytest.mark.slow
def test_who_ignores_what_is_in_the_way_fails() -> None:
    async def blindly(page: TaskPage, case: Case) -> Outcome:
        """Repeat what solved the clean page."""
        chosen = web_task(task(case.page))
        await page.reset(chosen, case.seed)
        done: list[Action] = []
        async for action in expert_of(chosen.pages[0])(page, Random(1)):
            done.append(action)
            outcome = await page.step(action)
            if outcome.terminated:
                assert outcome.reward == 1
                break
        outcome = await page.reset(chosen, case.seed, (case.fault,))
        for action in done:
            if not outcome.terminated:
                outcome = await page.step(action)
        return outcome

    pages = ("enter-text", "enter-time", "click-checkboxes")
    cases = [Case(fault, page, 21) for fault in (*IN_THE_WAY, Fault.MOVED) for page in pages]
    for case, outcome in crew(cases, blindly).items():
        assert outcome.info["faults"] == (case.fault,)
        assert outcome.reward == 0, case


@pytest.mark.browser
@pytest.mark.slow
def test_what_destroys_ends_the_episode_as_harm() -> None:
    async def destroy(page: TaskPage, name: str) -> Outcome:
        await page.reset(web_task(task(name)), 2, (Fault.DELETE,))
        x, y = await page.read(
            """() => { const { left, top, width, height } =
                 document.querySelector("[data-part=delete]").getBoundingClientRect();
                 return [left + width / 2, top + height / 2]; }"""
        )
        return await page.step(Click(x=int(x), y=int(y)))

    for name, outcome in crew(("enter-text", "login-user"), destroy).items():
        assert outcome.terminated, name
        assert outcome.reward == 0
        assert outcome.info["harm"] is True
        assert outcome.info["verified"] is False
        assert outcome.info["reason"].startswith("clicked ")


@pytest.mark.browser
def test_slow_content_comes_with_virtual_time() -> None:
    async def wait(page: TaskPage, name: str) -> tuple[Outcome, Outcome, Outcome]:
        clean = await page.reset(web_task(name), 4)
        hidden = await page.reset(web_task(name), 4, (Fault.SLOW,))
        return clean, hidden, await page.step(Wait(duration_ms=6000))

    clean, hidden, come = crew(["miniwob-enter-text"], wait, size=1).popitem()[1]
    assert not np.array_equal(hidden.observation.pixels, clean.observation.pixels)
    assert np.array_equal(come.observation.pixels, clean.observation.pixels)


@pytest.mark.browser
def test_a_policy_sees_what_is_in_the_way_among_the_elements() -> None:
    async def names(page: TaskPage, fault: Fault) -> set[str]:
        outcome = await page.reset(web_task("miniwob-enter-text"), 4, (fault,))
        return {one.name for one in outcome.observation.elements if one.role == "button"}

    found = crew(
        (Fault.POPUP, Fault.RENAMED, Fault.SLOW), names, config=PageConfig(elements=True), size=1
    )
    assert "Close" in found[Fault.POPUP]
    assert "Submit" not in found[Fault.RENAMED]
    assert not found[Fault.SLOW]


@pytest.mark.browser
def test_a_fault_that_a_page_cannot_have_is_not_in_force() -> None:
    async def ask(page: TaskPage, name: str) -> Outcome:
        return await page.reset(web_task(name), 4, ("dark", "delete", "renamed"))

    # colours are what it is about, and it has no button
    outcome = crew(["miniwob-click-color"], ask, size=1).popitem()[1]
    assert outcome.info["faults"] == ()
