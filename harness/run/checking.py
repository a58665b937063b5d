"""Says what is wrong with the logs of a suite, of one row, or with one log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.measure.errors import EventOrderError
from harness.measure.log import verify
from harness.measure.state import unfinished
from harness.run.score import is_run, runs_in
from harness.run.standing import log_paths, standing
from harness.run.suite import LoggedRun, is_suite


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    where: str
    """A log, or the folder of a row."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def is_checkable(path: Path) -> bool:
    """Say whether a path is a suite, a row of one, or a log."""
    if path.is_file():
        return path.suffix == ".jsonl" and path.name.startswith("events-")
    return path.is_dir() and (is_suite(path) or is_run(path))


def check(path: Path) -> list[Problem]:
    """Return what is wrong with a suite, a row of one, or a log; an empty list when it is sound.

    Raises:
        ConfigError: it is none of these.
    """
    if path.is_file():
        return _of_log(path)
    runs = runs_in(path)
    logs = [log for folder, _ in runs for log in log_paths(folder)]
    altered = [problem for log in logs for problem in _of_log(log)]
    return altered or [problem for folder, plan in runs for problem in _of_run(folder, plan)]


def _of_log(path: Path) -> list[Problem]:
    found = verify(path)
    return [Problem(str(path), str(found))] if found else []


def _of_run(folder: Path, plan: LoggedRun) -> list[Problem]:
    """Return what is wrong with a run of which each log is as it was written."""
    try:
        missing = len(unfinished(standing(folder, plan.manifest).run))
    except EventOrderError as error:
        return [Problem(str(folder), str(error))]
    return [Problem(str(folder), f"{missing} episodes are still to be played")] if missing else []
