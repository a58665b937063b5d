"""Finding a Chromium, and starting it so that it keeps to itself."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recorder.errors import ConfigError, UnsupportedError

_QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    # else a window behind another is drawn once a second and its timers lag
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)
# Chromium reads only the last --disable-features, so Playwright's own are repeated here
_WITHOUT = (
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "Translate",
    # holds a page's timers back after each key and click, until the next frame at the latest
    "DeferRendererTasksAfterInput",
    # processes of the browser's own beside each page, of a hundred MB each
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    # paints "Debugger paused in another tab" over a page each time that it opens a popup
    "ShowHudDisplayForPausedPages",
)
# bytes; a socket of macOS may have 103, and Chromium's has 45 behind this
_LONGEST_TEMPORARY = 58
_HEADLESS_ONLY = ("chromium-headless-shell", "chrome-headless-shell")
_FULL = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)


def find_chromium(*, headless: bool, executable: str = "") -> Path:
    """Return the Chromium to start: the one named, else Playwright's own, else the system's.

    Raises:
        ConfigError: the one named does not exist.
        UnsupportedError: none is installed that can do it.
    """
    if executable:
        found = Path(shutil.which(executable) or executable)
        if not found.is_file():
            raise ConfigError(f"no browser at {executable!r}; leave it out to have one found")
        return found
    for candidate in _candidates(headless=headless):
        return candidate
    window = "" if headless else " with a window"
    package = "chromium-headless-shell" if headless else "chromium"
    raise UnsupportedError(
        f"no Chromium{window} found; install one with 'playwright install chromium', or on "
        f"Debian and Ubuntu with 'apt-get install {package}'"
    )


def launch_arguments(without: Sequence[str] = ()) -> list[str]:
    """Return the flags that keep Chromium from calling home or asking questions.

    Args:
        without: features of Chromium to leave out as well.
    """
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    # Chromium's own sandbox refuses to run as root
    sandbox = ["--no-sandbox"] if is_root else []
    return [*_QUIET, f"--disable-features={','.join([*_WITHOUT, *without])}", *sandbox]


def launch_environment() -> dict[str, Any]:
    """Return the environment to start Chromium in.

    It ends at once where the folder for temporary files has so long a name that no socket can be in
    a folder of it.
    """
    if len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_TEMPORARY or sys.platform == "win32":
        return {**os.environ}
    return {**os.environ, "TMPDIR": "/tmp"}


def _candidates(*, headless: bool) -> Iterator[Path]:
    yield from _playwrights_own(headless=headless)
    names = (*_HEADLESS_ONLY, *_FULL) if headless else _FULL
    for name in names:
        found = shutil.which(name)
        if found:
            yield Path(found)
    yield from filter(Path.is_file, map(Path, _APPLICATIONS))


def _playwrights_own(*, headless: bool) -> list[Path]:
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    root = Path(chosen) if chosen else _default_root()
    full = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-*/chrome.exe")
    mac = ("chromium-*/chrome-mac*/*.app/Contents/MacOS/*",)
    shell = ("chromium_headless_shell-*/*/*headless*shell*",)
    patterns = (*shell, *full, *mac) if headless else (*full, *mac)
    found = [path for pattern in patterns for path in sorted(root.glob(pattern), reverse=True)]
    return [path for path in found if path.is_file() and os.access(path, os.X_OK)]


def _default_root() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local" / "ms-playwright"
    return Path.home() / ".cache" / "ms-playwright"
