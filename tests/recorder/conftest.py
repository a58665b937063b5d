"""What the recorder's tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from recorder.schema import PointerButton
from recorder.store import Recording
from tests.recorder.scene import Scene, at
from tests.soak import repeats

settings.register_profile(
    "recorder", settings.get_profile("understudy"), max_examples=repeats(100, 2000)
)
settings.load_profile("recorder")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return an empty recording in the making."""
    return Scene(tmp_path / "scene")


@pytest.fixture
def closed(tmp_path: Path) -> Callable[[str], Recording]:
    """Return a maker of closed recordings: 30 frames in three segments, with a click for each."""

    def make(name: str) -> Recording:
        made = Scene(tmp_path / name)
        for number in range(30):
            if number in (10, 20):
                made.cut()
            made.frame(number, number * 100)
            press = PointerButton(t_ns=at(number * 100 + 50), button="left", down=True, x=9, y=9)
            made.add(press)
        return made.close()

    return make
