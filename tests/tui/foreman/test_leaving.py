"""However a terminal is left, it is as it was before, and the hub holds the agents."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from harness.hub.events import DriverLeft, Held
from harness.hub.shift_log import read_shift
from tests.harness.hub.shop import Shop, driving, eventually, seen, shop
from tests.tui.foreman.terminal import Terminal, command, terminal
from tests.waiting import until
from tui.app import ForemanApp

pytestmark = pytest.mark.slow

JUMP = b"\x0f"
FROM_A_PAGE = "\x1b]52;c;cm0gLXJm\x07"
_MODES = re.compile(rb"\x1b\[\?([0-9]+)([hl])")
"""Of a terminal: on with h, off with l."""
_USUAL = {b"7", b"25"}
"""Long lines go on in the next one, and the cursor shows."""


def attached(where: Shop) -> Callable[[], None]:
    """Return what joins the shift as somebody would from a shell."""
    places = ("--socket", str(where.config.socket), "--latch", str(where.config.latch))
    return command("foreman", "--attach", *places)


def attached_and_broken(where: Shop) -> Callable[[], None]:
    """Return what does so with an app that breaks at a key."""
    return partial(_join_broken, attached(where))


def _join_broken(join: Callable[[], None]) -> None:
    def break_down(self: ForemanApp) -> None:
        raise ValueError(FROM_A_PAGE)

    ForemanApp.action_jump = break_down
    join()


async def left(where: Shop, join: Callable[[], None], leave: Callable[[Terminal], object]) -> bytes:
    """Join, leave, check that all is as it should be, and return what was written."""
    where.start()
    where.employ("a", asks=0x7FFFFFFF)
    with terminal(join) as app:
        before = app.attributes()
        await asyncio.to_thread(app.shows, "you drive")
        await eventually(where.acts)
        leave(app)
        await asyncio.to_thread(until, lambda: not app.process.is_alive(), "its end")
        written = bytes(app.written)
        assert app.attributes() == before
    assert modes_left_on(written) <= _USUAL
    async with driving(where) as after:
        await seen(after, lambda shift: shift.agents["a"].held is not None)
    kinds = [type(each) for each in read_shift(where.config.folder)]
    assert DriverLeft in kinds
    assert Held in kinds
    return written


def modes_left_on(written: bytes) -> set[bytes]:
    """Return the modes of a terminal that were last switched on."""
    last = dict(_MODES.findall(written))
    return {mode for mode, switch in last.items() if switch == b"h"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_who_is_told_to_end_leaves_in_order(how: signal.Signals, tmp_path: Path) -> None:
    with shop(tmp_path, "a") as where:
        written = await left(where, attached(where), lambda app: os.kill(app.pid, how))
    assert b"the run is in" in written


async def test_a_terminal_that_breaks_says_where_the_cause_is_and_prints_none_of_it(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, "a") as where:
        broken = attached_and_broken(where)
        written = await left(where, broken, lambda app: app.press(JUMP))
        said = (where.config.folder / "terminal-crash.txt").read_text()
    assert b"the terminal broke" in written
    assert b"]52;c" not in written
    assert FROM_A_PAGE in said
