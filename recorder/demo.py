"""The recorder's demo: a scripted person books a table in Chromium and writes a note in a window.

Both are real: a real page in a real Chromium, a real editor on a virtual display, recorded through
the same sessions as a person's work, and played back as a page.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder import viewer
from recorder.browser.actor import BrowserActor
from recorder.browser.session import BrowserConfig, BrowserSession
from recorder.desktop.actor import DesktopActor
from recorder.desktop.session import DesktopConfig, DesktopSession
from recorder.desktop.xvfb import VirtualDisplay
from recorder.gate import Rules
from recorder.ledger import Ledger
from recorder.schema import Action, Click, Controller, KeyChord, ScrollBy, TypeText
from recorder.store import Recording, remove
from recorder.verify import verify

_CONSENT = "A scripted demo on a display and in a browser of its own."
_PAGE = Path(__file__).with_name("demo.html")
_PASSWORD = "never-on-disk-7431"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """One recording of the demo."""

    html: Path
    text: str
    """What was kept, in words."""


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
