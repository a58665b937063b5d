"""What the tests of the hub share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.hub.bench import Bench, request


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a hub without its socket."""
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Return one with a driver and two agents at work, of which one asks."""
    bench.drive()
    bench.work()
    bench.ask(request("r1"))
    return bench
