"""Virtual displays: all they start ends with them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil
import pytest

from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, UnsupportedError
from tests.waiting import until

pytestmark = pytest.mark.display


def alive(display: str) -> list[int]:
    """Return the processes that were started for a display, and the server itself."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DISPLAY") == display:
                found.append(process.pid)
        except psutil.Error:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_apps_and_their_children_end_with_the_display() -> None:
    with pytest.raises(ZeroDivisionError), VirtualDisplay((320, 200)) as display:  # noqa: PT012
        display.run(["sh", "-c", "sleep 1000 & sleep 1000"])
        display.run(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
        assert until(lambda: len(alive(display.name)) >= 4, "both apps run")
        raise ZeroDivisionError
    assert until(lambda: not alive(display.name), "all ended")


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
