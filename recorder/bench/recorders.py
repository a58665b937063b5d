"""The recorders that are compared: ours, and FFmpeg's x11grab with x264."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from recorder.bench.cost import HOUR_S, Cost, hourly_megabytes, read_packets, watch
from recorder.errors import CaptureError
from recorder.ruler.helper import Helper

_WARM_S = 2.0
_PATIENCE_S = 20.0


def cost_of_ours(env: Mapping[str, str], scratch: Path, seconds: float, fps: int) -> Cost:
    """Record a display with understudy and return what it cost.

    Raises:
        CaptureError: it did not record.
    """
    folder = scratch / "ours"
    with Helper(env, "recorder.bench.subject", str(folder), str(fps)) as subject:
        subject.wait_until_ready()
        time.sleep(_WARM_S)
        events = folder / "events.jsonl"
        before = events.stat().st_size
        load = watch(subject.pid, seconds)
        event_bytes = events.stat().st_size - before
        subject.finish()
    packets = read_packets(folder / "video" / "0001.mp4", _WARM_S, _WARM_S + seconds)
    return Cost(
        core_percent=load.core_percent,
        mb_per_hour=hourly_megabytes(packets, seconds) + event_bytes * HOUR_S / seconds / 1e6,
        memory_mb=load.memory_mb,
        frames_per_s=(len(packets.keys) + len(packets.others)) / seconds,
    )


def ffmpeg_command(display: str, size: tuple[int, int], fps: int, path: Path) -> list[str]:
    """Return the peer's command: the same rate, size and quantizer."""
    return [
        *("ffmpeg", "-loglevel", "error", "-f", "x11grab", "-draw_mouse", "0"),
        *("-framerate", str(fps), "-video_size", f"{size[0]}x{size[1]}", "-i", display),
        *("-c:v", "libx264", "-preset", "veryfast", "-qp", "24", "-pix_fmt", "yuv420p"),
        *("-y", str(path)),
    ]


def has_ffmpeg() -> bool:
    """Return whether the peer is installed."""
    return sys.platform == "linux" and shutil.which("ffmpeg") is not None


def cost_of_ffmpeg(
    env: Mapping[str, str], scratch: Path, seconds: float, fps: int, size: tuple[int, int]
) -> Cost:
    """Record a display with FFmpeg and return what it cost.

    Raises:
        CaptureError: it did not record.
    """
    path = scratch / "ffmpeg.mkv"
    command = ffmpeg_command(env["DISPLAY"], size, fps, path)
    with subprocess.Popen(
        command, env=dict(env), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            time.sleep(_WARM_S)
            load = watch(process.pid, seconds)
            _, error = process.communicate("q", timeout=_PATIENCE_S)
        finally:
            process.kill()
    if process.returncode:
        raise CaptureError(f"{' '.join(command)} failed: {error.strip()}")
    packets = read_packets(path, _WARM_S, _WARM_S + seconds)
    return Cost(
        core_percent=load.core_percent,
        mb_per_hour=hourly_megabytes(packets, seconds),
        memory_mb=load.memory_mb,
        frames_per_s=(len(packets.keys) + len(packets.others)) / seconds,
    )
