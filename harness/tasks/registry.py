"""Every task by its name."""

from __future__ import annotations

import difflib
from functools import cache

from harness.errors import UnknownTaskError
from harness.tasks.desktop import desktop_tasks
from harness.tasks.jobs import job_tasks
from harness.tasks.miniwob import miniwob_tasks
from harness.tasks.task import NAMESPACE, Task, WebTask


@cache
def web_tasks() -> dict[str, WebTask]:
    """Return every web task by its name."""
    return {task.name: task for task in (*miniwob_tasks(), *job_tasks())}


def web_task(name: str) -> WebTask:
    """Return a web task by its name, or by its Gymnasium id.

    Raises:
        UnknownTaskError: there is none; the message names the nearest.
    """
    short = name.removeprefix(f"{NAMESPACE}/")
    tasks = web_tasks()
    for task in (tasks.get(short), tasks.get(short.rpartition("-v")[0])):
        if task:
            return task
    near = difflib.get_close_matches(short, tasks, n=3)
    raise UnknownTaskError(
        f"no web task {name!r}; " + (f"did you mean {', '.join(near)}?" if near else "see tasks")
    )


@cache
def all_tasks() -> dict[str, Task]:
    """Return every task by its name."""
    return {**web_tasks(), **{task.name: task for task in desktop_tasks()}}
