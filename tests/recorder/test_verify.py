"""Verification finds every kind of damage, and nothing wrong with what is sound."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.codec import event_to_line
from recorder.schema import (
    Event,
    Fault,
    Frame,
    FrameUnchanged,
    Gap,
    Mark,
    Pause,
    PointerMove,
    Resume,
)
from recorder.store import Manifest, Recording, describe_files, read_manifest, write_manifest
from recorder.verify import verify
from tests.recorder.scene import Scene, at

Maker = Callable[[str], Recording]


def says(folder: Path, *words: str, quick: bool = False) -> None:
    """Check that each of `words` is in what verification says, and that it says nothing else."""
    found = [str(problem) for problem in verify(folder, quick=quick)]
    for word in words:
        assert any(word in problem for problem in found), (word, found)
    assert all(any(word in problem for word in words) for problem in found), found


def rewrite(folder: Path, change: Callable[[list[Event]], list[Event]]) -> None:
    """Change the events and make the manifest agree, as a wrong writer would."""
    events = change(list(Recording(folder).events()))
    (folder / "events.jsonl").write_bytes(b"".join(map(event_to_line, events)))
    counts: dict[str, int] = {}
    for event in events:
        counts[event.KIND] = counts.get(event.KIND, 0) + 1
    manifest = replace(read_manifest(folder), counts=counts, files=describe_files(folder))
    write_manifest(folder, manifest)


def test_a_sound_recording_has_no_problems(closed: Maker) -> None:
    says(closed("r").folder)


def test_an_open_recording_is_a_problem(scene: Scene) -> None:
    scene.crash()
    says(scene.folder, "state is 'open'")


def test_foreign_and_missing_manifests_are_problems(tmp_path: Path) -> None:
    says(tmp_path, "no manifest.json")
    write_manifest(tmp_path, Manifest(name="x", source="desktop", state="closed"))
    says(tmp_path, "events.jsonl: is missing")


def test_changed_missing_and_extra_files_are_problems(closed: Maker) -> None:
    folder = closed("r").folder
    (folder / "video/0007.mp4").write_bytes((folder / "video/0001.mp4").read_bytes())
    (folder / "video/0002.tmp").write_bytes(b"")
    (folder / "video/0003.mp4").unlink()
    with (folder / "events.jsonl").open("ab") as file:
        file.write(b"torn")
    says(
        folder,
        "0007.mp4: is not in the manifest",
        "0007.mp4: holds 10 packets; the events name 0",
        "0002.tmp: is left over",
        "0003.mp4: is missing",
        "events.jsonl: differs",
        "not a line of JSON",
    )


@pytest.mark.parametrize("quick", [True, False])
def test_a_flipped_byte_is_a_problem(closed: Maker, quick: bool) -> None:
    folder = closed("r").folder
    path = folder / "video/0001.mp4"
    body = bytearray(path.read_bytes())
    body[-400] ^= 255
    path.write_bytes(body)
    assert verify(folder, quick=quick)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (Mark(t_ns=at(900_000), label="x"), "outside the recording"),
        (Gap(t_ns=at(20), end_ns=at(10), reason="x"), "before its start"),
        (PointerMove(t_ns=at(500), received_ns=at(100), x=0, y=0), "before it happened"),
    ],
)
def test_an_event_with_wrong_times_is_a_problem(closed: Maker, wrong: Event, what: str) -> None:
    folder = closed("r").folder
    rewrite(folder, lambda events: [*events, wrong])
    says(folder, what)


def frame_changed(**changes: int) -> Callable[[list[Event]], list[Event]]:
    """Return a change of the last frame event."""

    def change(events: list[Event]) -> list[Event]:
        place = max(i for i, event in enumerate(events) if isinstance(event, Frame))
        frame = events[place]
        return [*events[:place], replace(frame, **changes), *events[place + 1 :]]  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"pts_ms": 901}, "no packet for frame 9 at 901 ms"),
        ({"index": 10}, "no packet for frame 10"),
        ({"width": 4000}, "says 4000 x"),
        ({"end_ns": at(2000)}, "outside its grab"),
    ],
)
def test_a_frame_that_is_not_in_the_video_is_a_problem(
    closed: Maker, changes: dict[str, int], what: str
) -> None:
    folder = closed("r").folder
    rewrite(folder, frame_changed(**changes))
    says(folder, what)


def test_a_packet_without_an_event_is_a_problem_unless_something_failed(closed: Maker) -> None:
    folder = closed("r").folder
    rewrite(folder, lambda events: events[:-2])
    says(folder, "holds 10 packets; the events name 9")
    rewrite(folder, lambda events: [*events, Fault(t_ns=at(2900), what="disk-full")])
    says(folder)


def test_a_pause_holds_no_events_and_no_frames(scene: Scene) -> None:
    scene.add(
        Pause(t_ns=at(10)),
        PointerMove(t_ns=at(9), x=0, y=0),
        Gap(t_ns=at(12), end_ns=at(13), reason="stall"),
        Resume(t_ns=at(30)),
        PointerMove(t_ns=at(31), x=0, y=0),
        Pause(t_ns=at(40)),
    )
    folder = scene.close().folder
    says(folder)
    late = [PointerMove(t_ns=at(20), x=0, y=0), FrameUnchanged(t_ns=at(50))]
    rewrite(folder, lambda events: [*events, *late])
    says(folder, "a move event while paused", "a frame_same event while paused")
