"""Times are the recording's own: no wall clock, no delay, no late message moves them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser

from recorder.browser.pageclock import PageClock
from recorder.clock import SystemClock
from recorder.schema import Frame, Key, TimeSource
from tests.recorder.browser.servers import Site
from tests.recorder.browser.take import Take, recorded

MS = 1_000_000
HOUR_NS = 3600 * 1_000_000_000


@given(
    st.integers(0, 10**15),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 50), st.integers(0, 50)), min_size=1),
)
def test_a_page_clock_is_off_by_no_more_than_it_says(
    zero_ns: int, exchanges: list[tuple[int, int, int]]
):
    clock = PageClock()
    for page_ms, before_ms, after_ms in exchanges:
        at_ns = zero_ns + page_ms * MS
        clock.answered(page_ms, at_ns - before_ms * MS, at_ns + after_ms * MS)
        clock.heard(page_ms, at_ns + after_ms * MS)
    clock.settle()
    assert clock.error_ns is not None
    assert abs(clock.to_ns(0) - zero_ns) <= clock.error_ns + 1


def test_a_page_clock_starts_afresh_when_it_is_contradicted():
    clock = PageClock()
    clock.answered(0, 100 * MS, 102 * MS)
    clock.settle()
    clock.answered(10, 5_110 * MS, 5_112 * MS)
    assert not clock.settled
    assert clock.to_ns(0) == 5_101 * MS


@dataclass
class Stepping(SystemClock):
    """The machine's clocks, with a wall clock that somebody sets."""

    step_ns: int = 0

    def realtime_ns(self) -> int:
        """Return the wall clock as it was set."""
        return time.time_ns() + self.step_ns


async def _type_along(take: Take, count: int) -> list[tuple[int, int]]:
    """Press keys one by one; return the moments just before and just after each press."""
    already = len(take.events(Key))
    moments: list[tuple[int, int]] = []
    for _ in range(count):
        before_ns = time.monotonic_ns()
        await take.page.keyboard.down("k")
        moments.append((before_ns, time.monotonic_ns()))
        await take.page.keyboard.up("k")
    await take.until(lambda: len(take.events(Key)) == already + 2 * count)
    return moments


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
async def test_events_are_stamped_when_they_happened(browser: Browser, site: Site, tmp_path: Path):
    clock = Stepping()
    url = site.put("/keys", "<textarea autofocus></textarea>")
    async with recorded(browser, tmp_path / "r", urls=[url], clock=clock) as take:
        await take.page.wait_for_timeout(100)
        moments = await _type_along(take, 40)
        clock.step_ns = HOUR_NS
        moments += await _type_along(take, 10)
        clock.step_ns = -HOUR_NS
        await take.page.evaluate("document.body.style.background = 'lime'")
        await take.until(lambda: take.events(Frame))
    downs = [event for event in take.events(Key) if event.down]
    assert {event.time_source for event in downs} == {TimeSource.PAGE}
    late = [
        max(before_ns - event.t_ns, event.t_ns - after_ns, 0)
        for event, (before_ns, after_ns) in zip(downs, moments, strict=True)
    ]
    assert statistics.median(late) == 0
    assert max(late) < 10 * MS
    assert all(event.received_ns >= event.t_ns for event in downs)
    span = (moments[0][0] - HOUR_NS // 60, time.monotonic_ns())
    for frame in take.events(Frame):
        assert span[0] < frame.start_ns <= frame.t_ns <= frame.end_ns < span[1]
