"""`understudy record` asks first, shows how it goes, and keeps everything however it ends."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from recorder.capture import Status
from recorder.desktop.session import DesktopConfig
from recorder.desktop.xvfb import VirtualDisplay
from recorder.gate import Hotkeys, Rules
from recorder.schema import Pause, PointerMove, Redacted
from recorder.store import Recording
from recorder.verify import verify
from tests.waiting import until
from tui.cli import main
from tui.commands.record import Desktop, consent_notice, status_line

COMMAND = (sys.executable, "-m", "tui.cli")


@pytest.fixture(scope="module")
def display() -> Generator[VirtualDisplay]:
    with VirtualDisplay((640, 480)) as started:
        yield started


class Terminal:
    """A command in a terminal of its own, as a person has it."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.screen = b""
        self._leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, **env, "COLUMNS": "100", "TERM": "xterm"},
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        os.set_blocking(self._leader, False)

    def press(self, keys: str) -> None:
        os.write(self._leader, keys.encode())

    def wait_for(self, what: str | Callable[[], bool]) -> None:
        for _ in range(1500):
            self._read()
            if what() if callable(what) else what.encode() in self.screen:
                return
            time.sleep(0.02)
        raise AssertionError(f"never saw {what!r}; the screen says {self.screen.decode()!r}")

    def end(self) -> int:
        self.wait_for(lambda: self.process.poll() is not None)
        self._read()
        os.close(self._leader)
        return self.process.wait()

    def _read(self) -> None:
        try:
            while chunk := os.read(self._leader, 65536):
                self.screen += chunk
        except (BlockingIOError, OSError):
            return


@pytest.mark.slow
@pytest.mark.display
def test_a_person_agrees_pauses_deletes_and_stops_from_the_terminal(
    home: Path, display: VirtualDisplay
) -> None:
    arguments = ["record", "desktop", "mine", "--display", display.name, "--trust-display"]
    terminal = Terminal(arguments, {})
    terminal.wait_for("Press Enter to agree")
    assert not (home / "mine").exists()
    terminal.press("\n")
    terminal.wait_for("events")
    display.call(["xdotool", "mousemove", "33", "44"])
    terminal.wait_for(lambda: b'"x":33' in (home / "mine/events.jsonl").read_bytes())
    terminal.press("p")
    terminal.wait_for("paused")
    display.call(["xdotool", "mousemove", "55", "66"])
    terminal.press("p")
    terminal.wait_for(lambda: b'"resume"' in (home / "mine/events.jsonl").read_bytes())
    terminal.press("d")
    terminal.wait_for(lambda: b'"panic"' in (home / "mine/events.jsonl").read_bytes())
    display.call(["xdotool", "mousemove", "77", "88"])
    terminal.wait_for(lambda: b'"x":77' in (home / "mine/events.jsonl").read_bytes())
    terminal.press("q")
    assert terminal.end() == 0
    recording = Recording(home / "mine")
    events = list(recording.events())
    assert [event.x for event in events if isinstance(event, PointerMove)] == [77]
    assert [event.reason for event in events if isinstance(event, Redacted)] == ["panic"]
    assert not any(isinstance(event, Pause) for event in events)
    assert "All typed text is kept" in recording.manifest.consent
    assert verify(recording.folder) == []


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_recording_and_loses_nothing(
    number: signal.Signals, home: Path, display: VirtualDisplay
) -> None:
    arguments = ["record", "desktop", "mine", "--trust-display", "--yes"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], env={**os.environ, **display.env}, stderr=subprocess.DEVNULL
    )
    events = home / "mine/events.jsonl"
    until(lambda: events.exists() and b'"state"' in events.read_bytes())
    for x in range(10, 30):
        display.call(["xdotool", "mousemove", str(x), "7"])
    process.send_signal(number)
    assert process.wait(20) == 0
    recording = Recording(home / "mine")
    assert recording.manifest.state == "closed"
    moves = [event.x for event in recording.events() if isinstance(event, PointerMove)]
    assert moves == list(range(10, 30))


def test_without_a_terminal_nobody_can_agree(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "browser", "mine", "--headless"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["desktop", "x", "--deny-domains", "bank.example"], "record browser"),
        (["browser", "x", "--deny-apps", "vault"], "--deny-domains"),
        (["browser", "x", "--fps", "0"], "1 to 60"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused(
    arguments: list[str], what: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", *arguments, "--yes"]) == 2
    assert what in capsys.readouterr().err
    assert not home.exists()


def test_the_notice_says_what_was_asked_for(tmp_path: Path) -> None:
    rules = Rules(deny_apps=("keepassxc",), trust_apps=("mousepad",))
    config = DesktopConfig(rules=rules, hotkeys=Hotkeys(stop="F4"), panic_minutes=2)
    notice = consent_notice(Desktop(config=config), tmp_path)
    for words in ("keepassxc", "mousepad", "+F4", "last 2 minutes", str(tmp_path)):
        assert words in notice


def test_the_status_line_shows_warnings_and_drops() -> None:
    status = Status(
        seconds=75.0,
        events=150,
        frames=30,
        dropped_frames=2,
        megabytes=1.5,
        paused=True,
        warnings=("black-screen: nothing is shown",),
        stopped=False,
    )
    line = status_line(status).plain
    for words in ("paused", "01:15", "150 events (2.0/s)", "2 dropped", "! black-screen"):
        assert words in line
