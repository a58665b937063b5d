"""Rules of doctor: each finding says what was found and, when it is not well, what to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from recorder.desktop.xvfb import VirtualDisplay
from recorder.doctor import Finding, examine, measure


def named(findings: Sequence[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_whatever_is_not_well_comes_with_advice() -> None:
    for platform in ("linux", "darwin", "win32"):
        for finding in examine(platform=platform, env={}):
            assert finding.found
            assert (finding.verdict == "ok") == (finding.advice == ""), finding


def test_wayland_is_a_failure_that_says_what_to_do() -> None:
    found = named(examine(platform="linux", env={"WAYLAND_DISPLAY": "wayland-0"}), "display server")
    assert found.verdict == "fail"
    assert "X11" in found.advice


def test_no_display_is_a_warning_because_browsers_need_none() -> None:
    found = named(examine(platform="linux", env={}), "display server")
    assert (found.verdict, found.found) == ("warn", "none: DISPLAY is not set")


def test_a_display_that_lets_nobody_in_is_a_failure() -> None:
    found = named(examine(platform="linux", env={"DISPLAY": ":9999"}), "display server")
    assert (found.verdict, found.found) == ("fail", "X11 at :9999, no entry")


@pytest.mark.parametrize(("platform", "word"), [("darwin", "Screen Recording"), ("win32", "admin")])
def test_other_platforms_are_told_which_permissions_they_need(platform: str, word: str) -> None:
    found = named(examine(platform=platform, env={}), "permissions")
    assert found.verdict == "warn"
    assert word in found.advice


def test_the_encoder_is_tried() -> None:
    assert named(examine(platform="linux", env={}), "encoder").verdict == "ok"


def test_a_machine_without_chromium_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    found = named(examine(platform="linux", env={}), "Chromium, headless")
    assert found.verdict == "warn"
    assert "playwright install chromium" in found.advice


@pytest.mark.display
def test_a_virtual_display_is_well() -> None:
    with VirtualDisplay((640, 480), accessibility=True) as display:
        findings = examine(display.name, platform="linux", env=display.env)
    names = ["display server", "event times", "screen grabs", "accessibility"]
    names += [f"{name} extension" for name in ("RECORD", "XTEST", "RANDR")]
    assert {name: named(findings, name).verdict for name in names} == dict.fromkeys(names, "ok")
    assert named(findings, "screen grabs").found == "640x480 through shared memory"


@pytest.mark.display
@pytest.mark.slow
def test_the_ruler_runs_on_a_private_display_unless_one_is_named() -> None:
    assert measure(seconds=0.5).events.count == 60
    with VirtualDisplay((640, 480)) as display:
        found = measure(display.name, seconds=0.5)
    assert found.events.count == 50, "no keys are tapped on somebody's display"


def test_a_missing_extra_is_a_failure_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "Xlib.display", None)
    found = named(examine(":0", platform="linux", env={}), "display server")
    assert found.verdict == "fail"
    assert "understudy[desktop]" in found.advice


def test_a_folder_that_cannot_be_written_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", "/proc/nowhere")
    findings = examine(platform="linux", env={})
    assert named(findings, "recordings folder").verdict == "fail"
    assert "free space" not in [finding.name for finding in findings]
