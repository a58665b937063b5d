"""A desktop session: what is kept, what is not, and that it says so."""

from __future__ import annotations

import os
import random
import signal
import string
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from recorder.desktop.session import DesktopConfig, DesktopSession, refuse
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError, ConsentError, UnsupportedError
from recorder.gate import Rules
from recorder.schema import (
    Fault,
    FocusChange,
    Frame,
    Gap,
    Geometry,
    HeldState,
    InputEvent,
    Key,
    Pause,
    PointerButton,
    PointerMove,
    Redacted,
    Resume,
    WindowChange,
)
from recorder.store import Recording
from recorder.video import read_segment
from tests.recorder.desktop.stage import injector, recorded, tk_entry, type_text
from tests.soak import repeats
from tests.waiting import until

pytestmark = [pytest.mark.display, pytest.mark.slow]

NOTICE = "a test records its own display"
TRUSTED = Rules(trust_display=True)
_COVER = 96
"""The grey that masks are painted with."""


def session(display: VirtualDisplay, folder: Path, rules: Rules = TRUSTED) -> DesktopSession:
    return DesktopSession(folder, DesktopConfig(display=display.name, rules=rules), consent=NOTICE)


def canary(rng: random.Random) -> str:
    # letters that what is typed in plain has none of
    return "".join(rng.choices("jkqvxz" + string.digits, k=12))


def typed(folder: Path) -> str:
    """Return the symbols of all key presses in a recording."""
    return "".join(k.symbol for k in recorded(folder, Key) if k.down and len(k.symbol) == 1)


def wait_focus(folder: Path, *, count: int = 1) -> None:
    """Wait until the recorder knows that a field which is no secret got the focus, so often."""

    def fields() -> list[FocusChange]:
        return [f for f in recorded(folder, FocusChange) if f.target and not f.secret]

    until(lambda: len(fields()) >= count, f"{count} fields had the focus")


def wait_window(folder: Path, app: str) -> None:
    """Wait until the recorder knows that a window of an app is active."""

    def is_known() -> bool:
        windows = [w for w in recorded(folder, WindowChange) if w.app == app]
        judged = [f.t_ns for f in recorded(folder, FocusChange)]
        return bool(windows and judged) and judged[-1] > windows[-1].t_ns - 300_000_000

    until(is_known, f"{app} is active")


def triples(text: str) -> set[str]:
    return {text[start : start + 3] for start in range(len(text) - 2)}


def assert_absent(secret: str, folder: Path) -> None:
    """Check every byte on disk, and what the kept keys spell."""
    for path in folder.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    assert not triples(secret) & triples(typed(folder))


def test_a_recording_begins_with_how_things_are(desk: VirtualDisplay, tmp_path: Path) -> None:
    tk_entry(desk, "Editor")
    with session(desk, tmp_path / "r") as running:
        until(lambda: running.capture.status().frames, "a frame")
    manifest = running.manifest
    assert (manifest.state, manifest.source, manifest.consent) == ("closed", "desktop", NOTICE)
    assert manifest.warnings == ()
    assert [g.width for g in recorded(tmp_path / "r", Geometry)] == [1024]
    assert recorded(tmp_path / "r", WindowChange)[0].app == "Editor"
    assert recorded(tmp_path / "r", HeldState)


