"""A run log survives its writer, and no edit of it goes unseen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.errors import LogError
from harness.measure.events import Manifest, RunClosed, RunEvent, RunOpened, open_run
from harness.measure.log import RunLog, read_log, verify
from harness.measure.state import fold
from tests.harness.measure.stories import MANY, Story, events_of, manifest, planned
from tests.soak import repeats

CHILD = """
import itertools, sys
from pathlib import Path
from harness.measure.events import open_run
from harness.measure.log import RunLog
from tests.harness.measure.stories import Story, manifest, planned
with RunLog(Path(sys.argv[1]), open_run("w1", manifest([]))) as log:
    print("writing", flush=True)
    for seed in itertools.count(int(sys.argv[2])):
        for event in Story(planned(seed=seed)).steps(20).contact(900).done().end().events:
            log.append(event)
"""


def told() -> list[RunEvent]:
    """The events of a short run."""
    stories = [
        Story(planned(seed=seed)).steps(2).ask().contact(800).done().end(hands_on_s=0.8)
        for seed in range(3)
    ]
    return [*events_of(stories), RunClosed()]


def write(path: Path, events: list[RunEvent]) -> list[bytes]:
    """Write a log and return its lines."""
    opened, *others = events
    assert isinstance(opened, RunOpened)
    with RunLog(path, opened) as log:
        for event in others:
            log.append(event)
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return write(tmp_path_factory.mktemp("log") / "events.jsonl", told())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "events.jsonl"
    write(path, told())
    assert list(read_log(path)) == told()
    assert verify(path) is None


def test_a_log_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = told()
    for event in events[1:]:
        write(path, [events[0], event])
    assert list(read_log(path)) == events
    assert verify(path) is None


@pytest.mark.parametrize("cut", [1, 40, 150])
def test_a_torn_last_line_is_dropped_on_reopening(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "events.jsonl"
    events = told()
    body = b"".join(write(path, events))
    path.write_bytes(body[:-cut])
    broken = verify(path)
    assert broken is not None
    assert broken.line == len(events)
    assert "torn" in str(broken)
    assert list(read_log(path)) == events[:-1]
    write(path, [events[0], events[-1]])
    assert path.read_bytes() == body


def test_a_log_that_was_torn_in_its_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"before":"000')
    write(path, told())
    assert list(read_log(path)) == told()


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    opened = open_run("w1", manifest([]))
    with (
        RunLog(tmp_path / "events.jsonl", opened),
        pytest.raises(LogError, match="another process"),
    ):
        RunLog(tmp_path / "events.jsonl", opened)


@pytest.mark.parametrize(
    "other",
    [open_run("w2", manifest([])), open_run("w1", manifest([planned(seed=5)]))],
    ids=["worker", "plan"],
)
def test_a_log_of_another_run_is_refused(tmp_path: Path, other: RunEvent) -> None:
    path = tmp_path / "events.jsonl"
    write(path, [open_run("w1", manifest([]))])
    with pytest.raises(LogError, match="another run"):
        write(path, [other])


def test_a_damaged_log_is_not_written_to(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(LogError, match="line 3 does not follow"):
        write(path, told())


def test_a_manifest_hashes_the_same_after_it_was_read(tmp_path: Path) -> None:
    whole_numbers = Manifest(
        plan=(planned(seconds=4),), policy="p", operator={"b": 1, "a": 2}, thresholds={"x": 1}
    )
    path = tmp_path / "events.jsonl"
    write(path, [open_run("w1", whole_numbers), RunClosed()])
    assert verify(path) is None
    assert whole_numbers.sha256 != manifest([]).sha256


def test_a_manifest_that_does_not_match_its_hash_is_found(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    opened = open_run("w1", manifest([]))
    forged = type(opened)(
        worker="w1", manifest=manifest([planned()]), manifest_sha256=opened.manifest_sha256
    )
    write(path, [forged, RunClosed()])
    broken = verify(path)
    assert broken is not None
    assert (broken.line, "manifest" in broken.what) == (1, True)
    with pytest.raises(LogError, match="manifest"):
        list(read_log(path))


def found_in(body: bytes) -> int | None:
    """The line that `verify` names, if any."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        path.write_bytes(body)
        broken = verify(path)
        return broken and broken.line


@MANY
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_changed_byte_is_found_in_its_line(lines: list[bytes], place: float, mask: int) -> None:
    body = bytearray(b"".join(lines))
    at = int(place * len(body))
    body[at] ^= mask
    assert found_in(bytes(body)) == bytes(body[:at]).count(b"\n") + 1


@MANY
@given(out=st.integers(0, 1000))
def test_a_dropped_line_is_found_where_it_was(lines: list[bytes], out: int) -> None:
    out %= len(lines)
    assert found_in(b"".join(lines[:out] + lines[out + 1 :])) == out + 1


@MANY
@given(one=st.integers(0, 1000), other=st.integers(0, 1000))
def test_lines_that_changed_places_are_found(lines: list[bytes], one: int, other: int) -> None:
    one, other = sorted((one % len(lines), other % len(lines)))
    if one == other:
        return
    moved = list(lines)
    moved[one], moved[other] = moved[other], moved[one]
    assert found_in(b"".join(moved)) == one + 1


@MANY
@given(twice=st.integers(0, 1000))
def test_a_line_written_twice_is_found(lines: list[bytes], twice: int) -> None:
    twice %= len(lines)
    assert found_in(b"".join([*lines[: twice + 1], *lines[twice:]])) == twice + 2


def test_a_log_without_its_end_is_found(lines: list[bytes]) -> None:
    assert found_in(b"".join(lines[:-4])) == len(lines) - 3
    assert found_in(b"") == 1


def test_a_line_that_holds_no_event_is_found(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with RunLog(path, open_run("w1", manifest([]))) as log:
        log.append({"kind": "gossip"})  # pyright: ignore[reportArgumentType]
    with pytest.raises(LogError, match="line 2 holds no event"):
        list(read_log(path))


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened, event = tmp_path / "events.jsonl", open_run("w1", manifest([])), RunClosed()
    whole = os.write
    with RunLog(path, opened) as log:
        size, calls = path.stat().st_size, iter([True])

        def full(file: int, body: bytes) -> int:
            if next(calls, False):
                return whole(file, body[:10])
            raise OSError(28, "no space left")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OSError, match="no space"):
            log.append(event)
        monkeypatch.undo()
        assert path.stat().st_size == size
        log.append(event)
    assert list(read_log(path)) == [opened, event]


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_loses_at_most_a_line(tmp_path: Path) -> None:
    path, chance = tmp_path / "events.jsonl", random.Random(7)
    opened, kept = open_run("w1", manifest([])), 0
    for _ in range(repeats(3, 20)):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(kept)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"writing\n"
            time.sleep(chance.uniform(0, 0.2))
            child.send_signal(signal.SIGKILL)
        size = path.stat().st_size
        with RunLog(path, opened):
            dropped = size - path.stat().st_size
        assert 0 <= dropped < 500
        kept = len(fold(read_log(path)).ended) + 1000
    with RunLog(path, opened) as log:
        log.append(RunClosed())
    assert verify(path) is None
