"""Every event says who made it: a person, our own executor, or the page itself."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession

from recorder.browser.actor import BrowserActor
from recorder.errors import ConfigError
from recorder.ledger import Ledger
from recorder.schema import (
    Action,
    AgentAction,
    Ask,
    Click,
    Controller,
    Done,
    Drag,
    Key,
    KeyChord,
    Move,
    PointerButton,
    PointerMove,
    Scroll,
    ScrollBy,
    TextInput,
    TypeText,
    Wait,
)
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import recorded
from tests.soak import repeats

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
CLICKS = repeats(300, 3000)
TURNS = (("human",), ("robot",), ("page",), ("human", "page"), ("robot", "page"))
ROWS = "<body style='margin:0;height:600px'><a></a>"


async def _press(session: CDPSession, x: int, y: int) -> None:
    for kind in ("mousePressed", "mouseReleased"):
        about: dict[str, Any] = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        await session.send("Input.dispatchMouseEvent", about)


async def test_human_script_and_page_clicks_are_told_apart(
    browser: Browser, site: Site, tmp_path: Path
):
    """Who clicked is told by the row: 10 + n is the person's, 300 + n the script's."""
    chance = random.Random(7)
    async with recorded(browser, tmp_path / "r", urls=[site.put("/rows", ROWS)]) as take:
        human = await take.context.new_cdp_session(take.page)
        actor = BrowserActor(take.page, take.ledger, Controller.SCRIPT, "robot")
        made = {"human": 0, "robot": 0, "page": 0}

        async def click(who: str) -> None:
            made[who] += 1
            x = chance.randrange(700)
            match who:
                case "human":
                    await _press(human, x, 10 + chance.randrange(200))
                case "robot":
                    await actor.perform(Click(x=x, y=300 + chance.randrange(200)))
                case _:
                    await take.page.evaluate("document.querySelector('a').click()")

        while sum(made.values()) < CLICKS:
            await asyncio.gather(*map(click, chance.choice(TURNS)))
        await take.until(lambda: len(take.events(PointerButton)) >= 2 * sum(made.values()))
    found = {"human": 0, "robot": 0, "page": 0}
    for event in take.events(PointerButton):
        who = "page" if not event.trusted else "human" if event.y < 250 else "robot"
        expected = Controller.HUMAN if who == "human" else Controller.SCRIPT
        assert (event.controller, event.agent) == (expected, who if who != "human" else "")
        found[who] += 1
    assert found == {who: 2 * count for who, count in made.items()}


ACTIONS: list[Action] = [
    Move(x=20, y=30),
    Click(x=40, y=20),
    TypeText(text="aé"),
    KeyChord(key="A", modifiers=("shift",), count=2),
    KeyChord(key="Enter"),
    Drag(path=((300, 300), (320, 310), (340, 330))),
    ScrollBy(x=300, y=300, dy=2),
    Click(x=300, y=300, button="right", count=2, modifiers=("ctrl",)),
    Wait(duration_ms=1),
    Done(),
    Ask(),
]


async def test_all_that_the_actor_does_is_its_own(browser: Browser, site: Site, tmp_path: Path):
    url = site.put("/field", "<input autofocus><div style='height:3000px'>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        actor = BrowserActor(take.page, take.ledger, Controller.POLICY, "p", recorder=take.recorder)
        for action in ACTIONS:
            await actor.perform(action)
        await take.until(lambda: len(take.events(AgentAction)) == len(ACTIONS))
        await take.until(lambda: len(take.presses()) == 4)
    for kind in (PointerMove, PointerButton, Scroll, Key, TextInput):
        events = take.events(kind)
        assert events
        assert {(event.controller, event.agent) for event in events} == {("policy", "p")}
    assert [event.action for event in take.events(AgentAction)] == ACTIONS
    assert "".join(event.text for event in take.events(TextInput)) == "aéAA"


async def test_what_the_actor_types_into_a_secret_field_is_not_kept(
    browser: Browser, site: Site, tmp_path: Path
):
    url = site.put("/key", "<iframe srcdoc='<input type=password autofocus>'></iframe>")
    async with recorded(browser, tmp_path / "r", urls=[url]) as take:
        actor = BrowserActor(take.page, take.ledger, Controller.SCRIPT, "s", recorder=take.recorder)
        await take.page.frames[-1].locator("input").click()
        await take.until_pressed(1)
        for action in (TypeText(text="hush"), KeyChord(key="x"), KeyChord(key="Tab")):
            await actor.perform(action)
    assert [event.action for event in take.events(AgentAction)] == [KeyChord(key="Tab")]


async def test_what_a_browser_cannot_do_is_refused(browser: Browser):
    page = await browser.new_page()
    actor = BrowserActor(page, Ledger(), Controller.SCRIPT, "s")
    with pytest.raises(ConfigError, match="cannot press the back button"):
        await actor.perform(Click(x=1, y=1, button="back"))
    with pytest.raises(ConfigError, match="no key gives 'é'"):
        await actor.perform(KeyChord(key="é"))
    await page.close()
