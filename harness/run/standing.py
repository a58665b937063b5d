"""Where a run stands: what its logs hold, and which cells are still to be played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.measure.events import Manifest, OnDuty, RunClosed, RunEvent, RunOpened, open_run
from harness.measure.log import RunLog, read_log
from harness.measure.state import Run, fold, merge, unfinished
from harness.modes.cell import Cell
from harness.run.messages import Play
from harness.run.suite import RunPlan

_PREFIX = "events-"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the logs of a run hold, a half-written last line left out."""

    run: Run
    duties: frozenset[str]
    """Episodes whose cell has its time on duty in a log."""
    unclosed: tuple[Path, ...]
    """Logs whose worker may have something left to do."""

    @property
    def is_complete(self) -> bool:
        """True where no episode is left to be played."""
        return not unfinished(self.run)


def log_path(folder: Path, worker: str) -> Path:
    """Return the log that a worker keeps of a run."""
    return folder / f"{_PREFIX}{worker}.jsonl"


def log_name(path: Path) -> str | None:
    """Return the worker whose log a file is; None where it is none."""
    is_log = path.name.startswith(_PREFIX) and path.suffix == ".jsonl"
    return path.stem.removeprefix(_PREFIX) if is_log else None


def log_names(folder: Path) -> set[str]:
    """Return the workers that have kept logs of any run of a suite."""
    return {name for path in folder.rglob("*.jsonl") if (name := log_name(path)) is not None}


def log_paths(folder: Path) -> list[Path]:
    """Return all logs of a run."""
    return sorted(folder.glob(f"{_PREFIX}*.jsonl"))


def standing(folder: Path, manifest: Manifest) -> Standing:
    """Return where a run stands.

    Raises:
        LogError: a log was altered.
        EventOrderError: logs contradict each other, or are of another run.
    """
    runs = [Run(manifest=manifest)]
    duties: set[str] = set()
    unclosed: list[Path] = []
    for path in log_paths(folder):
        events = list(read_log(path))
        runs.append(fold(events))
        duties |= _on_duty(events)
        if not events or not isinstance(events[-1], RunClosed):
            unclosed.append(path)
    return Standing(merge(runs), frozenset(duties), tuple(unclosed))


def missing_cells(plan: RunPlan, cells: Sequence[Cell], found: Standing) -> list[Play]:
    """Return the cells of a run that have an episode which is not settled, in their order."""
    missing = {episode.key for episode in unfinished(found.run)}
    waiting: list[Play] = []
    for cell in cells:
        keys = [episode.key for episode in cell.plan]
        left = tuple(key for key in keys if key in missing)
        if left:
            waiting.append(
                Play(
                    run=plan.folder,
                    cell=cell.key,
                    missing=left,
                    is_duty_logged=not found.duties.isdisjoint(keys),
                    n_pages=plan.name.n_agents or 1,
                )
            )
    return waiting


def close_logs(found: Standing) -> None:
    """Note in each log of a run that is complete that its worker has nothing left to do.

    Raises:
        LogError: a log was altered, or is being written.
    """
    assert found.run.manifest
    for path in found.unclosed:
        worker = path.stem.removeprefix(_PREFIX)
        with RunLog(path, open_run(worker, found.run.manifest)) as log:
            log.append(RunClosed())


def in_log_order(events: Sequence[RunEvent]) -> list[RunEvent]:
    """Return the events of a cell with those of the person before the end of the last episode.

    So a cell of which every episode has ended is whole, wherever a crash cuts the log.
    """
    of_episodes = [event for event in events if not isinstance(event, OnDuty)]
    duties = [event for event in events if isinstance(event, OnDuty)]
    return [*of_episodes[:-1], *duties, *of_episodes[-1:]]


def _on_duty(events: Iterable[RunEvent]) -> set[str]:
    """Return the episodes that the time on duty in a log comes after, being of the same cell."""
    found: set[str] = set()
    last = ""
    for event in events:
        if isinstance(event, OnDuty):
            found.add(last)
        elif not isinstance(event, RunOpened | RunClosed):
            last = event.episode
    return found
