"""The command that lists what there is to be done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import tyro
from rich.table import Table

from harness.errors import UnknownTaskError
from harness.tasks.experts.catalog import has_expert
from harness.tasks.registry import all_tasks
from harness.tasks.task import Task, WebTask, env_id
from tui.commands.recordings import print_json
from tui.console import out


def tasks(part: Annotated[str, tyro.conf.Positional] = "", *, json: bool = False) -> None:
    """List tasks: what they are called, how long people take, and whether an expert does them.

    A time with a ~ is an estimate of the keystroke-level model; the others were measured on people.

    Args:
        part: list only tasks whose name contains this.
        json: print one JSON object per line instead of a table.

    Raises:
        UnknownTaskError: no task is called so.
    """
    found = [task for name, task in sorted(all_tasks().items()) if part in name]
    if not found:
        raise UnknownTaskError(f"no task has {part!r} in its name; leave it out to see all")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("task", "human s", "timed", "expert", "notes"):
        table.add_column(column, justify="right" if column in ("human s", "timed") else "left")
    for task in found:
        if json:
            print_json(
                {"id": env_id(task), "human": asdict(task.human), "expert": _is_solved(task)}
            )
            continue
        sign = "~" if task.human.is_estimate else ""
        table.add_row(
            task.name,
            f"{sign}{task.human.seconds:.1f}",
            str(task.human.n or "-"),
            "yes" if _is_solved(task) else "no",
            _notes(task),
        )
    if not json:
        out.print(table)


def _is_solved(task: Task) -> bool:
    return not isinstance(task, WebTask) or all(map(has_expert, task.pages))


def _notes(task: Task) -> str:
    if not isinstance(task, WebTask):
        return "desktop"
    if len(task.pages) > 1:
        return f"{len(task.pages)} pages"
    return "" if task.depends_on_seed else "every seed looks the same at first"
