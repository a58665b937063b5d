"""Virtual displays: ready when they say so, and all they start ends with them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from Xlib import X

from recorder.desktop.x11 import connect
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, UnsupportedError
from tests.waiting import until

pytestmark = pytest.mark.display


def ended(processes: list[psutil.Process]) -> bool:
    """Say whether none of some processes goes on."""
    return not any(map(_goes_on, processes))


def _goes_on(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_apps_and_their_children_end_with_the_display() -> None:
    family: list[psutil.Process] = []
    with pytest.raises(ZeroDivisionError), VirtualDisplay((320, 200)) as display:  # noqa: PT012
        display.run(["sh", "-c", "sleep 1000 & sleep 1000"])
        display.run(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
        us = psutil.Process()
        until(lambda: len(us.children(recursive=True)) >= 5, "both apps run")
        family += us.children(recursive=True)
        raise ZeroDivisionError
    until(lambda: ended(family), "all ended")


@pytest.mark.parametrize("attempt", range(3))
def test_the_first_window_comes_up_however_soon_it_opens(attempt: int) -> None:
    size = (320, 200 + attempt)
    with (
        VirtualDisplay(size, window_manager=True) as display,
        closing(connect(display.name)) as connection,
    ):
        window = connection.screen().root.create_window(0, 0, 99, 99, 0, X.CopyFromParent)
        window.map()
        until(lambda: window.get_attributes().map_state == X.IsViewable, "it can be seen")


@pytest.mark.slow
def test_nothing_outlives_an_owner_that_is_killed(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with subprocess.Popen([sys.executable, "-c", _OWNER, said]) as owner:
        until(lambda: said.exists() and said.read_text().endswith("\n"), "a display")
        home = said.read_text().strip()
        family = psutil.Process(owner.pid).children(recursive=True)
        assert {"Xvfb", "openbox", "dbus-daemon"} <= {process.name() for process in family}
        owner.kill()
    until(lambda: ended(family), "no app")
    until(lambda: not Path(home).exists(), "no files")


_OWNER = """
import sys, time
from pathlib import Path
from recorder.desktop.xvfb import VirtualDisplay
with VirtualDisplay((320, 200), window_manager=True, accessibility=True) as display:
    display.run(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    Path(sys.argv[1]).write_text(display.env["XDG_RUNTIME_DIR"] + "\\n")
    time.sleep(1000)
"""


def test_apps_do_not_see_the_users_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/users/own")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with VirtualDisplay((320, 200)) as display:
        seen = display.call(["env"])
        assert "/users/own" not in seen
        assert "wayland-0" not in seen
        assert Path(display.env["XDG_RUNTIME_DIR"]).is_dir()
    assert not Path(display.env["XDG_RUNTIME_DIR"]).exists()


def test_a_command_that_fails_says_what_it_said() -> None:
    with (
        VirtualDisplay((320, 200)) as display,
        pytest.raises(CaptureError, match=r"sh -c .* failed on :.*: oh no"),
    ):
        display.call(["sh", "-c", "echo oh no >&2; exit 3"])


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(shutil, "which", nothing)
    with (
        pytest.raises(UnsupportedError, match="apt-get install xvfb"),
        VirtualDisplay((320, 200)),
    ):
        pass


def test_a_server_that_cannot_start_is_an_error() -> None:
    with pytest.raises(CaptureError, match="Xvfb did not start"), VirtualDisplay((0, 0)):
        pass
