"""One process that plays cells: `python -m harness.run.worker`, started by `harness.run.workers`.

It is told what to play down its standard input and answers on its standard output. When either
ends, because the process that started it did, it ends too, and its browser with it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

import msgspec

from harness.control import Policy, failures_of, load_policy, thresholds_of
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium
from harness.errors import HarnessError
from harness.run.cells import load_maker
from harness.run.messages import Begin, Enlist, Order, Play, Ready, Refused, Report, Stop
from harness.run.player import Player
from harness.run.suite import read_suite, run_plans, thresholds_or_silent
from recorder.errors import RecorderError

OrderT = TypeVar("OrderT", bound=Order)

_LOG = logging.getLogger(__name__)
_ENDING_S = 5.0  # a browser that is asked to end does so much sooner


class Parent(Protocol):
    """Whoever started us."""

    def listen(self, orphaned: Callable[[], object]) -> None:
        """Hear orders from now on.

        Args:
            orphaned: ends the work when nobody is left to do it for.
        """
        ...

    async def order(self) -> Order:
        """Return the next thing to do."""
        ...

    def tell(self, report: Report) -> None:
        """Say what came of something."""
        ...


class PipedParent:
    """The process that started us.

    Args:
        orders: where it tells what to do.
        reports: where it hears what came of it.
    """

    def __init__(self, orders: BinaryIO, reports: BinaryIO) -> None:
        self._orders = orders
        self._reports = reports
        self._queue: asyncio.Queue[Order] = asyncio.Queue()
        self._decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)

    def listen(self, orphaned: Callable[[], object]) -> None:
        """Hear orders from now on, in a thread, so that nothing keeps us from outliving it.

        Args:
            orphaned: ends the work; if it has not done so after some seconds, the process ends.
        """
        loop = asyncio.get_running_loop()

        def hear() -> None:
            for line in self._orders:
                order = self._decoder.decode(line)
                loop.call_soon_threadsafe(self._queue.put_nowait, order)
                if isinstance(order, Stop):
                    return
            with suppress(RuntimeError):  # the work ended by itself just now
                loop.call_soon_threadsafe(orphaned)
            threading.Event().wait(_ENDING_S)
            os._exit(1)

        threading.Thread(target=hear, daemon=True).start()

    async def order(self) -> Order:
        """Return the next thing to do."""
        return await self._queue.get()

    def tell(self, report: Report) -> None:
        """Say what came of something."""
        with suppress(BrokenPipeError):  # it is gone; the thread that listens ends us
            self._reports.write(msgspec.json.encode(report) + b"\n")
            self._reports.flush()


async def work(parent: Parent) -> None:
    """Play what the parent says, until it says stop.

    Raises:
        HarnessError: what is asked for cannot be had.
        RecorderError: there is no browser.
    """
    me = asyncio.current_task()
    assert me
    parent.listen(me.cancel)
    enlist = await _expected(parent, Enlist)
    policies = {policy: load_policy(policy) for policy in enlist.policies}
    parent.tell(
        Ready(
            thresholds={
                name: thresholds_or_silent(thresholds_of(policy))
                for name, policy in policies.items()
            }
        )
    )
    await _play_all(parent, await _expected(parent, Begin), policies)


async def _expected(parent: Parent, kind: type[OrderT]) -> OrderT:
    found = await parent.order()
    assert isinstance(found, kind), found
    return found


async def _play_all(parent: Parent, begin: Begin, policies: Mapping[str, Policy]) -> None:
    folder = Path(begin.folder)
    suite = read_suite(folder)
    cells = {
        (run.folder, cell.key): (run, cell)
        for run in run_plans(suite)
        for cell in load_maker(suite.request.cells)(suite.request.manifest, run.name, run.casting)
    }
    async with Browsers(Chromium.start) as browsers:
        with Player(suite, folder, begin.worker, policies, browsers) as player:

            async def play(order: Play) -> None:
                parent.tell(await player.play(order, *cells[order.run, order.cell]))

            async with asyncio.TaskGroup() as group:
                while not isinstance(order := await parent.order(), Stop):
                    assert isinstance(order, Play), order
                    group.create_task(play(order))
    for name, policy in policies.items():
        if failures := failures_of(policy):
            counts = ", ".join(f"{count} times {reason}" for reason, count in failures.items())
            _LOG.warning("%s had no answer: %s", name, counts)


def main() -> int:
    """Work until told to stop, and return the exit code."""
    orders, reports = _private_pipes()
    parent = PipedParent(orders, reports)
    code = 0
    try:
        asyncio.run(work(parent))
    except* (HarnessError, RecorderError) as errors:
        parent.tell(Refused(reason=str(errors.exceptions[0])))
        code = 2
    except* asyncio.CancelledError:  # nobody is left to play for
        code = 1
    return code


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return our standard input and output, after giving what we load others in their place."""
    orders, reports = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return orders, reports


if __name__ == "__main__":
    sys.exit(main())
