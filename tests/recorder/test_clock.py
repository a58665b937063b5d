"""Server times of 32 bits become times of our clock, whatever turn they are in."""

from hypothesis import given
from hypothesis import strategies as st

from recorder.clock import SystemClock, anchor, unwrap_ms

MS = 1_000_000


@given(st.integers(0, 1 << 40), st.integers(-1_000_000, 1_000_000))
def test_a_server_time_is_unwrapped_to_the_turn_nearest_to_now(event_ms: int, late: int) -> None:
    now_ns = max(0, event_ms + late) * MS
    assert unwrap_ms(event_ms % (1 << 32), now_ns) // MS == event_ms


def test_an_anchor_holds_all_three_clocks() -> None:
    clock = SystemClock()
    before = clock.now_ns()
    found = anchor(clock)
    assert before <= found.t_ns <= clock.now_ns()
    assert found.boottime_ns >= found.t_ns - MS
    assert found.realtime_ns > 1_700_000_000 * 10**9
