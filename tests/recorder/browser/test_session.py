"""A session opens a browser, records it until it is stopped or closed, and leaves a recording."""

from __future__ import annotations

import asyncio
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recorder.browser.chromium import find_chromium, launch_arguments
from recorder.browser.session import BrowserConfig, BrowserSession, refuse_no_display
from recorder.errors import ConfigError, ConsentError, UnsupportedError
from recorder.gate import Rules
from recorder.schema import (
    ElementSnapshot,
    Event,
    Frame,
    FrameUnchanged,
    Geometry,
    HeldState,
    InputEvent,
    Key,
    Navigation,
    PageChange,
    Pause,
    PointerButton,
    Redacted,
    Resume,
)
from recorder.store import Recording
from recorder.verify import verify
from recorder.video import read_segment
from tests.recorder.browser.servers import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CONSENT = "a test"


async def _until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.02)


def _events(folder: Path) -> list[Event]:
    return list(Recording(folder).events())


async def test_a_session_records_until_the_last_window_is_closed(site: Site, tmp_path: Path):
    url = site.put("/one", "<button style='position:absolute;left:100px;top:80px'>one</button>")
    config = BrowserConfig(url=url, headless=True, width=640, height=480)
    folder = tmp_path / "r"
    async with BrowserSession(folder, config, consent=CONSENT) as session:
        waiting = asyncio.create_task(session.wait())
        await session.page.click("button")
        await _until(lambda: session.capture.status().frames)
        await _until(lambda: any(isinstance(e, PointerButton) for e in _events(folder)))
        assert not waiting.done()
        await session.page.close()
        await waiting
    manifest = session.manifest
    assert (manifest.state, manifest.source, manifest.consent) == ("closed", "browser", CONSENT)
    assert not manifest.warnings
    assert not verify(folder)
    (size,) = [e for e in _events(folder) if isinstance(e, Geometry)]
    assert (size.width, size.height) == (640, 480)
    changes = [e.change for e in _events(folder) if isinstance(e, PageChange)]
    assert changes[0] == "opened"
    assert changes[-1] == "closed"


async def test_nothing_is_recorded_without_consent(tmp_path: Path):
    with pytest.raises(ConsentError, match="no notice was shown"):
        BrowserSession(tmp_path / "r", consent=" ")
    assert not (tmp_path / "r").exists()


async def test_what_cannot_be_had_is_refused_and_nothing_written(tmp_path: Path):
    missing = BrowserConfig(executable="/nowhere/chrome", headless=True)
    with pytest.raises(ConfigError, match="no browser at '/nowhere/chrome'"):
        async with BrowserSession(tmp_path / "r", missing, consent=CONSENT):
            pass
    broken = tmp_path / "chrome"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(UnsupportedError, match="does not start"):
        async with BrowserSession(
            tmp_path / "r", BrowserConfig(executable=str(broken), headless=True), consent=CONSENT
        ):
            pass
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("url", ["example.com", "http://127.0.0.1:9/"])
async def test_a_page_that_cannot_be_opened_leaves_nothing(tmp_path: Path, url: str):
    with pytest.raises(ConfigError, match="cannot open"):
        async with BrowserSession(
            tmp_path / "r", BrowserConfig(url=url, headless=True), consent=CONSENT
        ):
            pass
    assert not (tmp_path / "r").exists()


async def test_a_browser_starts_where_temporary_files_have_long_names(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    config = BrowserConfig(url=site.put("/", "hello"), headless=True)
    async with BrowserSession(tmp_path / "r", config, consent=CONSENT):
        pass
    assert (tmp_path / "r" / "manifest.json").exists()


def test_a_window_needs_a_display():
    with pytest.raises(UnsupportedError, match="set DISPLAY"):
        refuse_no_display("linux", {}, headless=False)
    refuse_no_display("linux", {}, headless=True)
    refuse_no_display("linux", {"DISPLAY": ":1"}, headless=False)
    refuse_no_display("darwin", {}, headless=False)


def test_a_missing_browser_is_said_with_the_command_that_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    with pytest.raises(UnsupportedError, match="playwright install chromium"):
        find_chromium(headless=True)
    own = tmp_path / "own" / "chromium-1" / "chrome-linux64" / "chrome"
    own.parent.mkdir(parents=True)
    own.touch()
    own.chmod(own.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "own"))
    assert find_chromium(headless=False) == own
    assert find_chromium(headless=True, executable=str(own)) == own
    assert "--disable-quic" in launch_arguments()


