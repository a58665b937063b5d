"""What our mouse and keyboard do in a page is what Playwright's do there."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from harness.demonstrate.browser import RecordableChromium
from harness.env.chromium import Chromium
from recorder.browser.actor import BrowserActor
from recorder.browser.hands import Hands
from recorder.ledger import Ledger
from recorder.schema import Action, Click, Controller, Drag, KeyChord, Move, ScrollBy, TypeText

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<body style="margin:0"><textarea style="width:150px;height:100px"></textarea><script>
const told = [];
const names = ["type", "key", "code", "keyCode", "location", "repeat", "ctrlKey", "shiftKey",
  "altKey", "metaKey", "button", "buttons", "detail", "clientX", "clientY", "deltaX", "deltaY",
  "inputType", "data", "isTrusted"];
const kinds = ["keydown", "keypress", "keyup", "mousemove", "mousedown", "mouseup", "click",
  "dblclick", "auxclick", "contextmenu", "wheel", "beforeinput", "input"];
for (const kind of kinds) addEventListener(kind, (event) =>
  told.push(Object.fromEntries(names.map((name) => [name, event[name]]))), true);
</script>"""
READ = "JSON.stringify([told, document.querySelector('textarea').value])"
ACTIONS: dict[str, list[Action]] = {
    "move": [Move(x=5, y=7), Move(x=80, y=90)],
    "click": [Click(x=30, y=120)],
    "double click": [Click(x=30, y=20, count=2)],
    "right and middle": [Click(x=30, y=120, button=one) for one in ("right", "middle")],
    "click with keys": [Click(x=30, y=120, modifiers=("ctrl", "shift"))],
    "drag": [Drag(path=((10, 120), (40, 130), (90, 140)))],
    # a wheel is heard late, but never after what the pointer does next
    "wheel": [
        ScrollBy(x=30, y=120, dy=3),
        ScrollBy(x=30, y=120, dx=7, unit="pixel"),
        Click(x=30, y=120),
    ],
    "text": [
        Click(x=30, y=20),
        TypeText(text="aZ09 `~-_=+[{]}\\|;:'\",<.>/?!@#$%^&*()\tñ漢😀\nend"),
    ],
    "shift": [Click(x=30, y=20), *(KeyChord(key=k, modifiers=("shift",)) for k in "a1/;A?")],
    "editing": [
        Click(x=30, y=20),
        TypeText(text="one two"),
        KeyChord(key="a", modifiers=("ctrl",)),
        KeyChord(key="Backspace"),
        TypeText(text="three"),
        KeyChord(key="Home"),
        KeyChord(key="Delete", count=2),
    ],
    "named": [
        Click(x=30, y=20),
        *(KeyChord(key=name) for name in ("Enter", "Escape", "Tab", "PageUp", "PageDown", "End")),
        *(KeyChord(key=f"Arrow{side}") for side in ("Left", "Up", "Right", "Down")),
        *(KeyChord(key=name) for name in ("Insert", "F1", "F12")),
    ],
    "modifiers": [KeyChord(key="x", modifiers=("alt", "meta")), KeyChord(key="Enter")],
}


async def told(hands: Hands, actions: list[Action]) -> None:
    actor = BrowserActor(hands, Ledger(), Controller.SCRIPT, "test")
    for action in actions:
        await actor.perform(action)


async def with_playwright(url: str, what: str) -> Any:
    browser = await RecordableChromium.start("http://127.0.0.1:9")
    try:
        tab = await browser.open(url)
        await told(tab.page, ACTIONS[what])
        return json.loads(await tab.page.evaluate(READ))
    finally:
        await browser.close()


async def with_ours(url: str, what: str) -> Any:
    browser = await Chromium.start("http://127.0.0.1:9")
    try:
        tab = await browser.open(url)
        await told(tab, ACTIONS[what])
        found = await tab.send("Runtime.evaluate", {"expression": READ, "returnByValue": True})
        return json.loads(found["result"]["value"])
    finally:
        await browser.close()


def test_shift_gives_the_upper_character_of_a_key() -> None:
    _, value = asyncio.run(with_ours("data:text/html," + quote(PAGE), "shift"))
    assert value == "A!?:A?"


@pytest.mark.parametrize("what", ACTIONS)
def test_a_page_cannot_tell_our_hands_from_playwrights(what: str) -> None:
    url = "data:text/html," + quote(PAGE)
    theirs = asyncio.run(with_playwright(url, what))
    assert theirs[0]
    assert asyncio.run(with_ours(url, what)) == theirs
