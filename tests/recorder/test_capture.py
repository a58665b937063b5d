"""A running recording keeps every event it was allowed to keep, and says what it could not do."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from recorder.capture import Capture, Image
from recorder.clock import SystemClock
from recorder.gate import Gate, Rules
from recorder.schema import (
    ClockAnchor,
    Event,
    Fault,
    Frame,
    FrameUnchanged,
    Gap,
    HeldState,
    Pause,
    PointerMove,
    Redacted,
    Resume,
)
from recorder.store import Manifest, Recording, RecordingWriter
from recorder.video import read_segment
from tests.waiting import until

SECOND = 1_000_000_000


class FakeClock(SystemClock):
    """The machine's clock with jumps on demand."""

    def __init__(self) -> None:
        self.asleep_ns = 0
        self.ahead_ns = 0

    def now_ns(self) -> int:
        """Return time awake."""
        return super().now_ns() + self.ahead_ns

    def boottime_ns(self) -> int:
        """Return time awake and asleep."""
        return self.now_ns() + self.asleep_ns


@contextmanager
def running(folder: Path, **options: object) -> Generator[Capture]:
    writer = RecordingWriter(folder, Manifest(name="r", source="desktop"))
    gate = Gate(Rules(trust_display=True))
    capture = Capture(writer, gate, **options)  # type: ignore[arg-type]
    try:
        yield capture
    finally:
        capture.close()


def move(t_ns: int, x: int = 0) -> PointerMove:
    return PointerMove(t_ns=t_ns, x=x, y=0)


def image(t_ns: int, shade: int = 0) -> Image:
    pixels = np.full((48, 64, 4), shade, np.uint8)
    return Image(pixels, start_ns=t_ns, t_ns=t_ns, end_ns=t_ns)


def kinds(folder: Path, kind: type[Event]) -> list[Event]:
    return [event for event in Recording(folder).events() if isinstance(event, kind)]


