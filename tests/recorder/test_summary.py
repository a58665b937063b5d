"""What is said of a recording without opening it, and what is left when it cannot be opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.errors import DamagedError
from recorder.schema import Fault, Gap, PointerMove, Redacted
from recorder.store import Recording
from recorder.viewer import summary, write_html
from tests.recorder.scene import Scene, at


def test_a_summary_counts_what_there_is(scene: Scene) -> None:
    scene.frame(1, 0)
    scene.add(
        PointerMove(t_ns=at(5), x=1, y=1),
        Redacted(t_ns=at(10), end_ns=at(10), reason="card"),
        Redacted(t_ns=at(10), end_ns=at(20), reason="card"),
        Gap(t_ns=at(30), end_ns=at(40), reason="stall"),
        Fault(t_ns=at(2000), what="black-screen"),
    )
    while_open = summary(Recording(scene.folder))
    assert (while_open.state, while_open.seconds, while_open.frames) == ("open", 2.0, 1)
    found = summary(scene.close())
    assert (found.state, found.seconds, found.events, found.frames) == ("closed", 2.0, 1, 1)
    assert (found.redactions, found.gaps, found.faults) == (1, 1, 1)
    assert found.kinds["redacted"] == 2
    assert found.megabytes > 0


def test_a_torn_recording_leaves_no_half_written_page(scene: Scene, tmp_path: Path) -> None:
    recording = scene.close()
    with (recording.folder / "events.jsonl").open("ab") as file:
        file.write(b"torn")
    with pytest.raises(DamagedError):
        write_html(recording, tmp_path / "x.html")
    assert not list(tmp_path.glob("x.html*"))
    assert summary(recording).frames == 0
