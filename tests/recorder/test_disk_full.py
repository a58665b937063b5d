"""A full disk stops a recording loudly, and keeps everything from before."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from recorder.recover import recover
from recorder.schema import Fault, Frame, PointerMove
from recorder.store import Recording
from recorder.verify import verify

LIMIT = 300_000

CHILD = """
import signal, sys
from pathlib import Path
import numpy as np
from recorder.capture import Capture, Image
from recorder.gate import Gate, Rules
from recorder.schema import PointerMove
from recorder.store import Manifest, RecordingWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = RecordingWriter(Path(sys.argv[1]), Manifest(name="r", source="desktop"))
capture = Capture(writer, Gate(Rules(trust_display=True)))
noise, what = np.random.default_rng(0), sys.argv[2]
for n in range(20_000):
    now = capture.clock.now_ns()
    if what == "events":
        capture.submit(PointerMove(t_ns=now, x=n, y=0))
    else:
        pixels = noise.integers(0, 255, (240, 320, 4), dtype=np.uint8)
        capture.submit_image(Image(pixels, now, now, now))
    if capture.stopped.wait(0 if what == "events" else 0.01):
        break
print(capture.stopped.wait(10), *capture.status().warnings)
capture.close()
"""


def record_until_full(folder: Path, what: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder), what],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_when_no_event_can_be_written_the_ones_before_are_kept_whole(tmp_path: Path) -> None:
    said = record_until_full(tmp_path / "r", "events")
    assert said.startswith("True cannot write")
    recording = Recording(tmp_path / "r")
    assert recording.manifest.state == "closed"
    assert "cannot write" in json.dumps(recording.manifest.warnings)
    kept = [event.x for event in recording.events() if isinstance(event, PointerMove)]
    assert kept == list(range(len(kept)))
    assert (tmp_path / "r/events.jsonl").stat().st_size > LIMIT * 0.9
    assert verify(tmp_path / "r") == []


@pytest.mark.slow
def test_when_no_frame_can_be_written_the_ones_before_are_kept(tmp_path: Path) -> None:
    said = record_until_full(tmp_path / "r", "frames")
    assert said.startswith("True cannot write")
    recover(tmp_path / "r")
    assert verify(tmp_path / "r") == []
    events = list(Recording(tmp_path / "r").events())
    assert any(isinstance(event, Fault) and event.what == "disk-full" for event in events)
    assert sum(isinstance(event, Frame) for event in events) > 2
