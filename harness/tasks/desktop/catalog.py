"""Every desktop task by its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from harness.tasks.desktop import files, forms, notes, sheets, sums
from harness.tasks.desktop.task import DesktopTask, Scene
from harness.tasks.task import HumanTime, find_task

_ESTIMATE_SD_LOG = 0.45

Prepare: TypeAlias = Callable[[Path, np.random.Generator], Scene]

_PREPARED: Mapping[str, Prepare] = MappingProxyType(
    {
        "desktop-calculator-product": sums.note_product,
        "desktop-calculator-total": sums.note_total,
        "desktop-dialog-contact": forms.fill_form,
        "desktop-dialog-tick": forms.tick_items,
        "desktop-files-delete": files.delete_file,
        "desktop-files-move": files.move_file,
        "desktop-files-rename": files.rename_file,
        "desktop-gnumeric-cell": sheets.set_cell,
        "desktop-mousepad-append": notes.append_line,
        "desktop-mousepad-line": notes.change_line,
        "desktop-mousepad-note": notes.new_note,
        "desktop-mousepad-price": notes.change_price,
        "desktop-mousepad-replace": notes.replace_word,
    }
)


@cache
def desktop_tasks() -> tuple[DesktopTask, ...]:
    """Return every desktop task, in the order of their names."""
    text = (resources("harness.tasks.desktop") / "human.json").read_text("utf-8")
    seconds: dict[str, float] = json.loads(text)["seconds"]
    return tuple(
        DesktopTask(
            name=name,
            prepare=prepare,
            human=HumanTime(seconds=seconds[name], sd_log=_ESTIMATE_SD_LOG, n=0),
        )
        for name, prepare in _PREPARED.items()
    )


def desktop_task(name: str) -> DesktopTask:
    """Return a desktop task by its name, or by its Gymnasium id.

    Raises:
        UnknownTaskError: there is none; the message names the nearest.
    """
    tasks = {task.name: task for task in desktop_tasks()}
    everyone = f"there are {', '.join(tasks)}"
    return find_task(tasks, name, kind="desktop", otherwise=everyone)