async def test_while_paused_there_is_nothing_and_hotkeys_leave_no_trace(site: Site, tmp_path: Path):
    script = "<script>setInterval(() => document.body.append('x '), 30)</script>"
    url = site.put("/busy", f"<input autofocus>{script}")
    folder = tmp_path / "r"
    config = BrowserConfig(url=url, headless=True)
    async with BrowserSession(folder, config, consent=CONSENT) as session:
        keyboard = session.page.keyboard
        await keyboard.press("a")
        await _until(lambda: any(isinstance(e, Frame) for e in _events(folder)))
        await keyboard.press("Control+Alt+Shift+F9")
        await _until(lambda: any(isinstance(e, Pause) for e in _events(folder)))
        await keyboard.type("hidden")
        await session.page.mouse.click(300, 300)
        await session.page.mouse.move(20, 30)
        await session.page.mouse.down()
        await session.page.wait_for_timeout(600)
        await keyboard.press("Control+Alt+Shift+F9")
        await _until(lambda: any(isinstance(e, Resume) for e in _events(folder)))
        await session.page.mouse.up()
        await keyboard.press("z")
        frames = session.capture.status().frames
        await _until(lambda: session.capture.status().frames > frames)
        waiting = asyncio.create_task(session.wait())
        await keyboard.press("Control+Alt+Shift+F10")
        await waiting
        assert session.stopped.is_set()
    events = _events(folder)
    kinds = [type(event) for event in events]
    paused, resumed = kinds.index(Pause), kinds.index(Resume)
    during = [e for e in events[paused + 1 : resumed] if e.KIND not in ("clock", "frame")]
    assert during == []
    pause, resume = events[paused], events[resumed]
    for event in events:
        if isinstance(event, (InputEvent, Frame, ElementSnapshot)):
            assert not pause.t_ns < event.t_ns < resume.t_ns
    assert isinstance(events[resumed + 1], HeldState)
    assert {e.symbol for e in events if isinstance(e, Key)} <= {"a", "z", "Control", "Alt", "Shift"}


async def test_panic_deletes_what_was_recorded(site: Site, tmp_path: Path):
    url = site.put("/one", "<button>one</button>")
    folder = tmp_path / "r"
    config = BrowserConfig(url=url, headless=True, panic_minutes=1)
    async with BrowserSession(folder, config, consent=CONSENT) as session:
        await session.page.click("button")
        await _until(lambda: any(isinstance(e, PointerButton) for e in _events(folder)))
        await session.page.keyboard.press("Control+Alt+Shift+F11")
        await _until(lambda: any(isinstance(e, Redacted) for e in _events(folder)))
    assert not [e for e in _events(folder) if isinstance(e, PointerButton)]


async def test_pages_of_denied_sites_and_frames_leave_only_a_marker(site: Site, tmp_path: Path):
    site.put("/inside", "<body style='margin:0;background:red'><button>denied</button>")
    allowed = site.put(
        "/outside",
        "<h1>fine</h1><iframe src='{there}/inside' style='position:absolute;left:80px;top:160px;"
        "width:240px;height:160px;border:0'></iframe>",
    )
    config = BrowserConfig(url=allowed, headless=True, rules=Rules(deny_domains=("127.0.0.1",)))
    folder = tmp_path / "r"
    async with BrowserSession(folder, config, consent=CONSENT) as session:
        await session.page.wait_for_load_state()
        await session.page.frames[-1].click("button")
        await _until(lambda: any(isinstance(e, Redacted) for e in _events(folder)))
        await _until(lambda: any(isinstance(e, ElementSnapshot) for e in _events(folder)))
        frames = session.capture.status().frames
        assert frames
        await session.page.goto(f"{site.there}/inside")
        await session.page.click("button")
        await session.page.wait_for_timeout(700)
        assert session.capture.status().frames <= frames + 1
    events = _events(folder)
    assert not [e for e in events if isinstance(e, PointerButton)]
    assert not [e for e in events if isinstance(e, Navigation) and "127.0.0.1" in e.url]
    assert "denied" not in {
        e.name for s in events if isinstance(s, ElementSnapshot) for e in s.elements
    }
    for path in sorted((folder / "video").glob("*.mp4")):
        for _, image in read_segment(path):
            inside = image[164:316, 84:316].reshape(-1, 3)
            assert np.ptp(inside, axis=0).max() <= 3
            assert inside[0, 0] < 200 or inside[0, 1] > 200, "the denied page is red"


async def test_the_last_look_of_a_burst_is_kept_and_the_rate_is_not_exceeded(
    site: Site, tmp_path: Path
):
    script = """<body style='margin:0'><script>let left = 90; function draw() {
      document.body.style.background = left-- ? `rgb(${left * 2}, 0, 0)` : 'rgb(0, 0, 255)';
      if (left >= 0) requestAnimationFrame(draw) } draw()</script>"""
    url = site.put("/burst", script)
    folder = tmp_path / "r"
    config = BrowserConfig(url=url, headless=True, fps=5)
    async with BrowserSession(folder, config, consent=CONSENT):
        await _until(lambda: any(isinstance(e, FrameUnchanged) for e in _events(folder)))
    frames = [e for e in _events(folder) if isinstance(e, Frame)]
    times = np.array([frame.t_ns for frame in frames])
    assert np.all(np.diff(times) > 0)
    assert len(frames) <= 5 * (times[-1] - times[0]) / 1e9 + 2
    *_, (_, last) = read_segment(Recording(folder).segment(frames[-1].segment))
    assert np.abs(last[300, 400].astype(int) - (0, 0, 255)).max() < 12


async def test_a_rate_that_cannot_be_had_is_refused(tmp_path: Path):
    config = BrowserConfig(headless=True, fps=99)
    with pytest.raises(ConfigError, match="allowed: 1 to 60"):
        async with BrowserSession(tmp_path / "r", config, consent=CONSENT):
            pass
