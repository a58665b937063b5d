"""`understudy report`: one page that shows what a suite was worth, and the same for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from tyro.conf import Positional

from recorder.store import write_atomically
from tui.commands.suite import show_scores
from tui.console import err, out

if TYPE_CHECKING:
    from harness.measure.learning import Checkpoint
    from harness.measure.report.gallery import Case
    from harness.measure.report.page import Report
    from harness.measure.report.rows import RowName
    from harness.measure.state import Run
    from harness.run.score import Scores

_PAGE = "report.html"
_BESIDE = ("never-ask", "random")
"""Rows whose tasks are drawn beside the main row's."""


@dataclass(frozen=True)
class ReportCommand:
    """What to report on, and where it goes."""

    folder: Positional[Path]
    """A suite, or one row of it."""
    to: Path | None = None
    """The page; FOLDER/report.html if not said."""
    title: str = "What one intervention buys"
    """Stands above the page."""
    json: bool = False
    """Print all figures as one JSON object and write no page."""
    learning: tuple[tuple[float, Path], ...] = ()
    """Human hours and the row of a checkpoint, for a learning curve: 0.5 early/ours 2 late/ours."""
    inspect: Path | None = None
    """Also write each row as a log that inspect_ai reads, into this folder."""


def report(what: ReportCommand) -> int:
    """Show what a suite was worth, on one page that works offline.

    All figures are worked out from the run logs, with no browser and no policy; 1 where rows are
    still unfinished.

    For example:

        understudy report results

    As JSON, or for inspect_ai:

        understudy report results --json

        understudy report results --inspect logs
    """
    from harness.measure.report.findings import learning_of  # noqa: PLC0415 - SciPy is slow to load
    from harness.run.score import load_runs, score  # noqa: PLC0415 - as above

    runs, found = load_runs(what.folder), score(what.folder)
    if what.learning:
        learning = learning_of(checkpoints(what.learning))
        found = replace(found, findings=replace(found.findings, learning=learning))
    if what.inspect:
        _export(what.inspect, runs)
    if what.json:
        out.print(found.to_json().decode(), markup=False)
        return int(bool(found.unfinished))
    path = what.to or what.folder / _PAGE
    write_page(path, composed(what.title, what.folder, found, runs))
    show_scores(found)
    out.print(f"see {escape(str(path))}")
    return int(bool(found.unfinished))


def write_page(path: Path, report: Report) -> None:
    """Write the page of a report, whole or not at all."""
    from harness.measure.report.page import page  # noqa: PLC0415 - Plotly takes a second to load

    body = page(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, body.encode())


def composed(title: str, folder: Path, found: Scores, runs: Mapping[RowName, Run]) -> Report:
    """Return all that goes on the page of a suite, its gallery read from the logs."""
    from harness.measure.report.page import Report  # noqa: PLC0415 - Plotly is slow to load
    from harness.measure.report.tasks import (  # noqa: PLC0415 - as above
        success_by_task,
        task_findings,
    )

    main = found.findings.main.name
    beside = [name for name in runs if name.row in _BESIDE and name == main.only(name.row)]
    return Report(
        title=title,
        findings=found.findings,
        tasks=task_findings(found.findings.run),
        others={name.beside(main): success_by_task(runs[name]) for name in beside},
        cases=cases(folder, main, runs[main]),
    )


def cases(folder: Path, name: RowName, run: Run) -> list[Case]:
    """Return the episodes of a row for the gallery, with steps and what was kept of screens."""
    from harness.measure.log import read_log  # noqa: PLC0415 - SciPy is slow to load
    from harness.measure.report.gallery import (  # noqa: PLC0415 - as above
        Case,
        notable,
        pictures_of,
        steps_of,
    )
    from harness.run.score import runs_in  # noqa: PLC0415 - as above
    from harness.run.standing import log_paths  # noqa: PLC0415 - as above

    place = next(path for path, plan in runs_in(folder) if plan.name == name)
    kept = notable(run)
    keys = [episode.planned.key for _, episode in kept]
    steps = steps_of((event for path in log_paths(place) for event in read_log(path)), keys)
    return [
        Case(
            kind=kind,
            episode=episode,
            steps=steps[episode.planned.key],
            pictures=pictures_of(place, episode.planned.key),
        )
        for kind, episode in kept
    ]


def checkpoints(learning: tuple[tuple[float, Path], ...]) -> list[Checkpoint]:
    """Return the points of a learning curve, each a row that a checkpoint played."""
    from harness.measure.learning import Checkpoint  # noqa: PLC0415 - SciPy is slow to load
    from harness.measure.metrics import tallies  # noqa: PLC0415 - as above
    from harness.measure.report.findings import main_row  # noqa: PLC0415 - as above
    from harness.run.score import load_runs  # noqa: PLC0415 - as above

    found: list[Checkpoint] = []
    for hours, folder in learning:
        runs = load_runs(folder)
        found.append(Checkpoint(hours, tallies(runs[main_row(runs)])))
    return found


def _export(folder: Path, runs: Mapping[RowName, Run]) -> None:
    from harness.measure.inspect_log import to_inspect_log  # noqa: PLC0415 - SciPy is slow to load

    folder.mkdir(parents=True, exist_ok=True)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    for name, run in runs.items():
        if run.ended:
            path = folder / f"{str(name).replace('/', '_')}.json"
            write_atomically(path, to_inspect_log(name, run, created))
            err.print(f"wrote {escape(str(path))}")
