"""Rules of the benchmark: every figure is there, for us and for the peers."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recorder.bench import run, table
from recorder.bench.cost import Packets, hourly_megabytes, read_packets, watch
from recorder.bench.recorders import cost_of_ffmpeg, has_ffmpeg
from recorder.bench.workloads import WORKLOADS, random_text
from recorder.errors import CaptureError
from recorder.video import SegmentWriter
from tests.soak import repeats

SECOND = 1_000_000_000


def test_an_hour_has_as_many_key_frames_as_come() -> None:
    # 10 frames a second of 1 kB, a key frame of 100 kB for every 250 and one for the first
    window = Packets(keys=(), others=(1_000.0,) * 100, first_key=100_000.0)
    keys = 1 + 36_000 / 250
    assert hourly_megabytes(window, 10) == pytest.approx((keys * 100 + 36_000 - keys) / 1000)


def test_key_frames_that_were_seen_count_as_often_as_seen() -> None:
    window = Packets(keys=(50_000.0,) * 5, others=(1_000.0,) * 5, first_key=1.0)
    assert hourly_megabytes(window, 3600) == pytest.approx((6 * 50_000 + 4 * 1_000) / 1e6)


def test_only_packets_in_the_window_count(tmp_path: Path) -> None:
    path = tmp_path / "1.mp4"
    segment = SegmentWriter(path, 64, 64)
    chance = np.random.default_rng(0)
    for number in range(10):
        segment.add(chance.integers(0, 256, (64, 64, 4), dtype=np.uint8), number * SECOND)
    segment.close()
    found = read_packets(path, 2, 5)
    assert (len(found.keys), len(found.others)) == (0, 3)
    whole = read_packets(path, 0, 100)
    assert whole.first_key + sum(whole.others) == pytest.approx(path.stat().st_size)


def test_processor_time_is_that_of_the_process() -> None:
    spin = "while True: pass"
    with subprocess.Popen([sys.executable, "-c", spin]) as process:
        try:
            busy = watch(process.pid, 0.3)
        finally:
            process.kill()
    assert sum(busy.core_percent) > 5
    assert busy.memory_mb > 1


def test_text_is_the_same_for_the_same_seed() -> None:
    assert random_text(random.Random(3), 5) == random_text(random.Random(3), 5)
    assert random_text(random.Random(3), 5) != random_text(random.Random(4), 5)


@pytest.mark.skipif(not has_ffmpeg(), reason="ffmpeg is not installed")
def test_a_peer_that_fails_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="x11grab"):
        cost_of_ffmpeg({"DISPLAY": ":9999", **os.environ}, tmp_path, 0.1, 10, (64, 64))


def test_the_table_shows_limits_and_peers() -> None:
    shown = table({"core_percent_idle": 2.5, "ffmpeg_core_percent_idle": 25.0, "events_lost": 0})
    lines = [line.split() for line in shown.splitlines()[1:]]
    assert lines == [["events_lost", "0", "-", "-"], ["core_percent_idle", "2.50", "5.00", "25.00"]]


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_figure_is_measured_for_us_and_for_the_peers() -> None:
    told: list[str] = []
    figures = run(seconds=float(repeats(2, 20)), report=told.append)
    wanted = {
        *("event_error_ms_p99", "event_error_ms_p99_bare", "event_error_ms_p99_pynput"),
        *("frame_error_ms_p99", "events_lost", "order_errors"),
        *(f"{what}_{name}" for what in ("core_percent", "mb_per_hour") for name in WORKLOADS),
    }
    assert wanted <= figures.keys()
    assert all(math.isfinite(figures[name]) for name in wanted)
    assert (figures["events_lost"], figures["order_errors"]) == (0, 0)
    assert figures["mb_per_hour_idle"] < figures["mb_per_hour_typing"] < 200
    assert figures["mb_per_hour_typing"] < figures["mb_per_hour_scroll"]
    if has_ffmpeg():
        assert all(figures[f"core_percent_{name}_to_ffmpeg"] < 1 for name in WORKLOADS)
    assert json.loads(json.dumps(figures))["plan"]["seed"] == 0
    assert figures["machine"]["cores"]
    assert len(told) >= 10
    assert "core_percent_scroll" in table(figures)
