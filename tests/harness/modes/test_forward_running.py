"""A run does what was planned or stops: on task pages, with whatever happens to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.env.page import Outcome as Seen
from harness.env.page import PageConfig, TaskPage
from harness.errors import StoppedError
from harness.latch import Latch
from harness.measure.events import Outcome
from harness.modes.fast_forward.planning import Planner
from harness.modes.fast_forward.reader import Reader
from harness.modes.fast_forward.running import PageRan, Runner
from harness.tasks.registry import web_task
from recorder.schema import AgentContext, Ask, Click, Decision, Done, Thresholds
from tests.soak import repeats

pytestmark = [pytest.mark.browser, pytest.mark.slow]

THRESHOLDS = Thresholds(ask_below=0.5, resume_above=0.6, novel_below=0.0, irreversible_below=0.9)
KNOWING = replace(THRESHOLDS, novel_below=0.05)
"""Of a policy that can tell what it has never seen."""
LOGIN = "miniwob-login-user"
INTERRUPTED = ("miniwob-login-user-popup", 6)
"""A question comes in between."""
TASKS = (LOGIN, "miniwob-click-checkboxes", "miniwob-enter-password")
CHANGES = {
    "moved": "document.querySelector('#area').style.paddingTop = '25px'",
    "relabelled": """for (const each of document.querySelectorAll('#area button, #area label')) {
      const text = [...each.childNodes].reverse().find((node) => node.nodeType === 3);
      if (text) text.data = text.data.split("").reverse().join("");
    }""",
    "popup": """const over = document.createElement("div");
      over.style.cssText = "position: fixed; inset: 0; background: white; z-index: 9";
      over.innerHTML = '<input id="code" style="width: 150px; height: 50px"><button id="buy"'
        + ' style="width: 150px; height: 140px">Buy now</button>';
      document.body.append(over);
      over.querySelector("input").focus();""",
    "none": "",
}
# notes what reaches the page, and changes it after so many events
WATCH = """(after) => {
  window.reached = [];
  let seen = 0;
  const words = (node) => (node.closest("label, button")?.textContent ?? node.id).trim();
  const change = () => { CHANGE };
  for (const type of ["mousedown", "click", "keydown", "beforeinput"]) {
    document.addEventListener(type, (event) => {
      window.reached.push([type, event.target.id, words(event.target)].join("/"));
      if (++seen === after) change();
    });
  }
  if (after === 0) change();
}"""


@asynccontextmanager
async def a_page() -> AsyncGenerator[TaskPage]:
    async with Browsers(Chromium.start) as browsers:
        page = TaskPage(browsers, PageConfig(elements=True))
        yield page
        await page.close()


@dataclass(frozen=True)
class Played:
    """What came of a run, and what reached the page."""

    ran: PageRan
    reached: list[str]


@dataclass(frozen=True)
class Change:
    """What becomes of a page, and after how many events."""

    what: str = "none"
    after: int = -1


async def played(
    page: TaskPage, task: str, seed: int, change: Change, thresholds: Thresholds
) -> Played:
    """Run the rest of a task on a page that changes."""
    seen = await page.reset(web_task(task), seed)
    planner = Planner(Reader(), thresholds, "agent")
    runner = Runner(page, planner, is_pictured=False)
    ready = await runner.ready(planner.plan(seen.observation, 0))
    await page.read(WATCH.replace("CHANGE", CHANGES[change.what]), change.after)
    ran = await runner.run(ready, seen, 0)
    return Played(ran, await page.read("() => window.reached"))


def touched(one: Played) -> set[str]:
    """What on a page was touched."""
    return {each.partition("/")[2] for each in one.reached}


async def played_twice(thresholds: Thresholds) -> list[tuple[Played, Played]]:
    """Run tasks on pages that stay, and on the same ones as they change."""
    chance = random.Random(3)
    trials = [
        (task, chance.randrange(2**32), what)
        for _ in range(repeats(2, 56))
        for task in TASKS
        for what in CHANGES
        if what != "none"
    ]
    found: list[tuple[Played, Played]] = []
    async with a_page() as page:
        for task, seed, what in trials:
            whole = await played(page, task, seed, Change(), thresholds)
            change = Change(what, chance.randrange(len(whole.reached)))
            found.append((whole, await played(page, task, seed, change, thresholds)))
    return found


@pytest.mark.timeout(900)  # as a soak
def test_nothing_is_misdirected_on_task_pages_that_change_at_any_moment() -> None:
    found = asyncio.run(played_twice(THRESHOLDS))
    for whole, changed in found:
        assert whole.ran.outcome is Outcome.VERIFIED
        # what reached the page is the beginning of what would have reached it
        assert changed.reached == whole.reached[: len(changed.reached)]
        assert changed.ran.outcome is not Outcome.WRONG
    # the pages did change while inputs were under way
    stopped = [changed.ran.reason for _, changed in found if changed.ran.outcome is Outcome.STOPPED]
    assert len(stopped) > len(found) / 2
    assert all(stopped)


@pytest.mark.timeout(900)  # as a soak
def test_nothing_is_misdirected_by_going_on_after_a_change_either() -> None:
    found = asyncio.run(played_twice(KNOWING))
    for whole, changed in found:
        assert whole.ran.outcome is Outcome.VERIFIED
        # fields may be cleared and filled in again, but no others
        assert touched(changed) <= touched(whole)
        assert changed.ran.outcome is not Outcome.WRONG
    outcomes = {changed.ran.outcome for _, changed in found}
    assert outcomes == {Outcome.VERIFIED, Outcome.STOPPED}


def test_a_policy_goes_on_after_what_comes_in_between_if_it_knows_it() -> None:
    ran = run_of(*INTERRUPTED, Reader(), thresholds=KNOWING)
    assert ran.outcome is Outcome.VERIFIED
    assert ran.split.decide_ms > 0


def test_after_what_came_in_between_the_plan_is_taken_up_without_asking_again() -> None:
    class Counting(Reader):
        """Notes whether it saw the question."""

        def __init__(self) -> None:
            self.saw_question: list[bool] = []

        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            names = {each.name for each in batch[0].observation.elements}
            self.saw_question.append("Cancel" in names)
            return super().decide(batch)

    policy = Counting()
    ran = run_of(*INTERRUPTED, policy, thresholds=KNOWING)
    assert ran.outcome is Outcome.VERIFIED
    assert policy.saw_question[-1]
    assert policy.saw_question.count(True) == 1


def test_a_policy_that_cannot_tell_what_is_new_stops_at_what_comes_in_between() -> None:
    ran = run_of(*INTERRUPTED, Reader())
    assert ran.outcome is Outcome.STOPPED


def test_a_policy_stops_at_what_it_does_not_know() -> None:
    class Stranger(Reader):
        """Has never seen the question."""

        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            (found,) = super().decide(batch)
            is_new = any(each.name == "Cancel" for each in batch[0].observation.elements)
            return [replace(found, novelty=0.0) if is_new else found]

    ran = run_of(*INTERRUPTED, Stranger(), thresholds=KNOWING)
    assert ran.outcome is Outcome.STOPPED
    assert not ran.steps


def run_of(
    task: str,
    seed: int,
    policy: Any,
    *,
    thresholds: Thresholds = THRESHOLDS,
    latch: Latch | None = None,
    prepare: Callable[[TaskPage], Awaitable[object]] | None = None,
) -> PageRan:
    """What comes of running a policy's plan on a task."""

    async def body() -> PageRan:
        async with a_page() as page:
            seen = await page.reset(web_task(task), seed)
            if prepare:
                await prepare(page)
                seen = await looked(page, seen)
            planner = Planner(policy, thresholds, "agent")
            runner = Runner(page, planner, is_pictured=False, latch=latch)
            return await runner.run(await runner.ready(planner.plan(seen.observation, 0)), seen, 0)

    return asyncio.run(body())


