"""Every task by its name."""

from __future__ import annotations

from functools import cache

from harness.tasks.desktop import desktop_tasks
from harness.tasks.jobs import job_tasks
from harness.tasks.miniwob import miniwob_tasks
from harness.tasks.task import Task, WebTask, find_task


@cache
def web_tasks() -> dict[str, WebTask]:
    """Return every web task by its name."""
    return {task.name: task for task in (*miniwob_tasks(), *job_tasks())}


def web_task(name: str) -> WebTask:
    """Return a web task by its name, or by its Gymnasium id.

    Raises:
        UnknownTaskError: there is none; the message names the nearest.
    """
    return find_task(web_tasks(), name, kind="web", otherwise="see tasks")


@cache
def all_tasks() -> dict[str, Task]:
    """Return every task by its name."""
    return {**web_tasks(), **{task.name: task for task in desktop_tasks()}}
