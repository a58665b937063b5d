"""What a suite is played with: versions of packages, browser and fonts, and the checkpoint."""

from __future__ import annotations

import hashlib
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from recorder.browser.chromium import find_chromium

_PACKAGES = ("understudy", "miniwob", "numpy", "torch")
_PATIENCE_S = 30.0


def tools() -> dict[str, str]:
    """Return the versions of what web tasks are played with; what is absent is left out.

    Raises:
        UnsupportedError: there is no browser.
    """
    found = {"python": platform.python_version(), "chromium": _browser(), "fonts": _fonts()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {name: each for name, each in found.items() if each}


def checkpoint_sha256(spec: str) -> str:
    """Return the hash of the folder that a policy is loaded from; empty where it names none."""
    folder = Path(spec.partition("@")[2])
    if not folder.name or not folder.is_dir():
        return ""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{path.name} {digest}\n".encode())
    return found.hexdigest()


def _browser() -> str:
    return _said([str(find_chromium(headless=True)), "--version"]).strip()


def _fonts() -> str:
    """Return a hash of the fonts that are installed, which decide what pages look like."""
    lister = shutil.which("fc-list")
    if not lister:
        return ""
    listed = "\n".join(sorted(_said([lister]).splitlines()))
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    return done.stdout
