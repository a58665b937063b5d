"""What works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import av.error
import numpy as np

from recorder.browser.chromium import find_chromium
from recorder.desktop.accessibility import Accessibility
from recorder.desktop.screen import MssScreen
from recorder.desktop.x11 import connect, refuse_wayland, server_counts_our_time
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, ConfigError, RecorderError, UnsupportedError
from recorder.ruler import Alignment, Ruler, measure_alignment
from recorder.store import home
from recorder.video import SegmentWriter, read_segment

Verdict: TypeAlias = Literal["ok", "warn", "fail"]

_EXTENSIONS = {
    "RECORD": "input of other apps cannot be seen",
    "XTEST": "scripts cannot act",
    "RANDR": "a change of the screen's size goes unnoticed",
}
_GIGABYTE = 1_000_000_000
_LOW_BYTES, _SCARCE_BYTES = 1 * _GIGABYTE, 10 * _GIGABYTE
_EXTRA = "pip install 'understudy[desktop]'"
_FRAMES_TRIED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""
    """What to do, when not all is well."""


def examine(
    display: str | None = None,
    *,
    platform: str = sys.platform,
    env: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Return what was found; nothing is recorded, and nothing on the screen changes.

    Args:
        display: X display to look at, None meaning the one of this session.
        platform: as `sys.platform`.
        env: the environment, this process's own when left out.
    """
    env = os.environ if env is None else env
    return [
        *_examine_desktop(display, platform, env),
        _examine_encoder(),
        _examine_browser(headless=True),
        _examine_browser(headless=False),
        *_examine_disk(),
    ]


def measure(display: str | None = None, *, seconds: float = 5.0) -> Alignment:
    """Run the ruler test on a private virtual display, or on a display that was named.

    Raises:
        UnsupportedError: there is no such display, or no Xvfb.
        CaptureError: it could not be recorded.
    """
    if display is not None:
        return measure_alignment(Ruler(display, os.environ, seconds=seconds, own_display=False))
    with VirtualDisplay(window_manager=shutil.which("openbox") is not None) as private:
        return measure_alignment(Ruler(private.name, private.env, seconds=seconds))


# Desktop ------------------------------------------------------------------------------------------


def _examine_desktop(
    display: str | None, platform: str, env: Mapping[str, str]
) -> Iterator[Finding]:
    if platform != "linux":
        yield _examine_permissions(platform)
        return
    try:
        refuse_wayland(display, env)
    except UnsupportedError as error:
        yield Finding("display server", "fail", "Wayland", str(error))
        return
    if not (display or env.get("DISPLAY")):
        yield Finding(
            "display server",
            "warn",
            "none: DISPLAY is not set",
            "log in to an X11 session or start Xvfb to record a desktop; browsers need none",
        )
        return
    yield from _examine_x11(display or env["DISPLAY"])


def _examine_permissions(platform: str) -> Finding:
    if platform == "darwin":
        advice = (
            "allow this terminal under System Settings > Privacy & Security: Screen Recording, "
            "Accessibility and Input Monitoring; then start it again"
        )
        return Finding("permissions", "warn", "macOS asks for three, and cannot be asked", advice)
    advice = "run as administrator to record windows of programs that do"
    return Finding("permissions", "warn", "Windows hides input to elevated programs", advice)


def _examine_x11(display: str) -> Iterator[Finding]:
    try:
        connection = connect(display)
    except UnsupportedError as error:
        yield Finding("display server", "fail", f"X11 at {display}, no entry", str(error))
        return
    except ImportError as error:
        yield Finding("display server", "fail", f"not looked at: {error}", _EXTRA)
        return
    try:
        yield Finding("display server", "ok", f"X11 at {display}")
        for name, loss in _EXTENSIONS.items():
            if connection.has_extension(name):
                yield Finding(f"{name} extension", "ok", "there")
            else:
                advice = f"without it {loss}; start the X server with +extension {name}"
                yield Finding(f"{name} extension", "fail", "missing", advice)
        yield _judge_times(is_ours=server_counts_our_time(connection))
    finally:
        connection.close()
    yield _examine_grabs(display)
    yield _examine_accessibility(display)


def _judge_times(*, is_ours: bool) -> Finding:
    if is_ours:
        return Finding("event times", "ok", "the server stamps events in our clock")
    advice = "events are stamped on receipt, up to 0.3 s late; record on the server's own machine"
    return Finding("event times", "warn", "the server counts another time", advice)


def _examine_grabs(display: str) -> Finding:
    name = "screen grabs"
    try:
        screen = MssScreen(display, 0)
    except (CaptureError, ConfigError) as error:
        return Finding(name, "fail", str(error), "record a browser instead")
    try:
        grab = screen.grab()
        notes = screen.notes
    except CaptureError as error:
        return Finding(name, "fail", str(error), "record a browser instead")
    finally:
        screen.close()
    size = f"{grab.width}x{grab.height}"
    if any("working" in note for note in notes):
        return Finding(name, "ok", f"{size} through shared memory")
    advice = "a grab costs ten times more without; record on the server's own machine"
    return Finding(name, "warn", f"{size}, no shared memory: {'; '.join(notes)}", advice)


def _examine_accessibility(display: str) -> Finding:
    name = "accessibility"
    try:
        bus = Accessibility(display)
    except UnsupportedError as error:
        advice = (
            "install at-spi2-core; without it nothing tells which fields are secret, so typed text "
            "is kept only in apps that you name as trusted"
        )
        return Finding(name, "warn", str(error), advice)
    try:
        return Finding(name, "ok", f"AT-SPI answers for {len(bus.apps())} apps")
    finally:
        bus.close()


# Anywhere -----------------------------------------------------------------------------------------


def _examine_encoder() -> Finding:
    chance = np.random.default_rng(0)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "try.mp4"
            segment = SegmentWriter(path, 320, 200)
            for number in range(_FRAMES_TRIED):
                pixels = chance.integers(0, 256, (200, 320, 4), dtype=np.uint8)
                segment.add(pixels, number * 100_000_000)
            segment.close()
            decoded = sum(1 for _ in read_segment(path))
    except (ValueError, OSError, av.error.FFmpegError, RecorderError) as error:
        return Finding("encoder", "fail", f"libx264: {error}", "pip install --force-reinstall av")
    if decoded != _FRAMES_TRIED:
        found = f"{decoded} of {_FRAMES_TRIED} frames came back"
        return Finding("encoder", "fail", found, "pip install --force-reinstall av")
    return Finding("encoder", "ok", f"libx264 in PyAV {av.__version__}, checked by decoding")


def _examine_browser(*, headless: bool) -> Finding:
    name = "Chromium, headless" if headless else "Chromium, with a window"
    try:
        return Finding(name, "ok", str(find_chromium(headless=headless)))
    except UnsupportedError as error:
        return Finding(name, "warn", "none", str(error))


def _examine_disk() -> Iterator[Finding]:
    folder = home()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=there):  # root may write anywhere, says os.access
            pass
    except OSError as error:
        yield Finding("recordings folder", "fail", f"{folder}: {error}", "set UNDERSTUDY_HOME")
        return
    yield Finding("recordings folder", "ok", str(folder))
    free = shutil.disk_usage(there).free
    verdict: Verdict = "ok" if free > _SCARCE_BYTES else "warn" if free > _LOW_BYTES else "fail"
    advice = "" if verdict == "ok" else "typing takes some 30 MB an hour, scrolling some 700"
    yield Finding("free space", verdict, f"{free / _GIGABYTE:.1f} GB", advice)
