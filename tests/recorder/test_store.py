"""What is written is on disk, whole; what cannot be read is refused with one clear sentence."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.errors import ConfigError, DamagedError, NewerVersionError, NotFoundError
from recorder.schema import Mark, PointerMove
from recorder.store import (
    Manifest,
    Recording,
    RecordingWriter,
    describe_files,
    find,
    home,
    new_folder,
    read_manifest,
    replace_and_wipe,
    wipe,
    write_atomically,
    write_manifest,
)
from tests.recorder.scene import Scene, at


def test_home_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path))
    assert home() == tmp_path / "recordings"
    monkeypatch.delenv("UNDERSTUDY_HOME")
    assert home().parts[-2:] == ("understudy", "recordings")


def test_a_recording_is_found_by_name_and_by_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path))
    folder = new_folder("mine")
    assert folder == tmp_path / "recordings/mine"
    RecordingWriter(folder, Manifest(name="mine", source="desktop")).close(1)
    assert find("mine") == folder
    assert find(str(folder)) == folder
    with pytest.raises(NotFoundError, match="no recording 'yours'"):
        find("yours")
    with pytest.raises(ConfigError, match="exists already"):
        new_folder("mine")


@pytest.mark.parametrize("name", ["", "a b", "-x", ".hidden", "x" * 101, "ü"])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="allowed: letters"):
        new_folder(name)


def test_lines_are_on_disk_when_append_returns(scene: Scene) -> None:
    mark = Mark(t_ns=at(1), label="now")
    scene.writer.append([mark])
    assert mark in Recording(scene.folder).events()
    scene.writer.sync()
    scene.close()


def test_a_closed_recording_describes_itself(scene: Scene) -> None:
    scene.frame(1, 0)
    scene.add(PointerMove(t_ns=at(5), x=1, y=2))
    recording = scene.close()
    manifest = recording.manifest
    assert manifest.state == "closed"
    assert manifest.counts == {"clock": 1, "frame": 1, "geometry": 1, "move": 1}
    assert dict(manifest.files) == describe_files(recording.folder)
    assert set(manifest.files) == {"events.jsonl", "video/0001.mp4"}
    assert "python" in manifest.tools
    assert not (recording.folder / ".reserve").exists()
    assert recording.segment(1).is_file()
    assert [frame.segment for frame in recording.frames()] == [1]


def test_only_the_owner_may_read_a_recording(scene: Scene) -> None:
    folder = scene.close().folder
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "events.jsonl").stat().st_mode & 0o077 == 0


def test_a_refused_write_leaves_no_half_line(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (scene.folder / "events.jsonl").read_bytes()
    real = os.write

    def half(file: int, body: bytes) -> int:
        if len(body) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, body[: len(body) // 2])

    monkeypatch.setattr("recorder.store.os.write", half)
    with pytest.raises(OSError, match="No space left"):
        scene.writer.append([Mark(t_ns=at(1), label="x" * 99)])
    monkeypatch.undo()
    assert (scene.folder / "events.jsonl").read_bytes() == before
    scene.close()


def test_rewriting_wipes_the_old_bytes_and_goes_on(scene: Scene, tmp_path: Path) -> None:
    scene.writer.append([Mark(t_ns=at(1), label="old")])
    (tmp_path / "link").hardlink_to(scene.folder / "events.jsonl")
    scene.writer.rewrite(lambda events: events[:-1])
    scene.writer.append([Mark(t_ns=at(2), label="new")])
    recording = scene.close()
    labels = [event.label for event in recording.events() if isinstance(event, Mark)]
    assert labels == ["new"]
    assert recording.manifest.counts["mark"] == 1
    assert set((tmp_path / "link").read_bytes()) == {0}


def test_wiping_overwrites_before_it_unlinks(tmp_path: Path) -> None:
    path, link = tmp_path / "secret", tmp_path / "link"
    path.write_bytes(b"s3cret" * 1000)
    link.hardlink_to(path)
    wipe(path)
    wipe(path)  # what is gone is gone
    assert not path.exists()
    assert set(link.read_bytes()) == {0}


def test_replacing_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "x"
    replace_and_wipe(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (None, DamagedError, "has no manifest.json"),
        (b"{", DamagedError, "is not JSON"),
        (b"[]", DamagedError, "is not the manifest"),
        (b'{"format":"photos"}', DamagedError, "is not the manifest"),
        (b'{"format":"understudy-recording","version":2}', NewerVersionError, "install a newer"),
        (b'{"format":"understudy-recording"}', NewerVersionError, "version None"),
        (b'{"format":"understudy-recording","version":1}', DamagedError, "is damaged"),
        (b"\xff\xfe\x00", DamagedError, "is not JSON"),
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(
    tmp_path: Path, body: bytes | None, error: type[Exception], words: str
) -> None:
    if body is not None:
        (tmp_path / "manifest.json").write_bytes(body)
    with pytest.raises(error, match=words):
        read_manifest(tmp_path)


def test_a_manifest_survives_the_disk(tmp_path: Path) -> None:
    manifest = Manifest(name="é", source="browser", settings={"fps": 10}, warnings=("one",))
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    found = json.loads((tmp_path / "manifest.json").read_bytes())
    write_manifest(tmp_path, replace(manifest, state="closed"))
    assert found["state"] == "open"


def test_a_torn_line_is_named(scene: Scene) -> None:
    recording = scene.close()
    with (recording.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"kind"')
    with pytest.raises(DamagedError, match="line 3"):
        list(recording.events())
    (recording.folder / "events.jsonl").unlink()
    assert list(recording.events()) == []
