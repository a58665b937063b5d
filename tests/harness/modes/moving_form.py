"""A form that changes under the hands, and plans that are carried out in it under the guard."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from harness.env.chromium import Chromium, Tab
from harness.errors import MisfitError
from harness.modes.fast_forward.forecast import Scene, after
from harness.modes.fast_forward.moves import inputs_of, moves_of, places_of
from harness.modes.fast_forward.page_guard import PageGuard, Report
from harness.modes.fast_forward.planning import Planned
from recorder.schema import Action, Click, Decision, Element, Observation, TypeText

PAGE = (Path(__file__).parent / "pages" / "moving.html").read_text("utf-8")
PLACES = ("document", "scrolled", "frame", "sandbox", "open", "closed")
CHANGES = ("moved", "relabelled", "popup")
EARS = ("", "deaf")
EVENTS = {"": 40, "deaf": 11}
"""About as many as reach a form."""
ACTIONS: list[Action] = [
    Click(x=40, y=37),
    TypeText(text="ada"),
    Click(x=40, y=77),
    TypeText(text="lovelace"),
    Click(x=60, y=97),
    Click(x=40, y=117),
]
MEANT = {
    ("mousedown", "user", "User name"),
    ("click", "user", "User name"),
    ("keydown", "user", "User name"),
    ("beforeinput", "user", "User name"),
    ("mousedown", "pass", "Password"),
    ("click", "pass", "Password"),
    ("keydown", "pass", "Password"),
    ("beforeinput", "pass", "Password"),
    ("mousedown", "yes", "I agree"),
    ("click", "yes", "I agree"),
    ("click", "agree", "I agree"),
    ("mousedown", "submit", "Submit"),
    ("click", "submit", "Submit"),
}
TELLS = "document.documentElement.dataset.done"
FILLED = json.dumps(["ada", "lovelace", True], separators=(",", ":"))


@dataclass(frozen=True)
class Took:
    """What reached the form."""

    log: list[dict[str, Any]]
    elements: tuple[Element, ...]
    """Of the page when it was aimed at."""
    report: Report | None

    @property
    def misdirected(self) -> list[dict[str, Any]]:
        """What was not meant; handing in a form that is not filled in as planned is not either."""
        events = [each for each in self.log if each["type"] not in ("ready", "changed")]
        return [each for each in events if not self._is_meant(each)]

    @staticmethod
    def _is_meant(event: dict[str, Any]) -> bool:
        if event["id"] == "submit" and event["state"] != FILLED:
            return False
        return (event["type"], event["id"], event["words"]) in MEANT

    @property
    def is_handed_in(self) -> bool:
        return any(each["type"] == "click" and each["id"] == "submit" for each in self.log)


def form() -> Observation:
    """The form as a policy would see it."""
    boxes = {
        "textbox": [("User name", 28), ("Password", 68)],
        "checkbox": [("I agree", 88)],
        "button": [("Submit", 108), ("Delete everything", 128)],
    }
    elements = [
        Element(role=role, name=name, box=(13, top, 120, 18))
        for role, found in boxes.items()
        for name, top in found
    ]
    return Observation(
        pixels=np.zeros((210, 160, 3), np.uint8), cursor=(0, 0), t_ns=0, elements=tuple(elements)
    )


def planned(actions: Sequence[Action], seen: Observation) -> list[Planned]:
    """The steps of a plan that does these actions."""
    scene: Scene | None = Scene(seen)
    steps: list[Planned] = []
    for action in actions:
        assert scene
        steps.append(Planned(scene, Decision(action, 1.0, 1.0)))
        scene = after(scene, action)
    return steps


@asynccontextmanager
async def opened(*, is_isolating: bool = False) -> AsyncGenerator[Tab]:
    browser = await Chromium.start("http://127.0.0.1:9", is_isolating=is_isolating)
    try:
        yield await browser.open("about:blank")
    finally:
        await browser.close()


async def evaluated(tab: Tab, expression: str) -> Any:
    found = await tab.send(
        "Runtime.evaluate",
        {"expression": expression, "returnByValue": True, "awaitPromise": True},
    )
    return found["result"].get("value")


async def shown(tab: Tab, address: str) -> None:
    """Show the form, a fresh one."""
    await tab.send("Page.navigate", {"url": "about:blank"})
    url = f"data:text/html,{quote(PAGE)}#{address}"
    await tab.send("Page.navigate", {"url": url})
    is_ready = """new Promise((resolve) => {
      const look = () => globalThis.log?.length || (typeof log !== "undefined" && log.length)
        ? resolve(true) : setTimeout(look, 1);
      look();
    })"""
    assert await evaluated(tab, is_ready)


async def logged(tab: Tab) -> list[dict[str, Any]]:
    # a frame's messages come after what it did
    await evaluated(tab, "new Promise((resolve) => setTimeout(resolve, 5))")
    return await evaluated(tab, "log")


async def carried_out(
    tab: Tab,
    guard: PageGuard,
    address: str,
    planned_for: tuple[Element, ...] | None = None,
    *,
    is_glanced: bool = False,
) -> Took:
    """Show the form, carry the plan out in it under the guard, and say what reached it.

    Nothing is done where the form is not as it was planned for by the time that it is aimed at, or
    not as it was aimed at by the time that the guard is armed. If it is glanced at first, its
    targets are noted only then.
    """
    await shown(tab, address)
    steps = planned(ACTIONS, form())
    try:
        aim = await guard.aim(places_of(steps))
        if is_glanced:
            aim = await guard.aim(places_of(steps), glance=await guard.glance(aim, aim.listing))
    except MisfitError:
        return Took(await logged(tab), (), None)
    if planned_for not in (None, aim.elements):
        return Took(await logged(tab), aim.elements, None)
    whole, actions = not aim.ears.keys, [each.action for each in steps]
    inputs = await inputs_of(actions, whole=whole, moves=aim.ears.moves)
    moves = moves_of(steps, whole=whole)
    objection = await guard.arm(aim, moves)
    if objection and aim.places:  # some targets are seen only without a glance
        await guard.disarm(aim)
        try:
            aim = await guard.aim(places_of(steps))
        except MisfitError:
            return Took(await logged(tab), (), None)
        objection = await guard.arm(aim, moves)
    if not objection:
        await guard.fire(inputs)
    report = await guard.disarm(aim)
    return Took(await logged(tab), aim.elements, report)


async def played(addresses: Sequence[str]) -> dict[str, Took]:
    """Carry out the plan in each of these forms."""
    async with opened() as tab:
        guard = PageGuard(tab)
        still = {
            place: (await carried_out(tab, guard, f"{place}/none/0/")).elements for place in PLACES
        }
        return {
            address: await carried_out(
                tab, guard, address, still[address.split("/")[0]], is_glanced=number % 2 == 1
            )
            for number, address in enumerate(addresses)
        }
