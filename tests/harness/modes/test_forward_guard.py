"""What a plan does not mean is never touched, whatever a page does while it is carried out."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from harness.errors import MisfitError
from harness.modes.fast_forward.moves import inputs_of, moves_of, places_of
from harness.modes.fast_forward.page_guard import PageGuard, Report
from recorder.schema import Click
from tests.harness.modes.moving_form import (
    ACTIONS,
    CHANGES,
    EARS,
    EVENTS,
    PLACES,
    TELLS,
    Took,
    carried_out,
    evaluated,
    form,
    logged,
    opened,
    planned,
    played,
    shown,
)
from tests.soak import repeats

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("is_glanced", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_a_form_that_stays_as_it_is_gets_filled_in(place: str, is_glanced: bool) -> None:
    async def body() -> list[Took]:
        async with opened() as tab:
            guard = PageGuard(tab)
            addresses = [f"{place}/none/0//{ears}" for ears in EARS]
            return [
                await carried_out(tab, guard, each, is_glanced=is_glanced) for each in addresses
            ]

    for took in asyncio.run(body()):
        assert took.report == Report(len(ACTIONS), len(ACTIONS), "")
        assert took.is_handed_in
        assert not took.misdirected


@pytest.mark.parametrize("place", PLACES)
def test_texts_come_at_once_only_where_nothing_listens_to_keys(place: str) -> None:
    async def body() -> list[bool]:
        async with opened() as tab:
            guard, steps, found = PageGuard(tab), planned(ACTIONS, form()), list[bool]()
            for ears in EARS:
                await shown(tab, f"{place}/none/0//{ears}")
                found.append((await guard.aim(places_of(steps))).ears.keys)
            return found

    assert asyncio.run(body()) == [True, False]


def test_the_pointer_moves_only_where_something_listens_to_it() -> None:
    async def body() -> list[bool]:
        async with opened() as tab:
            guard, places = PageGuard(tab), places_of(planned(ACTIONS, form()))
            await shown(tab, "document/none/0//deaf")
            found = [(await guard.aim(places)).ears.moves]
            await evaluated(tab, "document.body.addEventListener('mouseenter', () => {})")
            found.append((await guard.aim(places)).ears.moves)
            return found

    assert asyncio.run(body()) == [False, True]
    still, moving = (asyncio.run(inputs_of(ACTIONS, moves=moves)) for moves in (False, True))
    presses = sum(isinstance(each, Click) for each in ACTIONS)
    assert len(moving) - len(still) == presses
    assert "mouseMoved" not in str(still)


@pytest.mark.timeout(900)  # as a soak
def test_nothing_is_misdirected_in_forms_that_change_at_any_moment() -> None:
    chance = random.Random(5)
    addresses = [
        "/".join([place, change, str(chance.randint(1, EVENTS[ears])), ms, ears])
        for _ in range(repeats(1, 15))
        for place in PLACES
        for change in CHANGES
        # what is in a closed root cannot be compared with what was planned for: it changes later
        for ears, ms in zip(EARS, ("", str(chance.randint(1, 30))), strict=True)
        if not (place == "closed" and ms)
    ]
    found = asyncio.run(played(addresses))
    assert {address: took.misdirected for address, took in found.items() if took.misdirected} == {}
    # the forms did change while inputs were under way
    faults = [took.report.fault for took in found.values() if took.report]
    assert sum(map(bool, faults)) > len(addresses) / 4


@pytest.mark.parametrize("what", ["relabelled", "covered"])
def test_nothing_is_done_on_a_page_that_changed_after_the_glance_at_it(what: str) -> None:
    change = {
        "relabelled": "document.querySelector('#submit').textContent = 'Buy'",
        "covered": "document.body.append(Object.assign(document.createElement('div'), "
        "{ style: 'position: fixed; inset: 0' }))",
    }[what]

    async def body() -> tuple[str, Took]:
        async with opened() as tab:
            guard, steps = PageGuard(tab), planned(ACTIONS, form())
            await shown(tab, "document/none/0/")
            aim = await guard.aim(places_of(steps))
            meant = [element for element in aim.elements if element.role == "button"][:1]
            last = places_of(steps)[-1:]
            aim = await guard.aim(last, meant)
            glance = await guard.glance(aim, aim.listing)
            await evaluated(tab, change)
            aim = await guard.aim(last, meant, glance)
            objection = await guard.arm(aim, moves_of(planned(ACTIONS[-1:], form())))
            if not objection:
                await guard.fire(await inputs_of(ACTIONS[-1:]))
            report = await guard.disarm(aim)
            return objection or report.fault, Took(await logged(tab), aim.elements, report)

    objection, took = asyncio.run(body())
    assert objection
    assert {each["type"] for each in took.log} == {"ready"}


@pytest.mark.parametrize(("root", "is_taken"), [("", True), ("open", True), ("closed", False)])
def test_what_is_on_top_after_a_glance_is_taken_unless_something_is_closed_in_it(
    root: str, *, is_taken: bool
) -> None:
    show = f"""(() => {{
      const host = Object.assign(document.createElement('div'), {{
        style: 'position: fixed; inset: 0', textContent: 'Next' }});
      document.body.append(host);
      if ({root!r}) host.attachShadow({{ mode: {root!r} }}).innerHTML =
        "<button style='position: fixed; inset: 0'>Buy</button>";
    }})()"""

    async def body() -> str:
        async with opened() as tab:
            guard = PageGuard(tab)
            await shown(tab, "document/none/0/")
            press = planned(ACTIONS[-1:], form())
            await evaluated(tab, show)
            aim = await guard.aim(places_of(press))
            glance = await guard.glance(aim, aim.listing)
            aim = await guard.aim(places_of(press), glance=glance)
            objection = await guard.arm(aim, moves_of(press))
            await guard.disarm(aim)
            return objection

    assert (asyncio.run(body()) == "") is is_taken


def test_a_page_that_is_written_again_gets_nothing_that_was_meant_for_the_one_before() -> None:
    again = """document.addEventListener("click", () => {
      const reached = (globalThis.log = []);
      document.open();
      document.write('<body><input style="width: 100%; height: 100%"></body>');
      document.close();
      for (const type of ["mousedown", "click", "keydown", "beforeinput"]) {
        document.addEventListener(type, (event) => reached.push(event.type));
      }
    }, { once: true })"""

    async def body() -> tuple[Report, list[str]]:
        async with opened() as tab:
            guard, steps = PageGuard(tab), planned(ACTIONS, form())
            await shown(tab, "document/none/0/")
            await evaluated(tab, again)
            aim = await guard.aim(places_of(steps))
            assert not await guard.arm(aim, moves_of(steps))
            await guard.fire(await inputs_of(ACTIONS))
            report = await guard.disarm(aim)
            return report, await evaluated(tab, "globalThis.log")

    report, reached = asyncio.run(body())
    assert (report.done, reached) == (1, [])


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("document/none/0/", True),
        ("frame/none/0/", True),
        ("document/moved/3/", False),
        ("sandbox/none/0/", False),  # of another site, which cannot tell
    ],
)
def test_the_page_tells_once_all_of_a_plan_is_done(address: str, *, is_told: bool) -> None:
    async def body() -> tuple[bool, Report]:
        async with opened() as tab:
            guard, steps = PageGuard(tab), planned(ACTIONS, form())
            await shown(tab, address)
            aim = await guard.aim(places_of(steps))
            await guard.arm(aim, moves_of(steps))
            await guard.fire(await inputs_of(ACTIONS))
            report = await guard.settled(aim)
            return await evaluated(tab, TELLS) == guard.plan, report

    told, report = asyncio.run(body())
    assert told == is_told
    assert report.is_complete == ("none" in address)


@pytest.mark.parametrize("after", [0, 3])
def test_everything_passes_again_as_soon_as_all_of_a_plan_is_done(after: int) -> None:
    change = "moved" if after else "none"

    async def body() -> list[int]:
        async with opened() as tab:
            guard, steps = PageGuard(tab), planned(ACTIONS, form())
            await shown(tab, f"frame/{change}/{after}/")
            aim = await guard.aim(places_of(steps))
            await guard.arm(aim, moves_of(steps))
            await guard.fire(await inputs_of(ACTIONS))
            await guard.settled(aim)
            before = len(await logged(tab))
            await guard.fire(await inputs_of(ACTIONS))
            return [before, len(await logged(tab))]

    before, behind = asyncio.run(body())
    assert (behind > before) == (not after)


def test_without_the_guard_inputs_go_astray() -> None:
    async def body() -> Took:
        async with opened() as tab:
            await shown(tab, "document/moved/3/")
            await PageGuard(tab).fire(await inputs_of(ACTIONS))
            return Took(await logged(tab), (), None)

    assert asyncio.run(body()).misdirected


def test_frames_that_come_while_it_is_armed_are_blocked_until_it_is_disarmed() -> None:
    async def body() -> list[list[dict[str, Any]]]:
        async with opened() as tab:
            guard = PageGuard(tab)
            await shown(tab, "document/none/0/")
            steps = planned(ACTIONS, form())
            aim = await guard.aim(places_of(steps))
            await guard.arm(aim, moves_of(steps))
            coming = """new Promise((done) => {
              addEventListener("message", done);
              document.querySelector("body > div").remove();
              inFrame(true);
            })"""
            await evaluated(tab, coming)
            found: list[list[dict[str, Any]]] = []
            await guard.fire(await inputs_of(ACTIONS[:1]))
            found.append(await logged(tab))
            await guard.disarm(aim)
            await guard.fire(await inputs_of(ACTIONS[:1]))
            found.append(await logged(tab))
            return found

    armed, free = asyncio.run(body())
    assert {each["type"] for each in armed} == {"ready"}
    assert [each["type"] for each in free if each["type"] != "ready"] == ["mousedown", "click"]


def test_a_page_that_went_elsewhere_since_it_was_aimed_at_is_no_place_for_the_plan() -> None:
    async def body() -> Report:
        async with opened() as tab:
            guard = PageGuard(tab)
            await shown(tab, "frame/none/0/")
            steps = planned(ACTIONS, form())
            aim = await guard.aim(places_of(steps))
            await evaluated(tab, "document.querySelector('iframe').remove()")
            with pytest.raises(MisfitError):
                await guard.arm(aim, moves_of(steps))
            return await guard.disarm(aim)

    assert asyncio.run(body()).done == 0


def test_nothing_is_aimed_at_in_a_frame_of_another_process() -> None:
    async def body() -> list[dict[str, Any]]:
        async with opened(is_isolating=True) as tab:
            await shown(tab, "sandbox/none/0/")
            with pytest.raises(MisfitError, match="another process"):
                await PageGuard(tab).aim(places_of(planned(ACTIONS, form())))
            return await logged(tab)

    assert {each["type"] for each in asyncio.run(body())} == {"ready"}


def test_nothing_is_aimed_at_where_nothing_is() -> None:
    async def body() -> None:
        async with opened() as tab:
            await shown(tab, "document/none/0/")
            with pytest.raises(MisfitError):
                await PageGuard(tab).aim([(5000, 5000)])

    asyncio.run(body())
