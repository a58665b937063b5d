"""Recomputes every figure of a suite from its logs, with no browser and no policy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.errors import ConfigError
from harness.measure.events import Manifest
from harness.measure.report.as_json import to_json
from harness.measure.report.findings import Findings, findings
from harness.measure.report.rows import OURS, RowName
from harness.measure.report.tasks import task_findings
from harness.measure.state import Run
from harness.run.standing import log_paths, standing
from harness.run.suite import RUN_FILE, LoggedRun, is_suite, read_suite, run_plans

_DEEPEST = 4  # folders from a run up to its suite: ours/N=4/fifo is two below it


@dataclass(frozen=True, slots=True)
class Scores:
    """What a suite came to."""

    findings: Findings
    unfinished: tuple[RowName, ...]
    """Rows of which episodes are still to be played, or a log was not closed."""

    def to_json(self) -> bytes:
        """Return all figures as JSON."""
        return to_json(self.findings, task_findings(self.findings.run))


def score(folder: Path) -> Scores:
    """Return what a suite, or the run of one of its rows, came to.

    Raises:
        ConfigError: there is no suite, or no episode has ended.
        LogError: a line of a log was altered, dropped or moved.
        EventOrderError: logs contradict each other or the suite.
    """
    found = {plan.name: standing(path, plan.manifest) for path, plan in runs_in(folder)}
    return Scores(
        findings=findings({name: each.run for name, each in found.items()}),
        unfinished=tuple(
            name for name, each in found.items() if each.unclosed or not each.is_complete
        ),
    )


def load_runs(folder: Path) -> dict[RowName, Run]:
    """Return the runs of a suite by row, or the one that is in the folder of a row.

    Raises:
        ConfigError: there is no suite.
        LogError: a line of a log was altered, dropped or moved.
        EventOrderError: logs contradict each other or the suite.
    """
    return {plan.name: standing(path, plan.manifest).run for path, plan in runs_in(folder)}


def is_run(folder: Path) -> bool:
    """Say whether a folder belongs to one row of a suite, or to a run that is in no suite."""
    return not is_suite(folder) and (_is_alone(folder) or _suite_above(folder) is not None)


def runs_in(folder: Path) -> list[tuple[Path, LoggedRun]]:
    """Return the runs of a suite, or the one that is in a folder, and where they are.

    Raises:
        ConfigError: there is none.
    """
    top = folder if is_suite(folder) else _suite_above(folder)
    if top is None:
        return [(folder, _alone(folder))]
    wanted = folder.absolute()
    runs = [(top / plan.folder, plan) for plan in run_plans(read_suite(top))]
    below = [each for each in runs if each[0].absolute().is_relative_to(wanted)]
    if not below:
        raise ConfigError(f"{folder} is no row of the suite in {top}")
    return [*below]


def _suite_above(folder: Path) -> Path | None:
    return next(filter(is_suite, list(folder.absolute().parents)[:_DEEPEST]), None)


def _is_alone(folder: Path) -> bool:
    return (folder / RUN_FILE).is_file() and bool(log_paths(folder))


def _alone(folder: Path) -> LoggedRun:
    """Return a run that is in no suite, such as a shift with a person at the terminal."""
    if not _is_alone(folder):
        raise ConfigError(f"no suite in {folder}, and it is no run")
    path = folder / RUN_FILE
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path} is damaged: {error}") from error
    return LoggedRun(name=RowName(row=OURS), manifest=manifest)
