"""Stop means stop, whatever has become of the terminal and the hub."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
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
    driver_process,
    driving,
    eventually,
    seen,
    shop,
)
from tests.soak import repeats

AGENTS = ("a", "b", "c", "d")
HARMS = ("none", "terminal frozen", "terminal killed", "hub frozen", "hub killed")
_MS = 1_000_000

pytestmark = pytest.mark.slow


def harm(kind: str, terminal: int, hub: Process) -> None:
    victim = terminal if kind.startswith("terminal") else hub.pid
    if kind.endswith("frozen"):
        os.kill(victim, signal.SIGSTOP)
    elif kind.endswith("killed"):
        os.kill(victim, signal.SIGKILL)


def heal(kind: str, where: Shop, hub: Process) -> Process:
    if kind == "hub frozen":
        hub.send_signal(signal.SIGCONT)
    elif kind == "hub killed":
        hub.wait()
        return where.start()
    return hub


async def working(where: Shop) -> None:
    """Wait until every agent has done something since."""
    since = len(where.acts())
    await eventually(lambda: {each.agent for each in where.acts()[since:]} == set(AGENTS))


async def late_after_latch(where: Shop, latch: Latch, rng: random.Random) -> float:
    """Set the latch at a random moment; return how late the last act came, in ms."""
    await asyncio.sleep(rng.random() * 0.05)
    latch.stop()
    t_ns = time.monotonic_ns()
    await asyncio.sleep(0.25)
    acts = where.acts()
    assert any(0 <= t_ns - each.t_ns < 1000 * _MS for each in acts)
    late = [each for each in acts if each.t_ns > t_ns]
    # what was past its last look when the latch was set is one act of each agent at most
    assert len({each.agent for each in late}) == len(late)
    return max(((each.t_ns - t_ns) / _MS for each in late), default=0.0)


async def test_no_action_comes_after_a_latch_whatever_was_killed_or_frozen(tmp_path: Path) -> None:
    rng, late_ms = random.Random(3), list[float]()
    with shop(tmp_path, *AGENTS) as where, Latch(where.config.latch) as latch:
        hub = where.start()
        where.employ("a", "b", asks=0x7FFFFFFF)
        where.employ("c", "d", asks=0x7FFFFFFF)
        for kind in itertools.islice(itertools.cycle(HARMS), repeats(len(HARMS), 1000)):
            async with driving(where, takes_over=True) as healer:
                if late_ms:  # the latch of the time before, which no hub may have seen yet
                    await seen(healer, lambda it: it.is_latched)
                await all_working(healer, AGENTS)
                with driver_process(where) as terminal:
                    await seen_away(healer)
                    await working(where)
                    harm(kind, terminal, hub)
                    late_ms.append(await late_after_latch(where, latch, rng))
                    hub = heal(kind, where, hub)
    if len(late_ms) > len(HARMS):
        p99 = quantiles(late_ms, n=100)[98]
        assert max(late_ms) <= 100, f"p99 {p99:.1f} ms, worst {max(late_ms):.1f} ms"


async def seen_away(hub: HubClient) -> None:
    """Wait until another terminal has taken over."""
    await eventually(lambda: hub.failure is not None)


async def test_who_loses_its_supervisor_stands_still_until_a_person_says_otherwise(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, *AGENTS) as where:
        hub = where.start()
        where.employ(*AGENTS, asks=0x7FFFFFFF)
        kinds = itertools.cycle(HARMS[1:])
        for kind in itertools.islice(kinds, repeats(len(HARMS) - 1, 200)):
            async with driving(where, takes_over=True) as healer:
                await all_working(healer, AGENTS)
                with driver_process(where) as terminal:
                    await seen_away(healer)
                    await working(where)
                    harm(kind, terminal, hub)
                    count = await stood_still(where)
                    hub = heal(kind, where, hub)
            async with driving(where, takes_over=True) as back:
                await seen(back, lambda it: all(each.is_connected for each in it.agents.values()))
                await seen(back, lambda it: all(each.held for each in it.agents.values()))
                reasons = {each.held for each in back.shift.agents.values()}
                assert reasons <= {HeldReason.DEADMAN, HeldReason.RESTART}
                assert len(where.acts()) == count


async def stood_still(where: Shop) -> int:
    """Wait for the end of all leases; return how much was done by then and ever."""
    t_ns = time.monotonic_ns()
    # a lease is of two seconds, and nothing is needed for it to end
    await asyncio.sleep(2.1)
    count = len(where.acts())
    await asyncio.sleep(0.3)
    after = where.acts()
    assert len(after) == count
    assert max(each.t_ns for each in after) <= t_ns + 2000 * _MS
    return count
