"""The same promises on real pages: killing a browser changes nothing, and none outlives us."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from harness.run.checking import check
from harness.run.manifests import FrozenEpisode, Shifts, freeze
from harness.run.messages import Settled
from harness.run.playing import Crew, play
from harness.run.score import load_runs, score
from harness.run.suite import WEB_CELLS, Request
from tests.harness.crew import chromium
from tests.harness.run import fakes
from tests.soak import SOAK_ONLY, repeats
from tests.waiting import until

_PATIENCE_S = 240.0  # a process takes its time to start on a machine that is busy

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(repeats(900, 7200))]

_TASKS = ("miniwob-click-test", "miniwob-click-button")
_START = """
import sys
from pathlib import Path
from tests.harness.run import fakes
from tests.harness.run.test_real_cells import episodes
fakes.played(Path(sys.argv[1]), episodes(40))
"""


def episodes(n_seeds: int) -> Request:
    """Return a suite of real pages."""
    asked = fakes.request(fakes.episodes(n_seeds, _TASKS), rows=("ours",))
    return msgspec.structs.replace(asked, cells=WEB_CELLS)


def shifts() -> Request:
    """Return a suite of two shifts on real pages."""
    work = Shifts(
        shifts=tuple(
            tuple(FrozenEpisode(task, 4 * number + seed) for task in _TASKS for seed in range(2))
            for number in range(2)
        ),
        n_agents=(2,),
        allocators=("fifo",),
        reference=(2, "fifo"),
        patience_s=60.0,
        taught=_TASKS,
    )
    asked = fakes.request(freeze("two", work), rows=("ours/N=2/fifo",))
    return msgspec.structs.replace(asked, cells=WEB_CELLS)


class Killing(fakes.Silent):
    """Kills the browser when the first cell is settled, whatever the others are doing."""

    def settle(self, report: Settled) -> None:
        if not self.settled:
            chromium().kill()
        super().settle(report)


@pytest.mark.parametrize(
    "asked",
    [pytest.param(episodes(4), marks=SOAK_ONLY), shifts()],
    ids=["episodes", "shifts"],
)
def test_a_browser_that_is_killed_changes_no_score(tmp_path: Path, asked: Request) -> None:
    fakes.played(tmp_path / "undisturbed", asked, workers=2)
    for number in range(repeats(1, 20)):
        folder = tmp_path / str(number)
        play(folder, asked, tools={}, crew=Crew(n_pages=3), told=Killing())
        fakes.played(folder, asked)  # whatever was lost for good
        assert load_runs(folder) == load_runs(tmp_path / "undisturbed")
        assert score(folder).to_json() == score(tmp_path / "undisturbed").to_json()
        assert not check(folder)


def test_a_suite_that_is_killed_leaves_no_browser_behind(tmp_path: Path) -> None:
    for number in range(repeats(1, 20)):
        folder = tmp_path / str(number)
        with subprocess.Popen([sys.executable, "-c", _START, str(folder)]) as started:
            size = random.Random(number).randrange(20_000)
            until(
                lambda folder=folder, size=size: _size(folder) > size,
                "events",
                patience_s=_PATIENCE_S,
            )
            family = psutil.Process(started.pid).children(recursive=True)
            started.kill()
            until(
                lambda family=family: not any(map(_is_alive, family)),
                "no browser",
                patience_s=_PATIENCE_S,
            )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("ours/events-*"))


def _is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
