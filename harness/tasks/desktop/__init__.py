"""Tasks for real desktop apps, each with its check and its expert."""

from harness.tasks.desktop.catalog import desktop_task, desktop_tasks
from harness.tasks.desktop.task import DesktopTask, solve

__all__ = ["DesktopTask", "desktop_task", "desktop_tasks", "solve"]
