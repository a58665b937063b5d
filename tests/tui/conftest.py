"""What the command's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.schema import Key, PointerButton, Redacted
from recorder.store import Recording
from tests.recorder.scene import Scene, at


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of all recordings of a test, empty; the test also runs in a new folder."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home" / "recordings"


@pytest.fixture
def monday(home: Path) -> Recording:
    """Return a closed recording named monday: 3 s, 30 frames, clicks, a key, something redacted."""
    scene = Scene(home / "monday")
    for number in range(30):
        scene.frame(number, number * 100)
        scene.add(PointerButton(t_ns=at(number * 100 + 50), button="left", down=True, x=9, y=9))
    scene.add(
        Key(t_ns=at(2960), down=True, symbol="a", code="KeyA"),
        Redacted(t_ns=at(2970), end_ns=at(2980), reason="password"),
    )
    return scene.close()
