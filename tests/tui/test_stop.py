"""`understudy stop` stops agents, lets them go, and says who is stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.latch import Latch, Stops
from tui.cli import main

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def latch(home: Path) -> Latch:
    """Return what the agents of this person look at."""
    return Latch()


def says(capsys: Capsys, *arguments: str, code: int = 0) -> str:
    assert main(["stop", *arguments]) == code
    written = capsys.readouterr()
    return " ".join((written.out + written.err).split())


def test_everybody_is_stopped_and_released(latch: Latch, capsys: Capsys) -> None:
    assert says(capsys) == "all agents are stopped; by name as well: none"
    assert latch.is_stopped("agent-1")
    assert says(capsys, "--release") == "no agent is stopped"
    assert not latch.is_stopped("agent-1")


def test_one_that_is_stopped_by_name_is_released_by_name(latch: Latch, capsys: Capsys) -> None:
    assert says(capsys, "agent-1") == "stopped: agent-1"
    assert says(capsys, "--release") == "stopped: agent-1"
    assert latch.stops() == Stops(everybody=False, agents=("agent-1",))
    assert says(capsys, "agent-1", "--release") == "no agent is stopped"


def test_showing_changes_nothing(latch: Latch, capsys: Capsys) -> None:
    assert says(capsys, "--show") == "no agent is stopped"
    assert not latch.is_stopped("agent-1")


def test_another_latch_can_be_named(latch: Latch, tmp_path: Path, capsys: Capsys) -> None:
    says(capsys, "--latch", str(tmp_path / "other"))
    assert not latch.is_stopped("agent-1")
    with Latch(tmp_path / "other") as other:
        assert other.is_stopped("agent-1")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--show", "--release"), "name one"),
        (("--latch", "/proc/nowhere/stop"), "no stop latch at /proc/nowhere/stop"),
        (("bad\nname",), "no agent can be called"),
    ],
)
def test_what_cannot_be_done_is_one_clear_sentence(
    arguments: tuple[str, ...], what: str, home: Path, capsys: Capsys
) -> None:
    assert what in says(capsys, *arguments, code=2)
