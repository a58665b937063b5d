"""A look puts the page as it is now into the recording; pages of our own hold no secrets."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from recorder.align import plan
from recorder.browser.actor import BrowserActor
from recorder.gate import Rules
from recorder.schema import (
    Click,
    Controller,
    ElementSnapshot,
    Frame,
    FrameUnchanged,
    Move,
    Redacted,
    TypeText,
    Wait,
)
from recorder.store import Recording
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import recorded
from tests.soak import repeats

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = """<body style="margin:0">
<button style="width:200px;height:200px" onclick="this.n = ((this.n ?? 0) + 1) % 2;
  this.textContent = this.style.background = ['red', 'blue'][this.n]">white</button>
<input type="password" style="position:absolute;left:0;top:300px"></body>"""


@pytest.mark.slow
async def test_each_action_is_paired_with_what_the_one_before_did(
    browser: Browser, tmp_path: Path
) -> None:
    count = repeats(6, 200)
    async with recorded(browser, tmp_path / "r", fps=1) as take:
        await take.page.set_content(PAGE)
        actor = BrowserActor(take.page, take.ledger, Controller.SCRIPT, "a", recorder=take.recorder)
        for _ in range(count):
            assert await take.recorder.look(take.page)
            await actor.perform(Click(x=50, y=50))
    (episode,) = plan(list(Recording(tmp_path / "r").events()))
    shown = [next(e.text for e in s.elements if e.role == "button") for s in episode.steps]
    assert shown == ["white", *["blue", "red"] * count][:count]
    assert len({step.frame.index for step in episode.steps}) == count


async def test_a_look_at_what_has_not_changed_says_so(browser: Browser, tmp_path: Path) -> None:
    async with recorded(browser, tmp_path / "r", fps=1) as take:
        await take.page.set_content(PAGE)
        await take.recorder.look(take.page)
        await take.recorder.look(take.page)
    events = list(Recording(tmp_path / "r").events())
    looks = [event.t_ns for event in events if isinstance(event, FrameUnchanged)]
    assert len(looks) >= 2
    assert max(e.t_ns for e in events if isinstance(e, Frame)) < max(looks)


async def test_there_is_nothing_to_see_of_a_page_that_is_closed(
    browser: Browser, tmp_path: Path
) -> None:
    async with recorded(browser, tmp_path / "r") as take:
        await take.page.close()
        assert not await take.recorder.look(take.page)


@pytest.mark.slow
@pytest.mark.parametrize("trusted", [True, False])
async def test_only_pages_that_are_trusted_show_what_is_typed_into_secret_fields(
    browser: Browser, tmp_path: Path, site: Site, trusted: bool
) -> None:
    host = urlsplit(site.here).hostname or ""
    rules = Rules(trust_domains=(host,) if trusted else ("else.example",))
    urls = [site.put("/form", PAGE)]
    async with recorded(browser, tmp_path / "r", rules=rules, urls=urls) as take:
        actor = BrowserActor(take.page, take.ledger, Controller.SCRIPT, "a", recorder=take.recorder)
        for action in (Click(x=20, y=310), TypeText(text="hunter2")):
            await take.recorder.look(take.page)
            await actor.perform(action)
        await take.recorder.look(take.page)
    events = list(Recording(tmp_path / "r").events())
    values = {e.value for s in events if isinstance(s, ElementSnapshot) for e in s.elements}
    assert ("hunter2" in values) is trusted
    assert (b"hunter2" in take.bytes()) is trusted
    assert any(isinstance(event, Redacted) for event in events) is not trusted
    assert any(isinstance(event, Frame) and event.masked for event in events) is not trusted


async def test_an_action_that_is_drawn_out_is_one_action(browser: Browser, tmp_path: Path) -> None:
    click = Click(x=50, y=50)
    async with recorded(browser, tmp_path / "r", fps=1) as take:
        await take.page.set_content(PAGE)
        actor = BrowserActor(take.page, take.ledger, Controller.SCRIPT, "a", recorder=take.recorder)
        await take.recorder.look(take.page)
        parts = [
            Wait(duration_ms=20),
            Move(x=10, y=10),
            Wait(duration_ms=20),
            Move(x=49, y=49),
            click,
        ]
        await actor.perform(click, parts)
    (episode,) = plan(list(Recording(tmp_path / "r").events()))
    (step,) = episode.steps
    assert step.gesture.action == click
    assert step.gesture.end_ns - step.gesture.begin_ns >= 40_000_000
    assert step.cursor == (0, 0)
