"""A working day is replayed as fast as it goes, and takes no more memory the longer it lasts."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from harness.hub.reducer import fold
from harness.hub.shift_log import read_shift
from tests.soak import repeats
from tests.tui.foreman.shifts import improvise
from tests.tui.foreman.story import Story
from tui.reel import Reel
from tui.replay import ReplayBridge

pytestmark = pytest.mark.slow

_MS = 1_000_000
_DAY_MS = 8 * 3_600_000
_STEP_MS = 20_000
"""That pass between two looks."""
AGENTS = tuple(f"agent-{number}" for number in range(1, 7))


class Clock:
    """Goes as fast as a test wants."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a shift of eight hours; of some minutes in the gate."""
    length_ms, chance = repeats(_DAY_MS // 32, _DAY_MS), Random(5)
    story = Story(*AGENTS, episodes=length_ms // 2000)
    while story.t_ms < length_ms:
        improvise(story, chance, 100)
    return story.write(tmp_path_factory.mktemp("day") / "run")


def play(bridge: ReplayBridge, clock: Clock) -> None:
    """Play to the end from where it is."""
    bridge.play()
    while not bridge.is_over:
        clock.now_ns += _STEP_MS * _MS
        bridge.advance()


def taken_mb() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1e6


def test_a_day_is_replayed_again_and_again_in_the_memory_of_once(day: Path) -> None:
    clock = Clock()
    with ReplayBridge(Reel.read(day), clock) as bridge:
        bridge.stops = False
        tracemalloc.start()
        try:
            play(bridge, clock)
            once_mb = taken_mb()
            for _ in range(2):
                bridge.seek(0)
                play(bridge, clock)
            again_mb = taken_mb()
        finally:
            tracemalloc.stop()
        assert again_mb <= once_mb + 1
        assert bridge.shift == fold(read_shift(day))
