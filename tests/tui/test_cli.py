"""Every command does what its help says, and bad input gets one clear sentence and exit code 2."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from recorder.schema import Frame, Redacted
from recorder.store import Recording
from tests.recorder.scene import Scene
from tui.cli import COMMANDS, main

Capsys = pytest.CaptureFixture[str]


def says(capsys: Capsys, *arguments: str, code: int = 0) -> str:
    """Run a command, check its exit code and return what it wrote, on one line."""
    found = main(arguments)
    written = capsys.readouterr()
    assert found == code, written
    return " ".join((written.out + written.err).split())


@pytest.mark.parametrize(
    "command", [*COMMANDS, "record desktop", "record browser"], ids=lambda name: str(name)
)
def test_every_command_explains_itself(command: str, capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: understudy {command}" in text
    assert "MISSING" not in text
    for line in text.splitlines():
        assert not line.rstrip().endswith("│ --help"), line


def test_an_unknown_command_names_the_known_ones(capsys: Capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rekord"])
    assert ended.value.code == 2
    assert "record" in capsys.readouterr().err


def test_list_shows_each_recording_once(monday: Recording, capsys: Capsys) -> None:
    text = says(capsys, "list")
    assert text.count("monday") == 1
    assert "closed" in text


def test_list_says_how_to_begin_when_there_is_nothing(home: Path, capsys: Capsys) -> None:
    assert "understudy record" in says(capsys, "list")


def test_list_goes_on_past_a_damaged_recording(monday: Recording, capsys: Capsys) -> None:
    broken = monday.folder.with_name("broken")
    broken.mkdir()
    (broken / "manifest.json").write_text("{")
    text = says(capsys, "list")
    assert "monday" in text
    assert "broken" in text


def test_list_as_json_is_one_object_a_line(monday: Recording, capsys: Capsys) -> None:
    main(["list", "--json"])
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["name"] == "monday"


def test_cat_prints_the_events_of_the_kinds_asked_for(monday: Recording, capsys: Capsys) -> None:
    main(["cat", "monday", "--kinds", "key", "redacted"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines] == ["key", "redacted"]


def test_show_writes_one_file(monday: Recording, capsys: Capsys) -> None:
    assert "monday.html" in says(capsys, "show", "monday")
    assert Path("monday.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_verify_finds_nothing_wrong_with_a_sound_recording(
    monday: Recording, capsys: Capsys
) -> None:
    assert says(capsys, "verify", "monday").endswith("no problems found")


def test_verify_fails_on_an_altered_one(monday: Recording, capsys: Capsys) -> None:
    with (monday.folder / "events.jsonl").open("a") as file:
        file.write("{}\n")
    assert "events.jsonl" in says(capsys, "verify", "monday", code=1)


def test_trim_keeps_only_the_stretch(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "trim", "monday", "--start", "1", "--end", "2")
    begun = monday.manifest.started_ns
    times = [frame.t_ns - begun for frame in Recording(monday.folder).frames()]
    assert times
    assert all(1e9 <= t_ns <= 2e9 for t_ns in times)
    says(capsys, "verify", "monday")


def test_redact_takes_out_a_stretch_and_says_so(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "redact", "monday", "--start", "1", "--end", "2")
    events = list(Recording(monday.folder).events())
    begun = monday.manifest.started_ns
    assert not [e for e in events if isinstance(e, Frame) and 1e9 < e.t_ns - begun < 2e9]
    assert sum(isinstance(event, Redacted) for event in events) == 2
    says(capsys, "verify", "monday")


def test_redact_can_cover_one_rectangle(monday: Recording, capsys: Capsys) -> None:
    box = ("--box", "0", "0", "40", "16")
    says(capsys, "redact", "monday", "--start", "1", "--end", "2", *box)
    assert any(frame.masked for frame in Recording(monday.folder).frames())
    says(capsys, "verify", "monday")


def test_recover_closes_what_a_crash_left_open(home: Path, capsys: Capsys) -> None:
    scene = Scene(home / "crashed")
    scene.frame(1, 0)
    scene.crash()
    assert "recovered" in says(capsys, "recover", "crashed")
    says(capsys, "verify", "crashed")


def test_a_parquet_export_opens_in_duckdb(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "export", "monday", "--to", "parquet", "--folder", "out")
    with duckdb.connect() as database:
        count = database.sql("select count(*) from 'out/events.parquet'").fetchall()
    assert count == [(sum(1 for _ in monday.events()),)]


def test_a_lerobot_export_is_a_v3_tree(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "export", "monday", "--to", "lerobot", "--folder", "out")
    assert json.loads(Path("out/meta/info.json").read_text())["codebase_version"] == "v3.0"


def test_delete_leaves_nothing(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "delete", "monday", "--yes")
    assert not monday.folder.exists()


def test_delete_touches_no_file_that_is_not_a_recordings(monday: Recording, capsys: Capsys) -> None:
    (monday.folder / "thesis.txt").write_text("mine")
    says(capsys, "delete", "monday", "--yes")
    assert [path.name for path in monday.folder.iterdir()] == ["thesis.txt"]


def test_delete_asks_first(monday: Recording, capsys: Capsys) -> None:
    says(capsys, "delete", "monday", code=2)
    assert monday.folder.exists()


READERS = [
    ("show",),
    ("cat",),
    ("verify",),
    ("trim", "--start", "1"),
    ("redact", "--start", "0", "--end", "1"),
    ("export", "--to", "parquet"),
    ("export", "--to", "lerobot"),
]
IDS = [" ".join(command) for command in READERS]


@pytest.mark.parametrize("command", [*READERS, ("recover",), ("delete", "--yes")], ids=str)
def test_a_missing_recording_is_one_clear_sentence(
    command: tuple[str, ...], home: Path, capsys: Capsys
) -> None:
    name, *rest = command
    text = says(capsys, name, "nowhere", *rest, code=2)
    assert text.startswith("understudy: no recording 'nowhere'")


@pytest.mark.parametrize("command", READERS, ids=IDS)
def test_a_recording_of_a_newer_version_is_left_alone(
    command: tuple[str, ...], monday: Recording, capsys: Capsys
) -> None:
    manifest = monday.folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": 99}))
    before = contents(monday.folder)
    name, *rest = command
    text = says(capsys, name, "monday", *rest, code=1 if name == "verify" else 2)
    assert "version 99" in text
    assert contents(monday.folder) == before
    assert not list(Path().iterdir())


@pytest.mark.parametrize("command", READERS, ids=IDS)
def test_a_foreign_folder_is_left_alone(
    command: tuple[str, ...], monday: Recording, capsys: Capsys
) -> None:
    (monday.folder / "manifest.json").write_text('{"name": "an extension", "version": "1.2"}')
    before = contents(monday.folder)
    name, *rest = command
    says(capsys, name, "monday", *rest, code=1 if name == "verify" else 2)
    assert contents(monday.folder) == before
    assert not list(Path().iterdir())


@pytest.mark.parametrize("command", READERS, ids=IDS)
def test_a_torn_recording_is_left_alone(
    command: tuple[str, ...], monday: Recording, capsys: Capsys
) -> None:
    with (monday.folder / "events.jsonl").open("ab") as file:
        file.write(b'{"kind":"text","t_ns":1,"text":"\xe6\xbc')
    before = contents(monday.folder)
    name, *rest = command
    text = says(capsys, name, "monday", *rest, code=1 if name == "verify" else 2)
    assert "events.jsonl" in text
    assert contents(monday.folder) == before
    shutil.rmtree(monday.folder)
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("trim", "monday", "--start", "9"), "3.0 s long"),
        (("trim", "monday", "--start", "2", "--end", "1"), "later end"),
        (("cat", "monday", "--kinds", "smell"), "no events of kind smell"),
        (("export", "monday", "--to", "parquet", "--folder", "taken"), "exists already"),
        (("bench", "recorder", "--json", "/proc/nowhere/x.json"), "cannot write"),
        (("record", "desktop", "../bad name"), "bad name"),
        (("record", "desktop", "monday", "--yes"), "exists already"),
        (("record", "desktop", "x", "--fps", "500", "--yes"), "60"),
        (("record", "desktop", "x", "--display", ":987", "--yes"), ":987"),
        (("record", "desktop", "x", "--display", ":987"), "--yes"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_one_clear_sentence_and_leaves_nothing(
    arguments: tuple[str, ...], what: str, monday: Recording, capsys: Capsys
) -> None:
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("mine")
    before = contents(monday.folder.parent)
    text = says(capsys, *arguments, code=2)
    assert what in text
    assert "Traceback" not in text
    assert contents(monday.folder.parent) == before
    assert [str(path) for path in Path().rglob("*")] == ["taken", "taken/mine.txt"]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
