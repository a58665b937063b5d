"""Windows and size of a display: what changes is recorded, and covered where the rules say so."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recorder.capture import Capture
from recorder.desktop.viewport import Viewport
from recorder.desktop.windows import WindowWatcher
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import ConfigError
from recorder.gate import DENIED_WINDOWS, Rules
from recorder.schema import Geometry, WindowChange
from recorder.store import Recording
from tests.recorder.desktop.stage import capturing, tk_entry
from tests.waiting import until

pytestmark = [pytest.mark.display, pytest.mark.slow]

TITLED = """
import tkinter
root = tkinter.Tk(className="Titled")
root.title({title!r})
root.bind("<Button-1>", lambda _: root.title("clicked"))
root.geometry("200x100+50+50")
root.mainloop()
"""


@contextmanager
def watching(
    display: VirtualDisplay, folder: Path, rules: Rules | None = None, *, monitor: int = 0
) -> Generator[tuple[WindowWatcher, Capture, Callable[[], list[WindowChange]]]]:
    with capturing(folder, rules or Rules(trust_display=True)) as capture:
        viewport = Viewport()
        watcher = WindowWatcher(display.name, capture, viewport, monitor=monitor)
        watcher.start()

        def changes() -> list[WindowChange]:
            found = Recording(folder).events()
            return [event for event in found if isinstance(event, WindowChange)]

        try:
            yield watcher, capture, changes
        finally:
            watcher.stop()


def test_another_active_window_and_another_title_are_recorded(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    title = "Ünïcode \x1b[31m </script> 漢字 " + "x" * 2000
    with watching(desk, tmp_path) as (_, _, changes):
        desk.run(["/usr/bin/python3", "-c", TITLED.format(title=title)])
        first = until(
            lambda: next((c for c in changes() if c.title.startswith("Ünï")), None), "a title"
        )
        desk.call(["xdotool", "mousemove", "100", "120", "click", "1"])
        until(lambda: changes()[-1].title == "clicked", "the new title")
        tk_entry(desk, "Other", x=400)
        until(lambda: changes()[-1].app == "Other", "the other window")
    assert first.app == "Titled"
    assert first.title == title[:500]
    assert first.pid > 0
    assert first.box[2] >= 200


def test_without_a_window_manager_the_focus_tells(bare: VirtualDisplay, tmp_path: Path) -> None:
    with watching(bare, tmp_path) as (_, _, changes):
        process = bare.run(["/usr/bin/python3", "-c", TITLED.format(title="alone")])
        bare.call(["xdotool", "mousemove", "100", "100"])
        until(lambda: bool(changes()) and changes()[-1].title == "alone", "the window")
        process.kill()
        until(lambda: changes()[-1].app == "", "no window")


def test_denied_windows_are_covered_while_they_can_be_seen(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    tk_entry(desk, "Vault", x=100, y=100)
    with watching(desk, tmp_path, Rules(deny_apps=("vault",))) as (watcher, capture, changes):
        stale: list[bool] = []
        watcher.on_stale = lambda: stale.append(True)
        assert capture.gate.masks.hit(DENIED_WINDOWS, 150, 150)
        assert not capture.gate.masks.hit(DENIED_WINDOWS, 800, 500)
        desk.call(["xdotool", "search", "--class", "vault", "windowmove", "600", "400"])
        until(lambda: capture.gate.masks.hit(DENIED_WINDOWS, 700, 480), "it moved")
        assert not capture.gate.masks.hit(DENIED_WINDOWS, 150, 150)
        desk.call(["xdotool", "search", "--class", "vault", "windowunmap"])
        until(lambda: not capture.gate.masks.hit(DENIED_WINDOWS, 700, 480), "it is hidden")
        assert stale
        assert {change.app for change in changes()} <= {""}


def test_a_resize_is_a_new_geometry(tmp_path: Path) -> None:
    with (
        VirtualDisplay((800, 600), room=(1280, 720)) as display,
        watching(display, tmp_path) as (watcher, _, _),
    ):
        resized: list[bool] = []
        watcher.on_resize = lambda: resized.append(True)
        display.resize(1280, 720)
        until(lambda: resized, "the resize")
    found = [event for event in Recording(tmp_path).events() if isinstance(event, Geometry)]
    sizes = [(event.width, event.height) for event in found]
    assert (sizes[0], sizes[-1]) == ((800, 600), (1280, 720))
    assert found[-1].monitors[0].box == (0, 0, 1280, 720)


def test_one_of_several_monitors_is_the_origin(tmp_path: Path) -> None:
    with VirtualDisplay((1000, 600)) as display:
        display.call(["xrandr", "--setmonitor", "left", "400/100x600/100+0+0", "screen"])
        display.call(["xrandr", "--setmonitor", "right", "600/100x600/100+400+0", "none"])
        with watching(display, tmp_path, monitor=2) as (watcher, _, _):
            assert watcher.check() is None
        with (
            capturing(tmp_path / "third", Rules()) as capture,
            pytest.raises(ConfigError, match="there is no monitor 3; this desktop has 2"),
        ):
            WindowWatcher(display.name, capture, Viewport(), monitor=3).start()
    found = [event for event in Recording(tmp_path).events() if isinstance(event, Geometry)]
    assert (found[0].origin, found[0].width, len(found[0].monitors)) == ((400, 0), 600, 2)


def test_after_a_pause_everything_is_said_again(desk: VirtualDisplay, tmp_path: Path) -> None:
    tk_entry(desk, "Steady")
    with watching(desk, tmp_path) as (_, capture, changes):
        until(lambda: len(changes()) == 1, "the window")
        capture.pause()
        capture.resume()
        until(lambda: len(changes()) == 2, "the window again")
    found = [event for event in Recording(tmp_path).events() if isinstance(event, Geometry)]
    assert len(found) == 2


def test_a_watcher_that_loses_its_server_is_a_fault(tmp_path: Path) -> None:
    with capturing(tmp_path, Rules()) as capture:
        with VirtualDisplay((320, 200)) as display:
            watcher = WindowWatcher(display.name, capture, Viewport())
            watcher.start()
        fault = until(watcher.check, "the watcher noticed")
        watcher.stop()
    assert fault.startswith("listener-dead: ")
