"""One sitting at the terminal: from taking the seat to leaving it, however that comes about."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.latch import Latch
from tui.app import TERMINAL, ForemanApp
from tui.bridge import LiveBridge
from tui.crew import Crew, Share
from tui.orders import NoOrders
from tui.reel import Reel
from tui.replay import ReplayBridge

_LOADING_S = 6.0
"""In which modules are loaded as screens are first seen."""
_TIDY_S = 0.5
_ALLOCATIONS = 500_000
"""After which is looked for garbage in spite of all."""
_SWITCH_S = 0.0005
"""For which a thread that measures may keep the keys waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where somebody sits down."""

    socket: Path | None = None
    """Of the hub; the user's own if not said."""
    latch: Path | None = None
    """What F12 sets; the user's own if not said."""
    is_viewer: bool = False
    takes_over: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How a sitting ended."""

    folder: Path
    """Of the run."""
    is_over: bool
    """The shift is, and not only this sitting."""
    crash: Exception | None = None
    """What broke the terminal, if anything did."""


async def sit_down(seat: Seat, crew: Crew | None = None, work: Sequence[Share] = ()) -> Ending:
    """Join a hub, give a crew its work if there is one, and show the shift until somebody leaves.

    Raises:
        HubLostError: no hub is there.
        RefusedError: somebody else drives.
        LatchError: the latch is not the user's own.
    """
    with Latch(seat.latch) as latch:
        bridge = await LiveBridge.attach(
            TERMINAL, is_viewer=seat.is_viewer, takes_over=seat.takes_over, socket=seat.socket
        )
        try:
            if crew is not None:
                crew.employ(work)
            orders = NoOrders("you only look on; who drives decides") if seat.is_viewer else None
            app = ForemanApp(bridge, orders or bridge.orders, latch, crew)
            await _run(app)
        finally:
            await bridge.close()
    return Ending(bridge.folder, bridge.shift.is_closed, app.crash)


async def watch(reel: Reel) -> Ending:
    """Show a recorded run until somebody leaves."""
    with ReplayBridge(reel) as bridge:
        bridge.play()
        app = ForemanApp(bridge, NoOrders("this is a replay; nothing can be ordered"), None)
        await _run(app)
    return Ending(bridge.folder, is_over=False, crash=app.crash)


async def _run(app: ForemanApp) -> None:
    sys.setswitchinterval(_SWITCH_S)
    tidying = asyncio.create_task(_tidy_up())
    with _leaving_on_signals(app):
        await app.run_async()
    tidying.cancel()


async def _tidy_up() -> None:
    """Look for garbage between keys, and not when it happens to be a key that makes much of it.

    In what is loaded is never looked again, for that takes a tenth of a second.
    """
    gc.set_threshold(_ALLOCATIONS)
    started = time.monotonic()
    while True:
        await asyncio.sleep(_TIDY_S)
        gc.collect(0)
        if time.monotonic() - started < _LOADING_S:
            gc.freeze()


@contextmanager
def _leaving_on_signals(app: ForemanApp) -> Generator[None]:
    """Leave in order when the system says so, with the terminal as it was."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for each in signals:
        loop.add_signal_handler(each, app.exit)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
