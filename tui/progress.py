"""How far long work is: bars in a terminal, a line now and then in a log file."""

from __future__ import annotations

import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress import TaskID as BarId

from tui.console import err

_LINE_EVERY_S = 30.0


class Bars(Progress):
    """Bars with a `note` behind each; where they can't be drawn, a line about each now and then."""

    def __init__(self) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=err,
            disable=not err.is_terminal,
        )
        self._said_s: dict[BarId, float] = {}

    def update(self, task_id: BarId, **changes: Any) -> None:
        """Move a bar on."""
        was_finished = self._tasks[task_id].finished
        super().update(task_id, **changes)
        if not self.console.is_terminal and not was_finished:
            self._say(task_id, time.monotonic())

    def advance(self, task_id: BarId, advance: float = 1) -> None:
        """Move a bar on by so much."""
        self.update(task_id, advance=advance)

    def _say(self, task_id: BarId, now_s: float) -> None:
        bar = self._tasks[task_id]
        since_s = now_s - self._said_s.setdefault(task_id, now_s)
        if bar.finished or since_s >= _LINE_EVERY_S:
            share = "" if bar.total is None else f" of {bar.total:,.0f}"
            line = f"{bar.description}: {bar.completed:,.0f}{share}  {bar.fields.get('note', '')}"
            self.console.print(line.rstrip())
            self._said_s[task_id] = now_s
