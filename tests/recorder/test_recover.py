"""A recording that a crash left open becomes whole again, from its own bytes alone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recorder.codec import event_to_line
from recorder.errors import ConfigError, DamagedError, NewerVersionError, NotFoundError
from recorder.recover import recover
from recorder.schema import Event, Frame, Gap, Mark, Navigation, UnknownEvent
from recorder.store import Recording
from recorder.verify import verify
from tests.recorder.killing import finishes
from tests.recorder.scene import Scene, at

Maker = Callable[[str], Recording]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every byte of a recording, by file."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def crashed(scene: Scene, frames: int = 12) -> Path:
    """Return a folder as a killed recorder leaves it, its last packet not named by any event."""
    for number in range(frames):
        scene.frame(number, number * 100)
        if number == 7:
            scene.cut()
        scene.add(Mark(t_ns=at(number * 100 + 50), label="note", text="é"))
    scene.crash()
    return scene.folder


def tear(folder: Path, tail: bytes) -> None:
    """Add bytes to the events that are no whole line."""
    with (folder / "events.jsonl").open("ab") as file:
        file.write(tail)


def test_a_crashed_recording_is_closed_with_a_gap(scene: Scene) -> None:
    folder = crashed(scene)
    assert recover(folder).state == "recovered"
    assert verify(folder) == []
    *_, last = Recording(folder).events()
    assert last == Gap(t_ns=at(1150), end_ns=at(1150), reason="crash")


@pytest.mark.parametrize(
    "tail",
    [
        b'{"kind":"mark","t_ns":77',
        b'{"kind":"mark","t_ns":7,"label":"\xe6\xbc',
        b"\xff\xfe\x00garbage",
        b"\0" * 5000,
        b"not json\nnor this\n\n\n",
        b"\n",
    ],
)
def test_a_torn_tail_is_cut(scene: Scene, tail: bytes) -> None:
    folder = crashed(scene)
    whole = (folder / "events.jsonl").read_bytes()
    tear(folder, tail)
    recover(folder)
    gap = event_to_line(Gap(t_ns=at(1150), end_ns=at(1150), reason="crash"))
    assert (folder / "events.jsonl").read_bytes() == whole + gap
    assert verify(folder) == []


def test_a_last_line_that_only_lacks_its_end_is_kept(scene: Scene) -> None:
    folder = crashed(scene)
    tear(folder, event_to_line(Mark(t_ns=at(1200), label="last")).rstrip())
    recover(folder)
    assert Mark(t_ns=at(1200), label="last") in Recording(folder).events()


def test_a_bad_line_in_the_middle_becomes_a_gap(scene: Scene) -> None:
    scene.add(Mark(t_ns=at(10), label="before"))
    tear(scene.folder, b'{"kind": "ma\xff\nrk"\n')
    scene.add(Mark(t_ns=at(30), label="after"))
    scene.crash()
    recover(scene.folder)
    found = [event for event in Recording(scene.folder).events() if not isinstance(event, Frame)]
    assert found[2:] == [
        Mark(t_ns=at(10), label="before"),
        Gap(t_ns=at(10), end_ns=at(30), reason="damaged"),
        Mark(t_ns=at(30), label="after"),
        Gap(t_ns=at(30), end_ns=at(30), reason="crash"),
    ]
    assert verify(scene.folder) == []


@pytest.mark.parametrize("cut", [1, 30, 100, 200, 500, 5000])
def test_a_torn_video_tail_is_cut_and_its_frames_dropped(scene: Scene, cut: int) -> None:
    folder = crashed(scene)
    path = folder / "video/0002.mp4"
    path.write_bytes(path.read_bytes()[:-cut])
    recover(folder)
    assert verify(folder) == []
    assert len(Recording(folder).frames()) >= 8


def test_a_frame_line_that_is_lost_leaves_its_packet_harmless(scene: Scene) -> None:
    folder = crashed(scene)
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    frames = [number for number, line in enumerate(lines) if b'"kind":"frame"' in line]
    lines[frames[2]] = b"torn\n"
    del lines[frames[-1]]
    path.write_bytes(b"".join(lines))
    recover(folder)
    assert verify(folder) == []
    found = Recording(folder).frames()
    assert [(frame.segment, frame.index) for frame in found] == [
        *((1, index) for index in (0, 1, 3, 4, 5, 6, 7)),
        *((2, index) for index in (0, 1, 2)),
    ]


def test_two_copies_recover_to_the_same_bytes_and_a_second_time_changes_nothing(
    scene: Scene, tmp_path: Path
) -> None:
    folder = crashed(scene)
    tear(folder, b'{"kind":"fr')
    (folder / ".reserve").write_bytes(b"\0")
    (folder / "manifest.json.tmp").write_bytes(b"{")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    recover(folder)
    recover(copy)
    once = contents(folder)
    assert once == contents(copy)
    assert set(once) == {"manifest.json", "events.jsonl", "video/0001.mp4", "video/0002.mp4"}
    recover(folder)
    assert contents(folder) == once


def test_a_kill_while_recovering_does_no_harm(scene: Scene, tmp_path: Path) -> None:
    original = crashed(scene)
    tear(original, b'{"kind":"fr')
    path = original / "video/0002.mp4"
    path.write_bytes(path.read_bytes()[:-300])
    shutil.copytree(original, tmp_path / "expected")
    recover(tmp_path / "expected")
    expected, changes = contents(tmp_path / "expected"), 0
    while True:
        folder = tmp_path / f"killed{changes}"
        shutil.copytree(original, folder)
        done = finishes(lambda f=folder: recover(f), changes=changes)
        recover(folder)
        assert contents(folder) == expected, f"killed before change {changes}"
        if done:
            break
        changes += 1
    assert changes > 3


@pytest.mark.parametrize("torn", [None, b"", b'{"format": "under'])
def test_a_lost_manifest_is_rebuilt_from_the_events(scene: Scene, torn: bytes | None) -> None:
    scene.add(Navigation(t_ns=at(1), page="p1", url="http://a/"))
    folder = crashed(scene)
    path = folder / "manifest.json"
    path.unlink() if torn is None else path.write_bytes(torn)
    manifest = recover(folder)
    assert (manifest.name, manifest.source, manifest.started_ns) == ("scene", "browser", at(0))
    assert manifest.started_realtime_ns == at(0) + 10**18
    assert verify(folder) == []


def test_a_recording_without_events_or_frames_is_closed(scene: Scene) -> None:
    (scene.folder / "events.jsonl").unlink()
    scene.crash()
    recover(scene.folder)
    assert verify(scene.folder) == []


def test_what_later_versions_wrote_is_kept_byte_by_byte(scene: Scene) -> None:
    line = b'{"kind": "smell", "t_ns": 5000000009,  "of": "\xe2\x98\x95"}\n'
    tear(scene.folder, line)
    scene.crash()
    recover(scene.folder)
    assert line in (scene.folder / "events.jsonl").read_bytes()
    found: list[Event] = [e for e in Recording(scene.folder).events() if e.t_ns == at(0) + 9]
    assert isinstance(found[0], UnknownEvent)


def test_a_whole_recording_is_left_as_it_is(closed: Maker) -> None:
    folder = closed("r").folder
    before = contents(folder)
    assert recover(folder).state == "closed"
    assert contents(folder) == before


def test_a_closed_recording_that_was_damaged_later_is_mended(closed: Maker) -> None:
    folder = closed("r").folder
    (folder / "video/0002.mp4").unlink()
    recover(folder)
    assert verify(folder) == []
    assert len(Recording(folder).frames()) == 20


def test_a_recording_that_is_still_written_is_left_alone(scene: Scene) -> None:
    scene.frame(1, 0)
    before = contents(scene.folder)
    with pytest.raises(ConfigError, match="being recorded right now"):
        recover(scene.folder)
    assert contents(scene.folder) == before
    scene.writer.rewrite(lambda events: events)
    with pytest.raises(ConfigError, match="being recorded right now"):
        recover(scene.folder)
    assert recover(scene.close().folder).state == "closed"


def test_what_is_no_recording_is_refused_and_left_alone(tmp_path: Path, closed: Maker) -> None:
    with pytest.raises(NotFoundError, match="no recording in"):
        recover(tmp_path)
    folder = closed("r").folder
    path = folder / "manifest.json"
    for manifest, error in (
        ({"format": "holiday-photos"}, DamagedError),
        ({**json.loads(path.read_bytes()), "version": 99}, NewerVersionError),
    ):
        path.write_text(json.dumps(manifest))
        before = contents(folder)
        with pytest.raises(error):
            recover(folder)
        assert contents(folder) == before
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/events.jsonl").write_bytes(b"nothing\n")
    with pytest.raises(DamagedError, match="not one readable event"):
        recover(tmp_path / "empty")