def test_what_is_typed_on_a_trusted_display_is_kept_to_the_last_key(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    tk_entry(desk, "Editor")
    with session(desk, tmp_path / "r"):
        type_text(desk, "every key")
    assert typed(tmp_path / "r") == "everykey"


@pytest.mark.parametrize("run", range(repeats(2, 40)))
def test_passwords_are_nowhere_and_plain_fields_are_kept(
    desk: VirtualDisplay, tmp_path: Path, run: int
) -> None:
    rng = random.Random(run)
    secrets = [canary(rng) for _ in range(2)]
    folder = tmp_path / "r"
    with session(desk, folder, Rules()) as running:
        desk.run(["zenity", "--forms", "--add-entry=User", "--add-password=Pass"])
        wait_focus(folder)
        type_text(desk, "plainuser")
        desk.call(["xdotool", "key", "Tab"])
        for secret in secrets:
            type_text(desk, secret)
        _paste(desk, pasted := canary(rng))
        desk.call(["xdotool", "key", "shift+Tab"])
        wait_focus(folder, count=2)
        frames = running.capture.status().frames
        type_text(desk, "again", delay_ms=60)
        until(lambda: running.capture.status().frames > frames, "a frame of the end")
    for secret in [*secrets, pasted]:
        assert_absent(secret, folder)
    assert typed(folder).startswith("plainuser")
    assert typed(folder).endswith("again")
    assert "password" in {event.reason for event in recorded(folder, Redacted)}
    _assert_masked_flat(folder)


def test_codes_and_cards_are_known_by_their_labels(desk: VirtualDisplay, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with session(desk, folder, Rules()):
        fields = ["--add-entry=Name", "--add-entry=One-time code", "--add-entry=Card number"]
        desk.run(["zenity", "--forms", *fields])
        wait_focus(folder)
        for text in ("public", "otp48151", "4111222233334444"):
            type_text(desk, text)
            desk.call(["xdotool", "key", "Tab"])
    assert typed(folder) == "public"
    assert {"one-time-code", "card"} <= {event.reason for event in recorded(folder, Redacted)}


def test_an_app_that_nothing_vouches_for_keeps_no_text_and_is_covered(
    desk: VirtualDisplay, tmp_path: Path
) -> None:
    folder, secret = tmp_path / "r", canary(random.Random(3))
    with session(desk, folder, Rules()) as running:
        tk_entry(desk, "Unknown", x=100, y=100)
        type_text(desk, secret)
        desk.call(["xdotool", "mousemove", "200", "200", "click", "1"])
        until(lambda: running.capture.status().frames, "a frame; what changes under it is none")
    assert_absent(secret, folder)
    assert typed(folder) == ""
    assert recorded(folder, PointerButton)
    reasons = {event.reason for event in recorded(folder, Redacted)}
    assert reasons
    assert reasons <= {"untrusted-app", "unknown-focus"}
    _assert_masked_flat(folder)


def test_a_trusted_app_keeps_its_text(desk: VirtualDisplay, tmp_path: Path) -> None:
    with session(desk, tmp_path / "r", Rules(trust_apps=("notes",))):
        tk_entry(desk, "Notes")
        wait_window(tmp_path / "r", "Notes")
        type_text(desk, "kept", delay_ms=60)
        until(lambda: typed(tmp_path / "r") == "kept", "it is kept")
        tk_entry(desk, "Other", x=500)
        type_text(desk, "dropped")
    assert typed(tmp_path / "r") == "kept"


def test_a_denied_app_leaves_nothing(desk: VirtualDisplay, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    rules = Rules(trust_display=True, deny_apps=("vault",))
    tk_entry(desk, "Vault", x=100, y=100)
    with session(desk, folder, rules):
        type_text(desk, "hidden")
        desk.call(["xdotool", "mousemove", "200", "200", "click", "1"])
        tk_entry(desk, "Open", x=600, y=300)
        wait_window(folder, "Open")
        type_text(desk, "shown", delay_ms=60)
        # one click on the vault, which is not the active window when it comes
        desk.call(["xdotool", "mousemove", "210", "200", "click", "3"])
        type_text(desk, "hidden")
    assert typed(folder) == "shown"
    assert [event.button for event in recorded(folder, PointerButton)] == []
    assert not [m for m in recorded(folder, PointerMove) if 110 < m.x < 390 and 130 < m.y < 210]
    assert {event.app.lower() for event in recorded(folder, WindowChange)} <= {"open", ""}
    assert "denied-app" in {event.reason for event in recorded(folder, Redacted)}
    _assert_masked_flat(folder)


def test_nothing_is_kept_while_paused(desk: VirtualDisplay, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    tk_entry(desk, "Editor")
    with session(desk, folder) as running:
        type_text(desk, "before")
        until(lambda: running.capture.status().frames, "a frame")
        running.capture.pause()
        type_text(desk, "meanwhile")
        frames = running.capture.status().frames
        assert running.capture.status().frames == frames
        running.capture.resume()
        type_text(desk, "after")
        until(lambda: running.capture.status().frames > frames, "a frame after the pause")
    pause, resume = recorded(folder, Pause)[0], recorded(folder, Resume)[0]
    for event in Recording(folder).events():
        if isinstance(event, InputEvent | Frame):
            assert not pause.t_ns < event.t_ns < resume.t_ns
    assert typed(folder) == "beforeafter"


def test_hotkeys_are_obeyed_and_not_recorded(desk: VirtualDisplay, tmp_path: Path) -> None:
    folder = tmp_path / "r"
    tk_entry(desk, "Editor")
    with session(desk, folder) as running:
        desk.call(["xdotool", "key", "ctrl+alt+shift+F9"])
        until(lambda: running.capture.gate.paused, "paused")
        desk.call(["xdotool", "key", "ctrl+alt+shift+F9"])
        until(lambda: not running.capture.gate.paused, "resumed")
        type_text(desk, "gone")
        desk.call(["xdotool", "key", "ctrl+alt+shift+F11"])
        until(lambda: not typed(folder), "deleted")
        desk.call(["xdotool", "key", "ctrl+alt+shift+F10"])
        assert running.stopped.wait(10)
    assert not {"F9", "F10", "F11"} & {key.symbol for key in recorded(folder, Key)}
    assert "panic" in {event.reason for event in recorded(folder, Redacted)}


def test_a_resize_starts_a_segment_and_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with (
        VirtualDisplay((800, 600), room=(1000, 700)) as display,
        session(display, folder) as running,
        injector(display) as inject,
    ):
        until(lambda: running.capture.status().frames, "a frame")
        for x in range(100):
            inject(6, x=x + 1, y=5)
        display.resize(1000, 700)
        for x in range(100):
            inject(6, x=x + 1, y=6)
        until(
            lambda: any(frame.width == 1000 for frame in recorded(folder, Frame)), "a large frame"
        )
    moves = [(move.x, move.y) for move in recorded(folder, PointerMove)]
    assert [m for m in moves if m[1] == 5] == [(x + 1, 5) for x in range(100)]
    assert [m for m in moves if m[1] == 6] == [(x + 1, 6) for x in range(100)]
    segments = {(frame.segment, frame.width, frame.height) for frame in recorded(folder, Frame)}
    assert len({segment for segment, _, _ in segments}) == len(segments)


RECORDING = """
import sys
from pathlib import Path
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.gate import Rules
config = DesktopConfig(display=sys.argv[1], rules=Rules(trust_display=True))
with DesktopSession(Path(sys.argv[2]), config, consent="yes"):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_a_recorder_that_stood_still_has_right_times_and_says_gap(
    bare: VirtualDisplay, tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    with subprocess.Popen(
        [sys.executable, "-c", RECORDING, bare.name, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as recorder:
        assert recorder.stdin is not None
        assert recorder.stdout is not None
        recorder.stdout.readline()
        os.kill(recorder.pid, signal.SIGSTOP)
        truth: list[int] = []
        with injector(bare) as inject:
            for number in range(300):
                truth.append(time.monotonic_ns())
                inject(6, x=50 + number, y=9)
                time.sleep(0.01)
        os.kill(recorder.pid, signal.SIGCONT)
        recorder.stdin.write(b"\n")
        recorder.stdin.flush()
        assert recorder.wait(20) == 0
    moves = [move for move in recorded(folder, PointerMove) if move.y == 9]
    assert [move.x for move in moves] == list(range(50, 350))
    errors_ms = [(m.t_ns - t) / 1e6 for m, t in zip(moves, truth, strict=True)]
    assert np.median(np.abs(errors_ms)) < 4
    assert [gap.reason for gap in recorded(folder, Gap)] == ["stall"]


def test_a_display_that_goes_away_is_a_fault_and_the_recording_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    with VirtualDisplay((320, 200)) as display:
        running = session(display, folder)
        running.start()
        with injector(display) as inject:
            inject(6, x=5, y=5)
    until(lambda: recorded(folder, Fault), "a fault")
    running.stop()
    assert "listener-dead" in {fault.what for fault in recorded(folder, Fault)}
    assert (5, 5) in [(move.x, move.y) for move in recorded(folder, PointerMove)]
    assert running.manifest.state == "closed"


def test_nobody_is_recorded_without_a_notice(bare: VirtualDisplay, tmp_path: Path) -> None:
    with pytest.raises(ConsentError, match="no notice was shown"):
        DesktopSession(tmp_path / "r", DesktopConfig(display=bare.name), consent=" ")


def test_nothing_is_written_where_nothing_can_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="cannot open display"):
        DesktopSession(tmp_path / "r", DesktopConfig(display=":4242"), consent=NOTICE).start()
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("platform", "config", "env", "said"),
    [
        ("linux", DesktopConfig(), {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "Wayland"),
        ("linux", DesktopConfig(), {"XDG_SESSION_TYPE": "wayland"}, "log in to an X11"),
        ("darwin", DesktopConfig(), {}, "trusted whole"),
        ("win32", DesktopConfig(), {}, "trusted whole"),
    ],
)
def test_what_cannot_be_recorded_faithfully_is_refused(
    platform: str, config: DesktopConfig, env: dict[str, str], said: str
) -> None:
    with pytest.raises(UnsupportedError, match=said):
        refuse(platform, config, env)


def test_a_display_of_ones_own_may_be_recorded_from_a_wayland_session() -> None:
    refuse("linux", DesktopConfig(display=":7"), {"WAYLAND_DISPLAY": "wayland-0"})
    refuse("linux", DesktopConfig(), {"XDG_SESSION_TYPE": "x11"})
    refuse("darwin", DesktopConfig(rules=TRUSTED), {})


def _paste(display: VirtualDisplay, text: str) -> None:
    display.run(["sh", "-c", f"printf %s {text} | xclip -selection clipboard -i"])

    def is_there() -> bool:
        with suppress(CaptureError):  # nobody owns the clipboard yet
            return display.call(["xclip", "-selection", "clipboard", "-o"]) == text
        return False

    until(is_there, "the clipboard has it")
    display.call(["xdotool", "key", "--delay", "100", "ctrl+v"])


def _assert_masked_flat(folder: Path) -> None:
    """Check in the decoded video that covered rectangles show nothing but their cover."""
    frames = recorded(folder, Frame)
    assert any(frame.masked for frame in frames)
    pictures = {
        segment: list(read_segment(folder / "video" / f"{segment:04}.mp4"))
        for segment in {frame.segment for frame in frames}
    }
    for frame in frames:
        _, picture = pictures[frame.segment][frame.index]
        for x, y, width, height in frame.masked:
            part = picture[y : y + height, x : x + width]
            off = np.abs(part.astype(int) - _COVER)
            # The quantizer leaves up to 32 levels in a block that it predicted from what stands
            # beside the mask (1,500 pictures of text on any ground, a rectangle of each covered);
            # windows of these apps are 150 levels brighter than the cover, their text 50 darker.
            assert off.max() <= 40
            assert np.quantile(off, 0.95) <= 8
