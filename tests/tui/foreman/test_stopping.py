"""Stop means stop, whatever has become of the terminal and the hub; all of them real."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles

import pytest

from harness.hub.client import HubClient
from harness.hub.events import HeldReason
from harness.latch import Latch
from tests.harness.hub.shop import (
    Process,
    Shop,
    all_working,
    driving,
    eventually,
    seen,
    shop,
)
from tests.soak import repeats
from tests.tui.foreman.terminal import F12, Terminal, foreman, terminal

AGENTS = ("a", "b", "c", "d")
HARMS = (
    "none",
    "terminal frozen",
    "terminal killed",
    "terminal unread",
    "hub frozen",
    "hub killed",
)
LOSSES = ("terminal frozen", "hub killed", "terminal killed", "hub frozen")
LEASE_MS = 2000
_STARVED_S = 8.0
_MS = 1_000_000
Report = Callable[[str, object], None]

pytestmark = pytest.mark.slow


def harm(kind: str, victim: Terminal, hub: Process) -> None:
    match kind:
        case "terminal frozen":
            os.kill(victim.pid, signal.SIGSTOP)
        case "terminal killed":
            os.kill(victim.pid, signal.SIGKILL)
        case "terminal unread":
            victim.leave_unread()
        case "hub frozen":
            hub.send_signal(signal.SIGSTOP)
        case "hub killed":
            hub.send_signal(signal.SIGKILL)
        case _:
            pass


def heal(kind: str, where: Shop, hub: Process) -> Process:
    if kind == "hub frozen":
        hub.send_signal(signal.SIGCONT)
    elif kind == "hub killed":
        hub.wait()
        return where.start()
    return hub


def report_ms(record: Report, what: str, times_ms: Sequence[float]) -> None:
    """Keep figures beside the result of a test."""
    shares = quantiles(times_ms, n=100, method="inclusive")
    record(f"{what}_n", len(times_ms))
    for name, value in (("p50", shares[49]), ("p99", shares[98]), ("max", max(times_ms))):
        record(f"{what}_{name}_ms", round(value, 2))


def keep(path: Path, figure: str) -> None:
    """Write a figure down at once: a run of an hour may be cut off."""
    with path.open("a") as file:
        file.write(f"{figure}\n")


async def are_working(where: Shop) -> bool:
    """Say whether every agent does something soon.

    A busy machine can starve the app until its agents are held; then the test tries again.
    """
    since = len(where.acts())
    try:
        async with asyncio.timeout(_STARVED_S):
            await eventually(lambda: {each.agent for each in where.acts()[since:]} == set(AGENTS))
    except TimeoutError:
        return False
    return True


async def taken_over(healer: HubClient, app: Terminal) -> None:
    """Wait until the app in a terminal drives instead."""
    await eventually(lambda: healer.failure is not None)
    assert app.process.is_alive()


async def latched(where: Shop, latch: Latch, rng: random.Random) -> float | None:
    """Set the latch at a random moment; return how late the last act came, in ms.

    None if nobody worked then.
    """
    await asyncio.sleep(rng.random() * 0.05)
    latch.stop()
    t_ns = time.monotonic_ns()
    await asyncio.sleep(0.25)
    return last_act_ms(where, t_ns)


def last_act_ms(where: Shop, t_ns: int) -> float | None:
    """Return how long after a moment the last act came, in ms; None if none came before it."""
    acts = where.acts()
    if not any(0 <= t_ns - each.t_ns < 1000 * _MS for each in acts):
        return None
    late = [each for each in acts if each.t_ns > t_ns]
    # what was past its last look when the latch was set is one act of each agent at most
    assert len({each.agent for each in late}) == len(late)
    return max(((each.t_ns - t_ns) / _MS for each in late), default=0.0)


async def test_no_action_comes_after_a_latch_whatever_was_killed_or_frozen(
    tmp_path: Path, record_property: Report
) -> None:
    rng, late_ms, n_tries = random.Random(3), list[float](), 0
    n = repeats(len(HARMS), 1000)
    with shop(tmp_path, *AGENTS) as where, Latch(where.config.latch) as latch:
        hub = where.start()
        where.employ("a", "b", asks=0x7FFFFFFF)
        where.employ("c", "d", asks=0x7FFFFFFF)
        app = foreman(where.config.socket, where.config.latch)
        while len(late_ms) < n:
            kind = HARMS[len(late_ms) % len(HARMS)]
            n_tries += 1
            assert n_tries <= 2 * n
            async with driving(where, takes_over=True) as healer:
                if n_tries > 1:  # the latch of the time before, which no hub may have seen yet
                    await seen(healer, lambda it: it.is_latched)
                await all_working(healer, AGENTS)
                with terminal(app, is_emulated=False) as victim:
                    await taken_over(healer, victim)
                    if not await are_working(where):
                        latch.stop()
                        continue
                    harm(kind, victim, hub)
                    last_ms = await latched(where, latch, rng)
                    if last_ms is not None:
                        late_ms.append(last_ms)
                        keep(tmp_path / "late_ms", f"{last_ms} {kind}")
                    hub = heal(kind, where, hub)
    report_ms(record_property, "late", late_ms)
    record_property("late_tries", n_tries)
    assert max(late_ms) <= 100


async def test_one_key_stops_all_also_where_the_hub_hears_nothing(tmp_path: Path) -> None:
    with shop(tmp_path, *AGENTS) as where:
        hub = where.start()
        where.employ(*AGENTS, asks=0x7FFFFFFF)
        with terminal(foreman(where.config.socket, where.config.latch)) as app:
            app.shows("you drive")
            assert await are_working(where)
            hub.send_signal(signal.SIGSTOP)
            app.press(F12)
            with Latch(where.config.latch) as latch:
                await eventually(lambda: latch.stops().everybody)
                t_ns = time.monotonic_ns()
            await asyncio.sleep(0.25)
            assert (last_act_ms(where, t_ns) or 0) <= 100
            hub.send_signal(signal.SIGCONT)
            app.shows("ALL STOPPED")


async def test_who_loses_its_supervisor_stands_still_until_a_person_says_otherwise(
    tmp_path: Path, record_property: Report
) -> None:
    held_ms, n_tries, n = list[float](), 0, repeats(2, 200)
    with shop(tmp_path, *AGENTS) as where:
        hub = where.start()
        where.employ(*AGENTS, asks=0x7FFFFFFF)
        app = foreman(where.config.socket, where.config.latch)
        while len(held_ms) < n:
            kind = LOSSES[len(held_ms) % len(LOSSES)]
            n_tries += 1
            assert n_tries <= 2 * n
            async with driving(where, takes_over=True) as healer:
                await all_working(healer, AGENTS)
                with terminal(app, is_emulated=False) as victim:
                    await taken_over(healer, victim)
                    if not await are_working(where):
                        continue
                    harm(kind, victim, hub)
                    count, last_ms = await stood_still(where)
                    held_ms.append(last_ms)
                    keep(tmp_path / "held_ms", f"{last_ms} {kind}")
                    hub = heal(kind, where, hub)
            async with driving(where, takes_over=True) as back:
                await seen(back, lambda it: all(each.is_connected for each in it.agents.values()))
                await seen(back, lambda it: all(each.held for each in it.agents.values()))
                reasons = {each.held for each in back.shift.agents.values()}
                assert reasons <= {HeldReason.DEADMAN, HeldReason.RESTART}
                assert len(where.acts()) == count
    report_ms(record_property, "held", held_ms)
    assert max(held_ms) <= LEASE_MS


async def stood_still(where: Shop) -> tuple[int, float]:
    """Wait for the end of all leases; return how much was done ever, and until when, in ms."""
    t_ns = time.monotonic_ns()
    # a lease is of two seconds, and nothing is needed for it to end
    await asyncio.sleep(LEASE_MS / 1000 + 0.1)
    count = len(where.acts())
    await asyncio.sleep(0.3)
    after = where.acts()
    assert len(after) == count
    return count, max((each.t_ns - t_ns) / _MS for each in after)
