"""What agents saw is kept of the episodes that people will want to look at, and of no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.measure.metrics import is_silent_failure
from harness.measure.report.gallery import is_needless, pictures_of
from harness.modes.album import MOST, Album
from harness.run.pictures import keep_pictures
from harness.run.score import load_runs
from tests.harness.measure.stories import Story, planned
from tests.harness.run import fakes
from tests.harness.run.test_score import write

PIXELS = np.full((20, 30, 3), 7, np.uint8)


def test_a_run_keeps_what_was_seen_in_silent_failures_and_needless_asks_alone(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "run", fakes.request(rows=("ours",)))
    (run,) = load_runs(folder).values()
    worth_it = {
        key for key, each in run.ended.items() if is_silent_failure(each) or is_needless(each)
    }
    pictured = {key for key in run.ended if pictures_of(folder / "ours", key)}
    assert pictured == worth_it
    assert pictured


def test_the_last_screens_of_an_episode_are_kept() -> None:
    album = Album()
    for step in range(MOST + 5):
        album.see("a", step, PIXELS)
    assert list(album.pictures("a")) == list(range(5, MOST + 5))
    album.begin("a")
    assert not album.pictures("a")


@pytest.mark.parametrize("key", ["../../elsewhere", "/elsewhere"])
def test_a_key_that_points_elsewhere_writes_nothing(tmp_path: Path, key: str) -> None:
    story = Story(planned(key)).steps(1).done().end(verified=False)
    album = Album()
    album.see(story.key, 0, PIXELS)
    keep_pictures(tmp_path / "a" / "b", story.events, album)
    assert not list(tmp_path.rglob("*.webp"))
