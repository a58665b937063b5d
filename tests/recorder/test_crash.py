"""A recorder killed at any moment loses at most two frames and one event."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recorder.desktop.xvfb import VirtualDisplay
from recorder.recover import recover
from recorder.schema import Frame, Gap, PointerMove
from recorder.store import Recording
from recorder.verify import verify
from tests.soak import repeats

RUNS = repeats(3, 20)
FPS = 10
EVENT_S = 0.03

CHILD = """
import sys, time
from pathlib import Path
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.gate import Rules
config = DesktopConfig(rules=Rules(trust_display=True))
with DesktopSession(Path(sys.argv[1]), config, consent="a test of crashes") as session:
    print("recording", flush=True)
    session.stopped.wait(60)
"""


@contextmanager
def painted(display: str) -> Generator[None]:
    """A window that changes its colour every 20 ms."""
    from Xlib import X  # noqa: PLC0415 - needs no display to import, but few tests need it
    from Xlib.display import Display  # noqa: PLC0415

    connection: Any = Display(display)
    screen = connection.screen()
    window = screen.root.create_window(0, 0, 400, 300, 0, screen.root_depth, X.InputOutput)
    window.map()
    stop = threading.Event()

    def paint() -> None:
        shade = 0
        while not stop.wait(0.02):
            shade = (shade + 40) % 256
            window.change_attributes(background_pixel=shade * 0x010101)
            window.clear_area()
            connection.flush()

    thread = threading.Thread(target=paint)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        connection.close()


def moves_until(display: str, end_s: float) -> list[tuple[int, int]]:
    """Move the pointer every 30 ms; return when it was where, in ns and pixels."""
    from Xlib import X  # noqa: PLC0415
    from Xlib.display import Display  # noqa: PLC0415
    from Xlib.ext.xtest import fake_input  # noqa: PLC0415

    connection: Any = Display(display)
    made: list[tuple[int, int]] = []
    x = 0
    begun = time.monotonic()
    while (now := time.monotonic()) - begun < end_s:
        x += 1
        fake_input(connection, X.MotionNotify, x=x, y=5)
        connection.sync()
        made.append((time.monotonic_ns(), x))
        time.sleep(max(0.0, now + EVENT_S - time.monotonic()))
    connection.close()
    return made


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.parametrize("seed", range(RUNS))
def test_kill_9_on_a_desktop_loses_at_most_two_frames_and_one_event(
    seed: int, tmp_path: Path
) -> None:
    folder, copy = tmp_path / "r", tmp_path / "copy"
    with VirtualDisplay((800, 600)) as display, painted(display.name):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(folder)],
            env={**os.environ, **display.env},
            stdout=subprocess.PIPE,
        )
        assert child.stdout
        assert child.stdout.readline() == b"recording\n"
        made = moves_until(display.name, random.Random(seed).uniform(0.5, 2.5))
        killed_ns = time.monotonic_ns()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    shutil.copytree(folder, copy)
    recover(folder)
    recover(copy)
    assert_identical(folder, copy)
    recover(folder)
    assert_identical(folder, copy)
    assert verify(folder) == []
    events = list(Recording(folder).events())
    kept = [event.x for event in events if isinstance(event, PointerMove)]
    assert kept == list(range(kept[0], kept[0] + len(kept)))
    assert kept[0] == 1
    assert made[-1][1] - kept[-1] <= 1
    last = max(event.t_ns for event in events if isinstance(event, Frame))
    assert (killed_ns - last) * FPS // 1_000_000_000 <= 2
    assert isinstance(events[-1], Gap)


BROWSER_CHILD = """
import asyncio, sys, time
from pathlib import Path
from recorder.browser.session import BrowserConfig, BrowserSession

async def main():
    page = Path(sys.argv[2]).as_uri()
    config = BrowserConfig(url=page, headless=True, width=640, height=480)
    async with BrowserSession(Path(sys.argv[1]), config, consent="a test of crashes") as session:
        cdp = await session.context.new_cdp_session(session.page)
        x = 0
        while True:  # raw input: to the recorder it is a person's
            begun, x = time.monotonic(), x % 600 + 1
            await cdp.send("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": 5})
            print(time.monotonic_ns(), x, flush=True)
            await asyncio.sleep(max(0, begun + 0.03 - time.monotonic()))

asyncio.run(main())
"""
RESTLESS = """<!doctype html><body><script>
let shade = 0;
setInterval(() => { document.body.style.background = `hsl(${shade += 40} 80% 50%)`; }, 20);
</script>"""


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("seed", range(RUNS))
def test_kill_9_on_a_browser_loses_at_most_two_frames_and_one_event(
    seed: int, tmp_path: Path
) -> None:
    folder, copy, page = tmp_path / "r", tmp_path / "copy", tmp_path / "page.html"
    page.write_text(RESTLESS)
    child = subprocess.Popen(
        [sys.executable, "-c", BROWSER_CHILD, str(folder), str(page)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout
    made = [child.stdout.readline().split()]
    time.sleep(random.Random(seed).uniform(0.5, 2.5))
    killed_ns = time.monotonic_ns()
    os.killpg(child.pid, signal.SIGKILL)  # with its browser, which would outlive it
    made += [line.split() for line in child.stdout]
    child.wait()
    child.stdout.close()
    shutil.copytree(folder, copy)
    recover(folder)
    recover(copy)
    assert_identical(folder, copy)
    assert verify(folder) == []
    events = list(Recording(folder).events())
    kept = [event.x for event in events if isinstance(event, PointerMove)]
    truth = [int(x) for _, x in made]
    assert kept == truth[: len(kept)] or kept == [*truth, truth[-1] + 1]
    assert len(truth) - len(kept) <= 1
    last = max(event.t_ns for event in events if isinstance(event, Frame))
    assert (killed_ns - last) * FPS // 1_000_000_000 <= 2


def assert_identical(one: Path, other: Path) -> None:
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for path in files:
        if path.name != "manifest.json":
            assert (one / path).read_bytes() == (other / path).read_bytes(), path
