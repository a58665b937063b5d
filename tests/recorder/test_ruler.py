"""Rules of the ruler test: it reads what was painted, finds errors, and ours are small."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError
from recorder.ruler import Ruler, measure_alignment
from recorder.ruler.compare import Shown, Span, Stamp, compare_events, compare_frames, stamps
from recorder.ruler.hand import places
from recorder.ruler.helper import Helper
from recorder.ruler.timecode import HEIGHT, WIDTH, code_of, read_code, white_blocks
from recorder.schema import Key, Mark, PointerMove
from recorder.video import SegmentWriter, read_segment

MS = 1_000_000


def painted(t_ns: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    image = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for x, y, w, h in white_blocks(t_ns):
        image[y : y + h, x : x + w] = 255
    return image


@given(t_ns=st.integers(0, 2**62))
def test_a_painted_time_is_read_back(t_ns: int) -> None:
    assert read_code(painted(t_ns)[..., :3]) == code_of(t_ns)


@given(t_ns=st.integers(0, 2**62), block=st.integers(0, 39))
def test_half_painted_times_are_not_read(t_ns: int, block: int) -> None:
    image = painted(t_ns)
    y, x = block // 8 * 32, block % 8 * 32
    image[y : y + 32, x : x + 32] = 255 - image[y : y + 32, x : x + 32]
    assert read_code(image[..., :3]) is None


def test_times_survive_the_encoder(tmp_path: Path) -> None:
    times = [number * 37 * MS + 123 for number in range(20)]
    segment = SegmentWriter(tmp_path / "1.mp4", WIDTH, HEIGHT)
    for t_ns in times:
        segment.add(painted(t_ns), t_ns)
    segment.close()
    read = [read_code(pixels) for _, pixels in read_segment(tmp_path / "1.mp4")]
    assert read == [code_of(t_ns) for t_ns in times]


def test_an_image_that_is_too_small_shows_no_time() -> None:
    assert read_code(np.zeros((HEIGHT - 1, WIDTH, 3), np.uint8)) is None


def test_errors_of_events_are_counted_outside_of_their_spans() -> None:
    injected = [Span(name, t * MS, (t + 1) * MS) for t, name in enumerate("abcd")]
    recorded = [
        Stamp("a", 500_000),  # inside
        Stamp("c", 5 * MS),  # 2 ms late
        Stamp("b", 0),  # 1 ms early, and after one that happened later
        Stamp("x", 0),  # somebody else's
    ]
    found = compare_events(injected, recorded)
    assert (found.count, found.lost, found.order_errors) == (3, 1, 1)
    assert found.error_ms_p50 == 1.0
    assert 1.9 < found.error_ms_p99 <= 2.0
    assert found.span_ms_p99 == 1.0


def test_the_same_thing_twice_is_matched_in_order() -> None:
    injected = [Span("key 37 down", t * MS, t * MS) for t in range(3)]
    found = compare_events(injected, [Stamp("key 37 down", t * MS) for t in range(3)])
    assert (found.lost, found.order_errors, found.error_ms_p99) == (0, 0, 0.0)


def test_errors_of_frames_are_counted_outside_of_what_they_show() -> None:
    shown_for = [(t * 10 * MS, t * 10 * MS + MS) for t in range(4)]
    frames = [
        Shown(code_of(0), 5 * MS),  # on the screen from 0 to 11 ms
        Shown(code_of(10 * MS), 23 * MS),  # replaced at 21 ms: 2 ms late
        Shown(None, 30 * MS),
    ]
    found = compare_frames(shown_for, frames)
    assert (found.count, found.unread) == (2, 1)
    assert found.error_ms_p50 == 1.0
    assert 12.9 < found.age_ms_p99 <= 13.0


def test_nothing_measured_is_not_a_number() -> None:
    assert math.isnan(compare_events([Span("a", 0, 1)], []).error_ms_p99)
    assert math.isnan(compare_frames([], []).error_ms_p99)


def test_events_are_named_as_the_hand_names_them() -> None:
    events = [
        PointerMove(t_ns=1, x=3, y=4),
        Mark(t_ns=2, label="x"),
        Key(t_ns=3, down=True, keycode=37),
        Key(t_ns=4, down=False, keycode=37),
    ]
    names = ["move 3 4", "key 37 down", "key 37 up"]
    assert [stamp.what for stamp in stamps(events)] == names


def test_the_hand_visits_no_place_twice() -> None:
    visited = list(places(800, 600))
    assert len(visited) == len(set(visited)) > 20_000


def test_a_helper_that_fails_is_said_so() -> None:
    failure = pytest.raises(CaptureError, match="No module named recorder")
    with Helper({}, "recorder.no_such_module") as helper, failure:
        helper.wait_until_ready()


@pytest.mark.display
@pytest.mark.slow
@pytest.mark.parametrize("answered", [True, False])
def test_times_are_true_with_an_app_that_listens(*, answered: bool) -> None:
    with VirtualDisplay((800, 600), window_manager=True) as display:
        found = measure_alignment(
            Ruler(display.name, display.env, seconds=2, fps=30, answered=answered)
        )
    assert (found.events.count, found.events.lost, found.events.order_errors) == (240, 0, 0)
    assert found.events.error_ms_p50 < 2
    assert found.frames
    assert found.frames.unread == 0
    assert found.frames.count > 10
    assert found.frames.error_ms_p50 < 5
    assert "0 lost, 0 out of order" in found.text()


@pytest.mark.display
@pytest.mark.slow
def test_nothing_is_late_or_lost_on_a_bare_server_that_says_nothing() -> None:
    with VirtualDisplay((800, 600)) as display:
        found = measure_alignment(
            Ruler(display.name, display.env, seconds=2, paint=False, answered=False)
        )
    assert (found.events.count, found.events.lost, found.events.order_errors) == (240, 0, 0)
    assert found.events.error_ms_p50 < 4
    assert found.frames is None
    assert "frames" not in found.text()
