"""Who only looks on can stop everybody, and order nothing else, whatever they press."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from harness.hub.events import (
    Answered,
    DriverCame,
    HandedBack,
    Held,
    HeldReason,
    Latched,
    Raised,
    Released,
    Seen,
    TookOver,
)
from harness.hub.shift_log import read_shift
from tests.harness.hub.shop import asked, driving, seen, shop
from tests.tui.foreman.terminal import F12, foreman, terminal

pytestmark = pytest.mark.slow

ORDERS = b" rnyxdemMUrny1 r"
HANDS_ON = b"txy "


async def test_an_onlooker_decides_nothing_but_can_stop_all(tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        where.start()
        where.employ("a", asks=0)
        async with driving(where) as driver:
            await asked(driver)
            run = foreman(where.config.socket, where.config.latch, is_viewer=True)
            with terminal(run) as app:
                # beside the loop, in which the driver has to give its signs of life
                await asyncio.to_thread(app.shows, "you look on")
                await asyncio.to_thread(app.shows, "asks ·")
                for key in ORDERS:
                    app.press(bytes([key]))
                app.press(b"?")  # that it is shown says that all keys before it were heard
                await asyncio.to_thread(app.shows, "help ─")
                for key in HANDS_ON:
                    app.press(bytes([key]))
                await asyncio.to_thread(app.shows, "only who drives may do that")
                held = [it for it in read_shift(where.config.folder) if isinstance(it, Held)]
                assert held == []
                app.press(F12)
                await seen(driver, lambda it: it.is_latched)
            assert driver.failure is None
        kinds = {type(each) for each in read_shift(where.config.folder)}
        assert Latched in kinds
        assert Seen not in kinds
        reasons = {
            each.reason for each in read_shift(where.config.folder) if isinstance(each, Held)
        }
        assert reasons <= {HeldReason.LATCH, HeldReason.DEADMAN}
        assert {DriverCame, Raised} <= kinds
        assert not {TookOver, HandedBack, Answered, Released} & kinds
