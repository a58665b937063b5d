"""The benchmark of simulated shifts measures what it says."""

from __future__ import annotations

import pytest

from harness.bench.foreman import ORDER, run, table
from harness.modes.allocators import ALLOCATORS
from harness.modes.simulation import SIZES


@pytest.mark.slow
def test_each_allocator_is_timed_and_compared_on_the_same_shifts() -> None:
    said: list[str] = []
    figures = run(agents=50, hours=0.1, seed=1, shifts=2, report=said.append)
    assert set(figures["allocators"]) == set(ALLOCATORS)
    assert all(each["cpu_seconds"] > 0 for each in figures["allocators"].values())
    assert [point["agents"] for point in figures["fan_out"]] == list(SIZES)
    assert [pair["worse"] for pair in figures["compared"]] == ["gain-per-second", *ORDER]
    assert len(said) == len(ALLOCATORS) + 2
    assert "50 agents, 0.1 h" in table(figures)
