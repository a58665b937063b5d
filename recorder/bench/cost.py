"""What a recording process costs: processor time by the second, and bytes by the hour."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av

HOUR_S = 3600
_KEY_EVERY = 250  # frames; our setting, and what x264 does when not told
_SLICE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one recording of one workload took."""

    core_percent: tuple[float, ...]
    """User and system time of the process and its children, second by second."""
    mb_per_hour: float
    memory_mb: float
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class Load:
    """Processor time and memory of a running process."""

    core_percent: tuple[float, ...]
    memory_mb: float


def watch(pid: int, seconds: float) -> Load:
    """Watch a process and its children for some time."""
    import psutil  # noqa: PLC0415 - with the bench extra only

    process = psutil.Process(pid)

    def used_s() -> float:
        members = [process, *process.children(recursive=True)]
        times = [member.cpu_times() for member in members]
        return sum(found.user + found.system for found in times)

    slices: list[float] = []
    end = time.monotonic() + seconds
    before, before_s = time.monotonic(), used_s()
    while before < end:
        time.sleep(min(_SLICE_S, max(0.0, end - before)))
        now, now_s = time.monotonic(), used_s()
        slices.append(100 * (now_s - before_s) / (now - before))
        before, before_s = now, now_s
    return Load(tuple(slices), process.memory_info().rss / 1e6)


@dataclass(frozen=True, slots=True)
class Packets:
    """Sizes of the frames of a video, with their share of the container."""

    keys: tuple[float, ...]
    others: tuple[float, ...]
    first_key: float


def read_packets(path: Path, from_s: float, to_s: float) -> Packets:
    """Return the packets of a video between two times, counted from its first frame."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [
            (float(packet.pts * stream.time_base), packet.size, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.pts is not None and stream.time_base is not None
        ]
    share = path.stat().st_size / sum(size for _, size, _ in found)
    start = found[0][0]
    inside = [(size * share, is_key) for t, size, is_key in found[1:] if from_s <= t - start < to_s]
    return Packets(
        keys=tuple(size for size, is_key in inside if is_key),
        others=tuple(size for size, is_key in inside if not is_key),
        first_key=found[0][1] * share,
    )


def hourly_megabytes(packets: Packets, seconds: float) -> float:
    """Return the megabytes that an hour like these seconds takes.

    A window of seconds says little about key frames, so these count as often as they come: for
    every 250 frames, and once for the first.

    >>> hourly_megabytes(Packets(keys=(), others=(), first_key=1e6), 10)
    1.0
    """
    per_hour = HOUR_S / seconds
    frames = (len(packets.keys) + len(packets.others)) * per_hour
    key_count = 1 + max(len(packets.keys) * per_hour, frames / _KEY_EVERY)
    key_size = _mean(packets.keys) or packets.first_key
    others = max(0.0, frames - key_count) * _mean(packets.others)
    return (key_count * key_size + others) / 1e6


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