async def looked(page: TaskPage, seen: Seen) -> Seen:
    """The page as it is, without touching it."""
    found = await page.took([Click(x=0, y=0)], await page.rested())
    return replace(seen, observation=found.observation)


def test_a_run_says_where_its_time_went() -> None:
    ran = run_of(LOGIN, 1, Reader())
    assert ran.outcome is Outcome.VERIFIED
    assert [each.action.KIND for each in ran.steps] == ["click", "type", "click", "type", "click"]
    assert min(ran.split.capture_ms, ran.split.inject_ms, ran.split.verify_ms) > 0
    assert ran.split.decide_ms == 0


def test_a_page_that_cannot_tell_when_a_plan_is_done_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def untold(self: TaskPage, plan: str) -> None: ...

    monkeypatch.setattr(TaskPage, "rested_after", untold)
    ran = run_of(LOGIN, 1, Reader())
    assert ran.outcome is Outcome.VERIFIED
    assert ran.split.settle_ms > 0


def test_a_run_waits_as_long_as_the_page_needs_and_counts_it() -> None:
    class Opener:
        """Opens what is folded, and knows nothing further."""

        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            elements = batch[0].observation.elements
            tab = next(each for each in elements if each.role == "tab")
            if "expanded" in tab.states:
                return [Decision(Ask(), 0.0, 1.0)]
            return [Decision(Click(x=tab.box[0] + 20, y=tab.box[1] + 5), 0.99, 1.0)]

    unfolded, filled_in = (
        run_of("miniwob-click-collapsible", 1, Opener()),
        run_of(LOGIN, 1, Reader()),
    )
    assert unfolded.outcome is Outcome.STOPPED
    assert "sure" in unfolded.reason
    assert 0 < unfolded.waited_ms < unfolded.split.settle_ms
    assert filled_in.waited_ms == 0


def test_a_run_stops_before_what_cannot_be_undone() -> None:
    rename = "() => { document.querySelector('#subbtn').textContent = 'Delete all'; }"

    class Blunt(Reader):
        """Presses whatever stands where the button was."""

        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            (found,) = super().decide(batch)
            if found.p_accept:
                return [found]
            button = next(each for each in batch[0].observation.elements if each.role == "button")
            return [Decision(Click(x=button.box[0] + 5, y=button.box[1] + 5), 0.99, 1.0)]

    ran = run_of("miniwob-enter-text", 1, Blunt(), prepare=lambda page: page.read(rename))
    assert ran.outcome is Outcome.STOPPED
    assert [each.action.KIND for each in ran.steps] == ["click", "type"]
    assert "undone" in ran.reason


def test_a_wrong_run_is_told_by_the_checker() -> None:
    class Hasty:
        def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
            return [Decision(Done(), 0.99, 1.0)]

    ran = run_of("miniwob-enter-text", 1, Hasty())
    assert (ran.outcome, ran.reason) == (Outcome.WRONG, "the checker says no")


def test_nothing_is_done_once_the_agent_is_stopped(tmp_path: Path) -> None:
    with Latch(tmp_path / "stop") as latch:
        latch.stop("agent")
        with pytest.raises(StoppedError):
            run_of("miniwob-enter-text", 1, Reader(), latch=latch)
