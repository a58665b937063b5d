"""The recorder's demo: a scripted person books a table in Chromium and writes a note in a window.

Both are real: a real page in a real Chromium, a real editor on a virtual display, recorded through
the same sessions as a person's work, and played back as a page.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recorder import viewer
from recorder.browser.actor import BrowserActor
from recorder.browser.session import BrowserConfig, BrowserSession
from recorder.desktop.actor import DesktopActor
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.desktop.xvfb import VirtualDisplay
from recorder.errors import CaptureError
from recorder.gate import Rules
from recorder.ledger import Ledger
from recorder.schema import Action, Click, Controller, KeyChord, Move, ScrollBy, TypeText
from recorder.store import Recording, remove
from recorder.verify import verify

_CONSENT = "A scripted demo on a display and in a browser of its own."
_PAGE = Path(__file__).with_name("page.html")
_PASSWORD = "never-on-disk-7431"
_PACE_S = 0.04


def _letters(text: str) -> list[Action]:
    return [TypeText(text=letter) for letter in text]


_BOOKING: list[tuple[str, list[Action]]] = [
    ("#who", _letters("Ada Lovelace")),
    ("#when", [KeyChord(key="ArrowDown"), KeyChord(key="Enter")]),
    ("#word", _letters(_PASSWORD)),
    (".menu", [ScrollBy(x=640, y=560, dy=1.0) for _ in range(3)]),
    ("button", []),
]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """One recording of the demo."""

    html: Path
    text: str
    """What was kept, in words."""
    sound: bool
    """Whether nothing is wrong with it, and no secret in it."""


def run_demo(folder: Path, say: Callable[[str], object]) -> list[DemoResult]:
    """Make both recordings under `folder` and return what became of them.

    Raises:
        UnsupportedError: there is no Chromium, or no X server.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("browser", "desktop"):
        if (folder / name).exists():
            remove(folder / name)
    say("recording a page in Chromium")
    asyncio.run(_book_a_table(folder / "browser"))
    say("recording a window on a virtual display")
    _write_a_note(folder / "desktop")
    say("writing the pages that play them")
    return [_result(folder, "browser"), _result(folder, "desktop")]


async def _book_a_table(folder: Path) -> None:
    ledger = Ledger()
    config = BrowserConfig(url=_PAGE.as_uri(), headless=True)
    async with BrowserSession(folder, config, consent=_CONSENT, ledger=ledger) as session:
        actor = BrowserActor(
            session.page, ledger, Controller.SCRIPT, "demo", recorder=session.recorder
        )
        before = (200, 700)
        for field, actions in _BOOKING:
            box = await session.page.locator(field).bounding_box()
            if box is None:
                raise CaptureError(f"the demo's page does not show {field}")
            centre = (round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2))
            for action in [*_approach(before, centre), Click(x=centre[0], y=centre[1])]:
                await actor.perform(action)
                await asyncio.sleep(_PACE_S)
            before = centre
            for action in actions:
                await actor.perform(action)
                await asyncio.sleep(_PACE_S)
        await session.page.get_by_text("Booked for").wait_for()
        await asyncio.sleep(0.5)


def _write_a_note(folder: Path) -> None:
    size = (1280, 720)
    with VirtualDisplay(size, window_manager=True) as display:
        display.run(["mousepad", "--disable-server"])
        window = _wait_for_window(display, "mousepad")
        display.call(["xdotool", "windowsize", "--sync", window, "900", "520"])
        display.call(["xdotool", "windowmove", "--sync", window, "180", "90"])
        ledger = Ledger()
        config = DesktopConfig(display=display.name, rules=Rules(trust_display=True))
        with DesktopSession(folder, config, consent=_CONSENT, ledger=ledger) as session:
            actor = DesktopActor(
                display.name, ledger, Controller.SCRIPT, "demo", capture=session.capture
            )
            for action in _note():
                actor.perform(action)
                time.sleep(_PACE_S)
            actor.close()


def _note() -> list[Action]:
    lines = ["Friday, table for two, by the stage.", "Bring flowers."]
    typed: list[Action] = []
    for line in lines:
        typed += _letters(line)
        typed.append(KeyChord(key="Enter"))
    return [
        *_approach((200, 600), (640, 400)),
        Click(x=640, y=400),
        *typed,
        KeyChord(key="a", modifiers=("ctrl",)),
        *_approach((640, 400), (300, 300)),
        Click(x=300, y=300, count=2),
    ]


def _approach(start: tuple[int, int], end: tuple[int, int]) -> list[Action]:
    """Return pointer moves from `start` to `end` that speed up and slow down as a hand does."""
    steps = 12
    shares = [(3 - 2 * n / steps) * (n / steps) ** 2 for n in range(1, steps + 1)]
    return [
        Move(
            x=round(start[0] + share * (end[0] - start[0])),
            y=round(start[1] + share * (end[1] - start[1])),
        )
        for share in shares
    ]


def _wait_for_window(display: VirtualDisplay, app: str) -> str:
    found = display.call(["xdotool", "search", "--sync", "--onlyvisible", "--class", app])
    return found.split()[-1]


def _kept(found: viewer.Summary) -> str:
    return (
        f"{found.seconds:.1f} s, {found.events} input events, {found.frames} frames, "
        f"{found.megabytes:.2f} MB, {found.redactions} redacted"
    )


def _result(folder: Path, name: str) -> DemoResult:
    recording = Recording(folder / name)
    page = folder / f"{name}.html"
    viewer.write_html(recording, page)
    problems = verify(recording.folder)
    leaked = any(
        _PASSWORD.encode() in path.read_bytes()
        for path in recording.folder.rglob("*")
        if path.is_file()
    )
    words = [
        f"{name}: {_kept(viewer.summary(recording))}",
        "sound" if not problems else f"{len(problems)} problems",
    ]
    if name == "browser":
        words.append("the password is on disk" if leaked else "the password is in no byte of it")
    return DemoResult(page, "; ".join(words), sound=not problems and not leaked)
