"""The files of a task: written before an episode, compared after it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from harness.tasks.desktop.task import Verdict

_WRITTEN_S = 1_767_603_600  # file managers show it: 2026-01-05 09:00 UTC

Texts: TypeAlias = Mapping[str, str]


def write(folder: Path, texts: Texts) -> None:
    """Write files by their paths below a folder."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (_WRITTEN_S, _WRITTEN_S))


def read(path: Path) -> str | None:
    """Return what a file says, without the end of its last line; None where there is no such text.

    Editors differ in whether they end the last line.
    """
    try:
        return path.read_text("utf-8").rstrip("\n")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        return None


def compare(folder: Path, wanted: Texts) -> Verdict:
    """Return whether a folder has exactly these files, with these texts."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    if missing := sorted(wanted.keys() - found):
        return Verdict(f"there is no {missing[0]}")
    if strange := sorted(found - wanted.keys()):
        return Verdict(f"there should be no {strange[0]}")
    for name, text in wanted.items():
        if read(folder / name) != text.rstrip("\n"):
            return Verdict(f"{name} does not say what it should")
    return Verdict()
