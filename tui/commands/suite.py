"""Suites: an agent and the rows to compare it with, played on a frozen manifest and scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import tyro
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from harness.cluster import Engine
from harness.errors import ConfigError
from recorder.store import write_atomically
from tui.commands.recordings import print_json
from tui.console import err, out
from tui.playing import model_hash_of
from tui.progress import Bars

if TYPE_CHECKING:
    from harness.measure.report.findings import Findings
    from harness.run.messages import Lost, Settled
    from harness.run.score import Scores
    from harness.run.suite import Request

Folder: TypeAlias = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]

_USUAL = {"foreman": "core", "fast-forward": "forward"}
"""The manifest of each mode."""
_PAGES = 4


@dataclass(frozen=True)
class SuiteBench:
    """Measure an agent: its useful output per human intervention, beside rows to compare it with.

    It may be interrupted at any time; the same command, or `understudy resume`, goes on where it
    was. For example:

        understudy bench suite --policy p30/checkpoint --manifest smoke --to results
    """

    policy: str
    """The agent: a checkpoint's folder, or package:factory, or package:factory@argument."""
    to: Path
    """Folder for the suite."""
    trainings: tuple[str, ...] = ()
    """The same agent trained anew with other seeds: with two or more of them, how much trainings
    differ is part of the intervals."""
    mode: Literal["foreman", "fast-forward"] | None = None
    """A person watches agents, or an agent watches a person; by default that of the manifest."""
    manifest: str = ""
    """What is played: smoke, core, shift, forward, or a file; by default core or forward."""
    rows: tuple[str, ...] = ()
    """Only these rows: ours, null, random, never-ask, always-ask, human-only, oracle; also
    ours@THRESHOLD and random-trigger@SHARE, for a threshold curve."""
    agents: tuple[int, ...] = ()
    """On shifts: only these numbers of agents."""
    allocators: tuple[str, ...] = ()
    """On shifts: only these ways to choose whom the person helps first."""
    workers: int = 1
    """Processes, each with a browser of its own; the events do not depend on it."""
    engine: Engine = "local"
    """Where workers are: on this machine, or on those of a Ray cluster: the one that RAY_ADDRESS
    names, else one that runs here, else a new one."""
    pages: int | None = None
    """Pages that each worker has open at once; by default 4, and 1 in fast-forward, where it is
    timed how long a click takes."""
    seed: int = 0
    """Of all draws: what the person notices, how fast they are, where they slip."""
    think_ms: int = 100
    """Virtual time that a decision of the agent takes."""
    json: Path | None = None
    """Write all figures to this file."""


def play_suite(what: SuiteBench) -> int:
    """Play a suite and print what it came to; 1 where something is still to be played.

    Raises:
        ConfigError: what is asked for cannot be had, or the folder holds something else.
    """
    from harness.run import manifests, rows, suite  # noqa: PLC0415 - SciPy takes a second to load

    frozen = manifests.load(what.manifest or _USUAL[what.mode or "foreman"])
    if what.mode and what.mode != frozen.mode:
        raise ConfigError(f"manifest {frozen.name} is of mode {frozen.mode}, not {what.mode}")
    usual = rows.usual_rows(frozen.work)
    asked = rows.with_trainings(what.rows or usual, 1 + len(what.trainings))
    request = suite.Request(
        manifest=frozen,
        policy=policy_spec(what.policy),
        trainings=tuple(map(policy_spec, what.trainings)),
        rows=rows.rows_of(frozen.work, asked, what.agents, what.allocators),
        seed=what.seed,
        think_ms=what.think_ms,
    )
    return _play(what.to, request, (what.workers, what.pages, what.engine), what.json)


def resume(
    folder: Folder,
    *,
    workers: int = 1,
    engine: Engine = "local",
    pages: int | None = None,
    json: Path | None = None,
) -> int:
    """Go on with a suite that was interrupted; one that is complete is left as it is.

    Args:
        folder: the suite.
        workers: processes, each with a browser of its own.
        engine: where workers are: on this machine, or on those of a Ray cluster.
        pages: pages that each worker has open at once; by default 4, in fast-forward 1.
        json: write all figures to this file.
    """
    from harness.run.suite import read_suite  # noqa: PLC0415 - SciPy takes a second to load

    return _play(folder, read_suite(folder).request, (workers, pages, engine), json)


def score(folder: Folder, *, json: bool = False, parquet: bool = False) -> int:
    """Recompute every figure of a suite from its logs, with no browser and no policy.

    Args:
        folder: the suite, or one row of it.
        json: print one JSON object instead of a table.
        parquet: write tables of episodes, interventions and steps beside the logs, for DuckDB.
    """
    from harness.run.derive import derive  # noqa: PLC0415 - SciPy takes a second to load
    from harness.run.score import score as scored  # noqa: PLC0415 - as above

    found = scored(folder)
    if json:
        out.print(found.to_json().decode(), markup=False)
    else:
        show_scores(found)
    for path in derive(folder) if parquet else ():
        err.print(f"wrote {escape(str(path))}")
    return int(bool(found.unfinished))


