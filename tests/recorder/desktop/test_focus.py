"""Where text goes: real widgets on a real accessibility bus."""

from __future__ import annotations

from pathlib import Path

import pytest

from recorder.browser.chromium import find_chromium
from recorder.desktop.accessibility import PASSWORD, Ref, Widget, secret_kind
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.desktop.xvfb import VirtualDisplay
from recorder.gate import Rules
from recorder.schema import Fault, FocusChange, Frame, Key, Redacted
from tests.recorder.desktop.stage import recorded, tk_entry, type_text
from tests.waiting import until

PAGE = """
<title>toggle</title>
<label>User <input id="user"></label>
<label>Arms <input id="arms" type="password"></label>
<button onclick="arms.type = 'text'; arms.focus()">show</button>
<script>setTimeout(() => user.focus(), 300)</script>
"""

GRAB = """
import tkinter
root = tkinter.Tk(className="Lock")
root.overrideredirect(True)
root.geometry("200x100+500+300")
root.mainloop()
"""


def typed(folder: Path) -> str:
    return "".join(k.symbol for k in recorded(folder, Key) if k.down and len(k.symbol) == 1)


def wait_for(folder: Path, *, secret: bool, role: str, count: int = 1) -> None:
    def seen() -> bool:
        found = [f for f in recorded(folder, FocusChange) if f.target and f.target.role == role]
        return sum(f.secret is secret for f in found) >= count

    until(seen, f"a {role} has the focus")


@pytest.mark.display
@pytest.mark.browser
@pytest.mark.slow
def test_what_was_once_a_password_stays_secret_when_it_is_shown(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    page, folder = tmp_path / "page.html", tmp_path / "r"
    page.write_text(PAGE)
    chromium = find_chromium(headless=False)
    with session(desk, folder):
        desk.run(
            [
                chromium,
                "--no-sandbox",
                "--no-first-run",
                "--force-renderer-accessibility",
                "--password-store=basic",
                f"--user-data-dir={tmp_path / 'profile'}",
                f"--app=file://{page}",
            ]
        )
        wait_for(folder, secret=False, role="textbox")
        type_text(desk, "plain", delay_ms=40)
        desk.call(["xdotool", "key", "Tab"])
        wait_for(folder, secret=True, role="textbox")
        type_text(desk, "q7q7q7")
        desk.call(["xdotool", "key", "Tab"])
        wait_for(folder, secret=False, role="button")
        desk.call(["xdotool", "key", "space"])
        wait_for(folder, secret=True, role="textbox", count=2)
        type_text(desk, "z8z8z8")
        desk.call(["xdotool", "key", "shift+Tab"])
        wait_for(folder, secret=False, role="textbox", count=2)
        type_text(desk, "more", delay_ms=40)
    assert typed(folder) == "plainmore"
    # while it shows its text it is covered, focused or not
    assert recorded(folder, Frame)[-1].masked


@pytest.mark.display
@pytest.mark.slow
def test_without_accessibility_all_text_is_unknown_and_that_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with VirtualDisplay((640, 480), window_manager=True) as display, session(display, folder):
        tk_entry(display, "Plain")
        type_text(display, "nothing")
        until(lambda: recorded(folder, Fault), "a fault")
    assert typed(folder) == ""
    assert [fault.what for fault in recorded(folder, Fault)] == ["accessibility-missing"]


@pytest.mark.display
@pytest.mark.slow
def test_a_popup_that_may_have_the_keyboard_makes_the_focus_unknown(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    with session(desk, folder, trust_apps=("notes",)) as running:
        tk_entry(desk, "Notes")
        popup = desk.run(["/usr/bin/python3", "-c", GRAB])
        until(lambda: running.capture.gate.masks.hit("focus", 600, 350), "the popup is covered")
        type_text(desk, "dropped")
        popup.kill()
        until(lambda: not running.capture.gate.masks.hit("focus", 600, 350), "it is gone")
        type_text(desk, "kept", delay_ms=40)
    assert typed(folder) == "kept"


@pytest.mark.display
@pytest.mark.slow
def test_what_was_typed_unseen_stays_covered_when_another_window_is_active(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    with session(desk, tmp_path / "r", trust_apps=("notes",)) as running:
        masks = running.capture.gate.masks
        tk_entry(desk, "Typed", x=60, y=60)
        type_text(desk, "unseen")
        desk.call(["xdotool", "key", "Escape"])
        until(lambda: recorded(tmp_path / "r", Key), "all that was typed before has been judged")
        assert recorded(tmp_path / "r", Redacted)
        tk_entry(desk, "Idle", x=60, y=300)
        until(lambda: masks.hit("focus", 100, 340), "it is covered while it has the focus")
        tk_entry(desk, "Notes", x=500, y=60)
        until(lambda: not masks.hit("focus", 100, 340), "nothing was typed there")
        assert masks.hit("focus", 100, 100)


@pytest.mark.parametrize(
    ("hints", "kind"),
    [
        ("Verification code", "one-time-code"),
        ("Enter your OTP", "one-time-code"),
        ("CVV", "card"),
        ("Credit card", "card"),
        ("PIN", "password"),
        ("Passphrase for key", "password"),
        ("Spinning wheel", None),
        ("Name", None),
        ("", None),
    ],
)
def test_fields_are_judged_by_what_they_are_called(hints: str, kind: str | None) -> None:
    entry, button = 79, 43
    assert secret_kind(widget(entry, hints)) == kind
    assert secret_kind(widget(button, hints)) is None
    assert secret_kind(widget(PASSWORD, hints)) == "password"


def widget(role: int, hints: str) -> Widget:
    return Widget(Ref("a", "b"), role, "", hints, (0, 0, 9, 9), focused=True)


def session(
    display: VirtualDisplay, folder: Path, trust_apps: tuple[str, ...] = ()
) -> DesktopSession:
    config = DesktopConfig(display=display.name, rules=Rules(trust_apps=trust_apps))
    return DesktopSession(folder, config, consent="a test records its own display")