def test_every_event_is_kept_in_order(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        events = [move(capture.clock.now_ns(), x) for x in range(5000)]
        for event in events:
            capture.submit(event)
    assert kinds(tmp_path / "r", PointerMove) == events
    assert Recording(tmp_path / "r").manifest.counts["move"] == 5000


def test_events_from_many_threads_are_all_kept(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        threads = [
            threading.Thread(target=lambda: [capture.submit(move(1)) for _ in range(500)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(kinds(tmp_path / "r", PointerMove)) == 2000


def test_a_frame_line_names_its_place_in_the_video(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        start = capture.clock.now_ns()
        for n in range(3):
            capture.submit_image(image(start + n * SECOND // 10, shade=80 * n))
            until(lambda n=n: capture.status().frames == n + 1)
    frames = Recording(tmp_path / "r").frames()
    assert [(frame.segment, frame.index, frame.pts_ms) for frame in frames] == [
        (1, 0, 0),
        (1, 1, 100),
        (1, 2, 200),
    ]
    shades = [
        round(float(pixels.mean())) for _, pixels in read_segment(tmp_path / "r/video/0001.mp4")
    ]
    assert shades == pytest.approx([0, 80, 160], abs=3)


def test_a_new_size_starts_a_new_segment(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        capture.submit_image(image(SECOND))
        capture.submit_image(Image(np.zeros((24, 32, 4), np.uint8), 2, 2, 2))
    assert [frame.segment for frame in Recording(tmp_path / "r").frames()] == [1, 2]


def test_masks_are_painted_before_anything_is_encoded(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        capture.gate.masks.put("focus", [(8, 8, 16, 16)], 0)
        pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 4), dtype=np.uint8)
        capture.submit_image(Image(pixels, 5, 5, 5))
    (frame,) = Recording(tmp_path / "r").frames()
    assert frame.masked == ((0, 0, 32, 32),)
    ((_, decoded),) = read_segment(tmp_path / "r/video/0001.mp4")
    assert decoded[8:24, 8:24].std() < 1


def test_while_paused_nothing_is_stored(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        capture.pause()
        capture.submit(move(capture.clock.now_ns()))
        assert not capture.submit_image(image(capture.clock.now_ns()))
        assert capture.status().paused
    assert kinds(tmp_path / "r", PointerMove) == []
    assert Recording(tmp_path / "r").frames() == []
    assert len(kinds(tmp_path / "r", Pause)) == 1


def test_an_image_waiting_for_the_encoder_is_not_kept_once_paused(tmp_path: Path) -> None:
    with running(tmp_path / "r", frame_hold_s=0.3) as capture:
        capture.submit_image(image(capture.clock.now_ns()))
        capture.pause()
    assert Recording(tmp_path / "r").frames() == []


def test_after_a_pause_the_held_state_follows(tmp_path: Path) -> None:
    held = HeldState(t_ns=1, x=3, y=4, buttons=("left",))
    with running(tmp_path / "r", held_state=lambda: held) as capture:
        capture.resume()
        capture.pause()
        capture.resume()
    events = list(Recording(tmp_path / "r").events())
    at = next(n for n, event in enumerate(events) if isinstance(event, Resume))
    assert events[at + 1] == held


@pytest.mark.parametrize(("asleep_s", "ahead_s", "reason"), [(30, 0, "suspend"), (0, 3, "stall")])
def test_time_that_went_missing_is_a_gap(
    tmp_path: Path, asleep_s: int, ahead_s: int, reason: str
) -> None:
    clock = FakeClock()
    with running(tmp_path / "r", clock=clock) as capture:
        until(lambda: (tmp_path / "r/events.jsonl").stat().st_size)
        clock.asleep_ns, clock.ahead_ns = asleep_s * SECOND, ahead_s * SECOND
        until(lambda: b'"gap"' in (tmp_path / "r/events.jsonl").read_bytes())
        assert capture.status().warnings == ()
    (gap,) = kinds(tmp_path / "r", Gap)
    assert isinstance(gap, Gap)
    assert gap.reason == reason


def test_a_failed_check_is_a_fault_said_once(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        capture.add_check(lambda: "listener-dead: it died")
        until(lambda: capture.status().warnings)
        until(lambda: b'"fault"' in (tmp_path / "r/events.jsonl").read_bytes())
    (fault,) = kinds(tmp_path / "r", Fault)
    assert isinstance(fault, Fault)
    assert (fault.what, fault.detail) == ("listener-dead", "it died")
    assert Recording(tmp_path / "r").manifest.warnings == ("listener-dead: it died",)


def test_panic_leaves_no_byte_of_the_last_minutes(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with running(folder) as capture:
        now = capture.clock.now_ns()
        capture.submit(PointerMove(t_ns=now, x=987_654_321, y=0))
        capture.submit_image(image(now, shade=200))
        until(lambda: capture.status().frames == 1)
        capture.panic(minutes=1)
        after = capture.clock.now_ns()
        capture.submit(PointerMove(t_ns=after, x=123_456_789, y=0))
        capture.submit_image(image(after, shade=10))
    body = (folder / "events.jsonl").read_bytes()
    assert b"987654321" not in body
    assert b"123456789" in body
    assert len(kinds(folder, Redacted)) == 1
    assert [frame.t_ns for frame in Recording(folder).frames()] == [after]


def test_the_clocks_stand_at_both_ends(tmp_path: Path) -> None:
    with running(tmp_path / "r"):
        pass
    events = list(Recording(tmp_path / "r").events())
    assert isinstance(events[0], ClockAnchor)
    assert isinstance(events[-1], ClockAnchor)


def test_what_is_typed_under_a_mask_leaves_no_trace_in_the_frames(tmp_path: Path) -> None:
    with running(tmp_path / "r") as capture:
        now_ns = capture.clock.now_ns()
        capture.gate.masks.put("focus", [(8, 8, 16, 16)], now_ns)
        for number in range(1, 30):
            pixels = np.zeros((48, 64, 4), np.uint8)
            pixels[12:16, 12 : 12 + number % 8] = 255
            t_ns = now_ns + number * 100_000_000
            dirty = ((0, 0, 64, 48),) if number > 1 else ()
            shown = Image(pixels, start_ns=t_ns, t_ns=t_ns, end_ns=t_ns, dirty=dirty)
            until(lambda shown=shown: capture.submit_image(shown))
    assert len(kinds(tmp_path / "r", Frame)) == 1
    unchanged = [event.t_ns for event in kinds(tmp_path / "r", FrameUnchanged)]
    assert len(unchanged) == 3, "once a second, as when nothing happens"