def compare(a: Folder, b: Folder, *, json: bool = False) -> None:
    """Compare two suites row by row, or two rows, which were played on the same manifest.

    Args:
        a: a suite, or one row of it.
        b: what it is compared with.
        json: print one JSON object per pair instead of a table.
    """
    from harness.measure.report.words import in_full  # noqa: PLC0415 - SciPy is slow to load
    from harness.run.compare import compare as compared  # noqa: PLC0415 - as above

    pairs = compared(a, b)
    table = _table("A", "B", "OPI A/B", "OPI* A/B", "leverage A/B", "net s A-B")
    for pair in pairs:
        ratios = (pair.opi, pair.opi_star, pair.leverage)
        figures = [in_full(each) if each else "-" for each in (*ratios, pair.net_s)]
        table.add_row(escape(str(pair.a)), escape(str(pair.b)), *map(escape, figures))
        if json:
            print_json(pair.to_mapping())
    if not json:
        out.print(table)


def policy_spec(policy: str) -> str:
    """Return the policy as workers load it: a checkpoint's folder by what loads checkpoints.

    Raises:
        ConfigError: the folder holds no checkpoint.
    """
    folder = Path(policy)
    if not folder.is_dir():
        return policy
    model_hash_of(folder)
    return f"policy.agent:load@{folder.absolute()}"


# Parts --------------------------------------------------------------------------------------------


def _play(
    folder: Path,
    request: Request,
    crew: tuple[int, int | None, Engine],
    json: Path | None,
) -> int:
    from harness.run import playing, tools  # noqa: PLC0415 - SciPy takes a second to load
    from harness.run.score import score as scored  # noqa: PLC0415 - as above

    workers, n_pages, engine = crew
    usual = 1 if request.manifest.mode == "fast-forward" else _PAGES
    try:
        with Bars() as progress:
            played = playing.play(
                folder,
                request,
                tools=tools.tools(),
                crew=playing.Crew(workers=workers, n_pages=n_pages or usual, engine=engine),
                told=_Bars(progress),
            )
    except KeyboardInterrupt:
        err.print(f"stopped; to go on: understudy resume {escape(str(folder))}")
        raise
    if not played.cells:
        err.print("nothing is left to be played")
    for reason in (
        *played.ended,
        *(f"{lost.run} {lost.cell}: {lost.reason}" for lost in played.lost),
    ):
        err.print(f"[bold red]{escape(reason)}[/]")
    found = scored(folder)
    show_scores(found)
    if json:
        write_atomically(json, found.to_json())
        out.print(f"all figures: {escape(str(json))}")
    return int(bool(found.unfinished))


class _Bars:
    """A bar for each row."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def begin(self, planned: Mapping[str, int], missing: Mapping[str, int]) -> None:
        for run, total in planned.items():
            done = total - missing[run]
            self._bars[run] = self._progress.add_task(run, total=total, completed=done, note="")

    def settle(self, report: Settled) -> None:
        self._progress.advance(self._bars[report.run], report.episodes)

    def lose(self, report: Lost) -> None:
        self._progress.update(
            self._bars[report.run], note="[red]a browser broke again and again[/]"
        )


def show_scores(found: Scores) -> None:
    """Print what each row of a suite came to, and which rows are not finished."""
    from harness.measure.metrics import SILENT_WEIGHT  # noqa: PLC0415 - SciPy is slow to load
    from harness.measure.report.words import in_full, percent  # noqa: PLC0415 - as above

    table = _table(
        "row", "success", "by hand", "contacts", "silent", "OPI", "OPI*", "leverage", "net s"
    )
    for row in found.findings.rows:
        figures = row.figures
        cells = (
            in_full(row.success, share=True),
            percent(row.hands_on),
            f"{figures.sums.interventions:,}",
            f"{figures.sums.silent:,}",
            in_full(figures.opi[0.0]),
            in_full(figures.opi[SILENT_WEIGHT]),
            in_full(figures.leverage),
            in_full(figures.net_s),
        )
        table.add_row(*map(escape, (str(row.name), *cells)))
    out.print(table)
    episodes = found.findings.main.coverage.planned
    out.print(
        f"{episodes} episodes a row; OPI: seconds of useful output for each contact of a person; "
        f"OPI*: a silent failure counts as {SILENT_WEIGHT:g} of them; [95 % intervals]",
        markup=False,
    )
    if words := _forward_words(found.findings):
        out.print(words, markup=False)
    for name in found.unfinished:
        err.print(f"[bold red]{escape(str(name))} is not finished[/]: understudy resume goes on")


def _forward_words(found: Findings) -> str:
    """Return what fast-forward came to in the main row, in a sentence; empty without a run."""
    from harness.measure.report.words import in_full, percent  # noqa: PLC0415 - SciPy is slow

    forward = found.forward
    if not forward or not forward.median_speed_up or not forward.precision:
        return ""
    funnel = forward.funnel
    speed_up = in_full(forward.median_speed_up)
    return (
        f"fast-forward in {found.main.name}: {funnel.lit} lights, {funnel.clicked} clicked, "
        f"{funnel.verified} verified; precision {in_full(forward.precision, share=True)}; "
        f"median speed-up {speed_up} times, {percent(forward.fast_share)} of runs at 100 or more"
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table
