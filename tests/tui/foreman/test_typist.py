"""Hands that are at something else decide nothing, whatever is asked meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from harness.hub.client import HubClient
from harness.hub.requests import OPEN, Stage, Ticket
from tests.harness.hub.shop import Shop, eventually, seen, shop
from tests.soak import repeats
from tests.tui.foreman.terminal import Terminal, foreman, terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AGENTS = ("agent-1", "agent-2")
_LETTERS = b"etaoinshrdlucmfwypvbgkxjzTNYE0123456789 \r\t\x7f,.?"
"""What a typist presses; of the keys of the terminal, none is left out that types something."""
_STROKE_S = 0.02
_PAUSE_S = 0.5
_PAUSES = 0.02
"""Share of strokes before which they stop to think."""
_KEYS_A_MOVE = 12
"""Keys between two changes of what an agent asks about, so that it asks anew."""
_READ_S = 0.7
_SWAP_S = 0.03


@asynccontextmanager
async def at_work(folder: Path) -> AsyncGenerator[tuple[Terminal, HubClient, Shop]]:
    """Open a terminal over agents that ask before every step, and look on from beside it."""
    with shop(folder, *AGENTS) as where:
        where.start()
        config = where.config
        assert config.latch
        with terminal(foreman(config.socket, config.latch), 120, 34) as screen:
            async with await HubClient.view("test", path=config.socket) as hub:
                await seen(hub, lambda shift: shift.driver is not None)
                where.employ(*AGENTS, asks=0)
                await seen(hub, lambda shift: shift.queue)
                yield screen, hub, where


def move(where: Shop, agent: str) -> None:
    """Move what an agent asks about, so that it must ask anew."""
    moved = where.folder / f"{agent}-moved"
    if moved.exists():
        moved.unlink()
    else:
        moved.touch()


async def turned_to(screen: Terminal, hub: HubClient) -> Ticket:
    """Have the terminal turn to a request, and return it."""
    await eventually(lambda: "asks" in screen.text())
    while not (front := [each for each in hub.shift.queue if each.stage is Stage.SEEN]):
        # again where this machine was too slow: the terminal then lost its seat
        for key in (b"r", b"r", b"n"):
            screen.press(key)
            await asyncio.sleep(_READ_S)
    return front[0]


def decided(hub: HubClient) -> list[Ticket]:
    """Return the requests that somebody decided on."""
    return [each for each in hub.shift.tickets.values() if each.when(Stage.ANSWERED) is not None]


async def test_a_typist_decides_nothing(tmp_path: Path) -> None:
    chance, n_keys, n_requests = Random(7), repeats(200, 5000), repeats(4, 200)
    async with at_work(tmp_path) as (screen, hub, where):
        for number in range(3 * n_keys):
            if number >= n_keys and len(hub.shift.tickets) >= n_requests:
                break
            if chance.random() < _PAUSES:
                await asyncio.sleep(_PAUSE_S + chance.random())
            screen.press(bytes([chance.choice(_LETTERS)]))
            await asyncio.sleep(chance.expovariate(1 / _STROKE_S))
            if number % _KEYS_A_MOVE == 0:
                move(where, chance.choice(AGENTS))
        assert screen.process.is_alive()
        assert len(hub.shift.tickets) >= n_requests
        assert decided(hub) == []
        assert where.acts() == []


async def test_a_request_that_was_swapped_just_before_the_key_is_not_answered(
    tmp_path: Path,
) -> None:
    async with at_work(tmp_path) as (screen, hub, where):
        for _ in range(repeats(3, 60)):
            request = (await turned_to(screen, hub)).request
            await asyncio.sleep(_READ_S)
            move(where, request.agent)
            await seen(hub, lambda it, name=request.id: it.ticket(name).stage not in OPEN)
            await asyncio.sleep(_SWAP_S)
            screen.press(b"y")
            await seen(hub, lambda it, who=request.agent: it.agent(who).request)
            await asyncio.sleep(_READ_S)
            assert decided(hub) == []
        assert where.acts() == []


async def test_a_card_takes_no_keys_by_itself(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (screen, hub, where):
        await eventually(lambda: "asks" in screen.text())
        await asyncio.sleep(_READ_S)
        for key in (b"y", b"\r", b" "):
            screen.press(key)
            await asyncio.sleep(_READ_S)
        assert decided(hub) == []
        assert where.acts() == []


async def test_what_is_answered_by_its_keys_is_done_once(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (screen, hub, where):
        while not any(each.stage is Stage.APPLIED for each in hub.shift.tickets.values()):
            # again where this machine was too slow: the terminal then lost its seat
            for key in (b"r", b"r", b"n", b"y"):
                screen.press(key)
                await asyncio.sleep(_READ_S)
        tickets = [each for each in decided(hub) if each.stage is Stage.APPLIED]
        assert [each.request for each in where.acts()] == [each.request.id for each in tickets]
