"""The demo does the whole job, and does nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.store import Recording
from recorder.verify import verify
from tests.soak import SOAK_ONLY
from tui.commands.demo import TASKS, Demo, demo, forward_manifest, look, shift_manifest

SMALL = {
    "episodes": 3,
    "updates": 8,
    "trials": 2,
    "items": 2,
    "runs": 1,
    "recorder": False,
    "rows": ("ours", "null"),
}


def test_the_shift_of_the_demo_has_the_share_of_novel_work_that_it_says() -> None:
    work = shift_manifest(40).work
    taught = [each.task in (*TASKS, "job-account-reset") for each in work.all_episodes]
    assert taught.count(False) == 8


def test_what_the_demo_plays_is_the_same_each_time() -> None:
    assert shift_manifest(40) == shift_manifest(40)
    assert forward_manifest(3) == forward_manifest(3)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(600)
@SOAK_ONLY
def test_the_demo_ends_with_a_report_and_the_second_time_uses_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    what = Demo(folder=tmp_path / "demo", **SMALL)  # pyright: ignore[reportArgumentType]
    assert demo(what) == 0
    first = capsys.readouterr()
    assert all(word in first.out for word in ("OPI*", "leverage", "net s", "silent"))
    logs = {path: path.read_bytes() for path in what.folder.rglob("events-*.jsonl")}
    assert logs
    assert demo(what) == 0
    assert {path: path.read_bytes() for path in what.folder.rglob("events-*.jsonl")} == logs
    assert (what.folder / "shift.html").is_file()
    assert (what.folder / "forward.html").is_file()


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.browser
def test_the_demo_records_a_page_and_a_window_and_keeps_no_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look(tmp_path) == 0
    assert "the password is in no byte of it" in capsys.readouterr().out
    for name in ("browser", "desktop"):
        assert (tmp_path / "recorder" / f"{name}.html").is_file()
        recording = Recording(tmp_path / "recorder" / name)
        assert verify(recording.folder) == []
        assert recording.manifest.counts["frame"] > 5
    assert look(tmp_path) == 0
