"""What is taken out of a recording is gone for good, and the rest is as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recorder.errors import ConfigError
from recorder.recover import recover
from recorder.schema import (
    AgentAction,
    Controller,
    Element,
    Event,
    Frame,
    Gap,
    Geometry,
    InputEvent,
    Key,
    Mark,
    Navigation,
    Pause,
    PointerButton,
    Redacted,
    Resume,
    TextInput,
    TypeText,
    WindowChange,
)
from recorder.store import Recording
from recorder.surgery import redact, remove_span, trim
from recorder.verify import verify
from recorder.video import packet_times, read_segment, segments
from tests.recorder.killing import finishes
from tests.recorder.scene import Scene, at, read_number

Maker = Callable[[str], Recording]


def numbers(recording: Recording) -> list[int]:
    """Return what the video shows, frame event by frame event."""
    shown = {
        (segment, pts_ms): read_number(pixels)
        for segment, path in segments(recording.folder).items()
        for pts_ms, pixels in read_segment(path)
    }
    found = [shown[frame.segment, frame.pts_ms] for frame in recording.frames()]
    assert len(found) == len(shown), "the video holds what no event names"
    return found


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "gone"),
    [
        (1000, 1900, range(10, 20)),  # a whole segment
        (2500, 2900, range(25, 30)),  # the tail of one
        (1300, 1600, range(13, 17)),  # its middle
        (0, 400, range(5)),  # its head
        (650, 2250, range(6, 23)),  # several, and what was on screen when it began
        (2950, 9999, range(29, 30)),  # only what was on screen
    ],
)
def test_a_removed_span_is_gone_from_the_video(
    closed: Maker, start_ms: int, end_ms: int, gone: range
) -> None:
    recording = closed("r")
    events = list(recording.events())
    kept = remove_span(recording.folder, events, at(start_ms), at(end_ms))
    recording.folder.joinpath("events.jsonl").unlink()
    shown = {
        segment: [(ms, read_number(pixels)) for ms, pixels in read_segment(path)]
        for segment, path in segments(recording.folder).items()
    }
    frames = [event for event in kept if isinstance(event, Frame)]
    expected = [number for number in range(30) if number not in gone]
    assert [shown[frame.segment][frame.index] for frame in frames] == [
        (frame.pts_ms, number) for frame, number in zip(frames, expected, strict=True)
    ]
    assert sum(map(len, shown.values())) == len(expected)


def test_a_tail_is_cut_without_encoding_again(closed: Maker) -> None:
    recording = closed("r")
    before = recording.segment(3).read_bytes()
    remove_span(recording.folder, list(recording.events()), at(2500), at(2900))
    after = recording.segment(3).read_bytes()
    assert before.startswith(after)
    assert packet_times(recording.segment(3)) == [0, 100, 200, 300, 400]


def test_old_bytes_are_overwritten(closed: Maker, tmp_path: Path) -> None:
    folder = closed("r").folder
    links = {name: tmp_path / f"link {name}" for name in ("0001", "0002", "0003", "events")}
    for name, link in links.items():
        path = folder / "events.jsonl" if name == "events" else folder / f"video/{name}.mp4"
        link.hardlink_to(path)
    redact(folder, at(350), at(2250))
    assert links["0001"].read_bytes() == (folder / "video/0001.mp4").read_bytes()  # cut in place
    for name in ("0002", "0003", "events"):
        assert set(links[name].read_bytes()) == {0}, name


def test_a_redacted_span_takes_what_was_on_screen_when_it_began(closed: Maker) -> None:
    recording = closed("r")
    redact(recording.folder, at(1350), at(1620))
    assert verify(recording.folder) == []
    after = Recording(recording.folder)
    assert numbers(after) == [n for n in range(30) if n not in range(13, 17)]
    inside = [e for e in after.events() if at(1350) <= e.t_ns <= at(1620)]
    assert inside == [Redacted(t_ns=at(1350), end_ns=at(1620), reason="asked")]
    assert after.manifest.state == "closed"


def test_redacted_boxes_are_flat_and_the_rest_stays(closed: Maker) -> None:
    recording = closed("r")
    redact(recording.folder, at(1350), at(1620), [(16, 2, 30, 30)])
    assert verify(recording.folder) == []
    after = Recording(recording.folder)
    assert len(after.frames()) == 30
    flat = {
        pts_ms: float(np.ptp(pixels[2:32, 16:46].reshape(-1, 3), axis=0).max())
        for pts_ms, pixels in read_segment(after.segment(2))
    }
    assert [ms for ms, spread in flat.items() if spread == 0] == [300, 400, 500, 600]
    masked = [frame.pts_ms for frame in after.frames() if frame.masked]
    assert masked == [300, 400, 500, 600]


def test_words_of_a_redacted_box_go_and_clicks_stay(scene: Scene) -> None:
    here, there = (
        Element(role="textbox", box=(10, 10, 50, 20), name="code", value="s3cret"),
        (Element(role="button", box=(150, 80, 20, 20), name="Next", selectors=("#next",))),
    )
    scene.frame(1, 0)
    scene.add(
        WindowChange(t_ns=at(20), app="xed", title="s3cret.txt"),
        Navigation(t_ns=at(21), page="", url="http://a/", title="s3cret"),
        PointerButton(t_ns=at(30), button="left", down=True, x=12, y=12, target=here),
        Key(t_ns=at(40), down=True, symbol="s"),
        TextInput(t_ns=at(41), text="s3cret", target=here),
        AgentAction(
            t_ns=at(42),
            end_ns=at(43),
            controller=Controller.SCRIPT,
            agent="a",
            action=TypeText(text="s3cret"),
        ),
        Mark(t_ns=at(44), label="note", text="s3cret"),
        PointerButton(t_ns=at(50), button="left", down=True, x=160, y=90, target=there),
        TextInput(t_ns=at(500), text="kept"),
    )
    folder = scene.close().folder
    redact(folder, at(10), at(100), [(0, 0, 80, 40)])
    assert b"s3cret" not in (folder / "events.jsonl").read_bytes()
    presses = [e for e in Recording(folder).events() if isinstance(e, PointerButton)]
    assert presses[0].target == Element(role="textbox", box=(10, 10, 50, 20))
    assert presses[1].target == there
    assert [e.text for e in Recording(folder).events() if isinstance(e, TextInput)] == ["kept"]
    assert verify(folder) == []


def test_trim_keeps_the_span_and_what_it_builds_on(closed: Maker) -> None:
    recording = closed("r")
    manifest = trim(recording.folder, at(1350), at(2620))
    assert verify(recording.folder) == []
    after = Recording(recording.folder)
    assert numbers(after) == list(range(13, 27))
    assert {at(1350) <= event.t_ns <= at(2620) for event in after.events()} == {True}
    assert isinstance(next(after.events()), Geometry)
    assert (manifest.started_ns, manifest.ended_ns) == (at(1350), at(2620))


def test_a_pause_that_a_span_cuts_is_said_again(scene: Scene) -> None:
    events: list[Event] = [
        Geometry(t_ns=at(5), width=9, height=9),
        Pause(t_ns=at(10)),
        Resume(t_ns=at(40)),
        Pause(t_ns=at(60)),
        Mark(t_ns=at(70), label="x"),
    ]
    assert remove_span(scene.folder, events, at(0), at(20)) == [
        Geometry(t_ns=at(20) + 1, width=9, height=9),
        Pause(t_ns=at(20) + 1),
        *events[2:],
    ]
    assert remove_span(scene.folder, events, at(30), at(50)) == [
        *events[:2],
        Resume(t_ns=at(50) + 1),
        *events[3:],
    ]
    scene.close()


def test_spans_that_reach_out_are_clipped(scene: Scene) -> None:
    gap = Gap(t_ns=at(10), end_ns=at(30), reason="stall")
    assert remove_span(scene.folder, [gap], at(20), at(40)) == [gap]
    assert remove_span(scene.folder, [gap], at(0), at(20)) == [
        Gap(t_ns=at(20) + 1, end_ns=at(30), reason="stall")
    ]
    scene.add(gap, Mark(t_ns=at(50), label="end"))
    folder = scene.close().folder
    trim(folder, at(20), at(25))
    assert Gap(t_ns=at(20), end_ns=at(25), reason="stall") in Recording(folder).events()


@pytest.mark.parametrize(("start_ms", "end_ms"), [(500, 400), (90_000, 99_000), (-900, -800)])
def test_a_span_that_is_not_there_changes_nothing(
    closed: Maker, start_ms: int, end_ms: int
) -> None:
    recording = closed("r")
    before = (recording.folder / "manifest.json").read_bytes()
    for act in (trim, redact):
        with pytest.raises(ConfigError, match="the recording goes from"):
            act(recording.folder, at(start_ms), at(end_ms))
    assert (recording.folder / "manifest.json").read_bytes() == before


def test_an_open_recording_is_refused(scene: Scene) -> None:
    scene.frame(1, 0)
    scene.crash()
    with pytest.raises(ConfigError, match="still open"):
        redact(scene.folder, at(0), at(1))


def test_an_empty_box_is_refused(closed: Maker) -> None:
    with pytest.raises(ConfigError, match="width and a height"):
        redact(closed("r").folder, at(0), at(100), [(1, 1, 0, 5)])


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_what_recovery_makes_whole(
    closed: Maker, tmp_path: Path
) -> None:
    original = closed("r").folder
    changes = 0
    while True:
        folder = tmp_path / f"killed{changes}"
        shutil.copytree(original, folder)
        done = finishes(lambda f=folder: redact(f, at(650), at(2250)), changes=changes)
        recover(folder)
        assert verify(folder) == [], f"killed before change {changes}"
        redact(folder, at(650), at(2250))
        left = numbers(Recording(folder))
        # when the video was ahead of the events, frame 5 looks as if it had stayed on screen
        assert left in ([*range(first), *range(23, 30)] for first in (5, 6))
        inputs = [e for e in Recording(folder).events() if isinstance(e, InputEvent)]
        assert len(inputs) == 6 + 7
        shutil.rmtree(folder)
        if done:
            break
        changes += 1
    assert changes > 8
