"""What the README says is what the commands do."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from recorder.desktop.xvfb import VirtualDisplay
from recorder.store import Recording
from tests.recorder.scene import Scene
from tui.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.S)
PYTHON = re.findall(r"```python\n(.*?)```", README, re.S)
LINES = [
    shlex.split(line, comments=True)[1:]
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("understudy ")
]
LONG = (
    "record",
    "bench",
    "doctor",
    "demo",
    "demonstrate",
    "train",
    "calibrate",
    "evaluate",
    "pack",
    "pretrain",
    "foreman",
)
SUITE = ("resume", "score", "compare", "report")
QUICK = [line for line in LINES if line[0] not in (*LONG, *SUITE)]
RECORD = [line for line in LINES if line[0] == "record"]


def test_every_command_is_in_the_readme() -> None:
    assert {line[0] for line in LINES} == set(COMMANDS)


@pytest.mark.parametrize("line", QUICK, ids=" ".join)
def test_a_command_of_the_readme_works_as_written(
    line: list[str], home: Path, monday: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    if line[0] == "recover":
        shutil.rmtree(monday.folder)
        scene = Scene(home / "monday")
        scene.frame(1, 0)
        scene.crash()
    found = main(line)
    assert found == 0, capsys.readouterr()


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.browser
@pytest.mark.parametrize("line", RECORD, ids=" ".join)
def test_a_recording_of_the_readme_works_as_written(
    line: list[str],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with VirtualDisplay((1024, 768), window_manager=True) as display:
        monkeypatch.setenv("DISPLAY", display.name)
        if "--url" in line:  # nothing outside this machine is asked for
            page = home.parent / "page.html"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text("<!doctype html><title>Shop</title><button>Buy</button>")
            line = [page.as_uri() if word.startswith("https:") else word for word in line]
        found = main([*line, "--yes", "--seconds", "2"])
    written = capsys.readouterr()
    assert found in (0, 1), written
    (manifest,) = home.glob("*/manifest.json")
    assert Recording(manifest.parent).manifest.state == "closed"


def test_the_python_of_the_readme_works_as_written(
    monday: Recording, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(PYTHON[0], "README.md", "exec"), {})  # our own words
    assert "Click(" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.browser
def test_the_environment_of_the_readme_works_as_written(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(PYTHON[1], "README.md", "exec"), {})  # our own words
    assert capsys.readouterr().out == "1.0 True\n"


def test_the_policy_of_the_readme_is_the_one_that_is_tested() -> None:
    assert (ROOT / "tests/contract/their_package.py").read_text() in PYTHON


@pytest.mark.slow
@pytest.mark.browser
def test_a_demonstration_of_the_readme_works_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = [line for line in LINES if line[0] == "demonstrate"]
    assert main(line) == 0, capsys.readouterr()
    assert len(list(tmp_path.glob("demos/**/manifest.json"))) > 0


def test_the_file_map_of_each_room_names_every_file() -> None:
    for room in ("recorder", "harness", "tui"):
        text = (ROOT / room / "README.md").read_text()
        for path in (ROOT / room).iterdir():
            if path.name.startswith(("_", ".")) or path.name in ("README.md", "py.typed"):
                continue
            name = f"{path.name}/" if path.is_dir() else path.name
            assert f"`{name}`" in text, f"{room}/README.md does not name {name}"


def test_the_changelog_names_the_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()


def test_pictures_of_the_readme_exist() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file()
