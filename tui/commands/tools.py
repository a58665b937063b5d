"""Commands that measure: doctor and bench."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import tyro
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from recorder import doctor as doctor_module
from recorder.errors import ConfigError
from recorder.store import write_atomically
from tui.commands.suite import SuiteBench, play_suite
from tui.console import err, out
from tui.playing import task_names

Report: TypeAlias = Callable[[str], None]
Measure: TypeAlias = Callable[[Report], tuple[dict[str, Any], str]]

_SIGNS = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}


def doctor(*, ruler: bool = True, display: str = "", json: bool = False) -> int:
    """Say what works on this machine, and measure how true its recordings are.

    The ruler test paints a time code, injects input at known moments, records both through the
    real recorder and compares. It runs on a private virtual display unless one is named.

    Args:
        ruler: measure alignment as well (about ten seconds).
        display: look at this X display, such as `:0`; the ruler moves the pointer there.
        json: print one JSON object instead of a table.
    """
    with err.status("examining this machine"):
        findings = doctor_module.examine(display or None)
    if not json:
        out.print(_findings_table(findings))
    measured = None
    if ruler:
        with err.status("running the ruler test"):
            measured = doctor_module.measure(display or None)
    if json:
        body = {
            "findings": [asdict(finding) for finding in findings],
            "ruler": asdict(measured) if measured else None,
        }
        out.print_json(data=body)
    elif measured:
        out.print(escape(measured.text()))
    return int(any(finding.verdict == "fail" for finding in findings))


def _findings_table(findings: Sequence[doctor_module.Finding]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        advice = f"\n[dim]→ {escape(finding.advice)}[/]" if finding.advice else ""
        table.add_row(_SIGNS[finding.verdict], escape(finding.name), escape(finding.found) + advice)
    return table


@dataclass(frozen=True)
class Bench:
    """What all measurements of parts have in common."""

    json: Path | None = None
    """Write all figures to this file."""
    seconds: float = 20.0
    """How long each row is measured."""
    seed: int = 0
    """Of the first repeat or episode; each next one has the next seed."""


@dataclass(frozen=True)
class RecorderBench(Bench):
    """Measure the recorder next to the peers that one could use."""

    repeats: int = 1
    """How often each workload is recorded by each recorder."""


@dataclass(frozen=True)
class EnvBench(Bench):
    """Measure the environments next to the peers that one could use."""

    browsergym: Path | None = None
    """A Python that has browsergym-miniwob installed, to be measured too."""


@dataclass(frozen=True)
class PolicyBench(Bench):
    """Measure how fast a network decides and is trained."""

    size: Literal["tiny", "small", "base"] = "tiny"
    """Of the network."""
    updates: int = 20
    """How many are trained; the first half of them warms up."""


@dataclass(frozen=True)
class ReaderBench(Bench):
    """Measure how fast screens are read, and how much of what is read is right."""

    reader: Path | None = None
    """Folder of the reader; by default the one that comes with us."""
    shards: int = 3
    """Of 16 made-up pages each, in fonts that it has learned from, and in others."""
    tasks: tuple[str, ...] = ()
    """Names of MiniWoB++ tasks to read; all of them by default."""
    episodes: int = 1
    """Of each task."""
    windows: int = 0
    """Episodes of each desktop task, whose windows are read too; they take seconds each."""
    rapidocr: Path | None = None
    """A Python that has rapidocr and onnxruntime installed, to be measured too."""


@dataclass(frozen=True)
class ForwardBench:
    """Measure how much faster than people fast-forward is, next to the same work step by step."""

    json: Path | None = None
    """Write all figures to this file."""
    policy: str = "harness.modes.fast_forward.reader:reader"
    """It decides in both rows: package:factory, or package:factory@argument."""
    tasks: tuple[str, ...] = ()
    """Names of web tasks; by default those of four seconds and more that the reader can do."""
    episodes: int = 30
    """Of each task."""
    desktop: int = 0
    """Episodes of each desktop task; they take seconds each, most of them to open the apps."""
    seed: int = 0
    """Of the first episode; each next one has the next seed."""


@dataclass(frozen=True)
class ForemanBench:
    """Measure how long simulated shifts take, and what allocators make of the same ones."""

    json: Path | None = None
    """Write all figures to this file."""
    agents: int = 10_000
    """Of the shift that is timed with each allocator."""
    hours: float = 8.0
    """Of it, virtual."""
    shifts: int = 8
    """On which allocators are compared, two by two."""
    seed: int = 0
    """Of the first shift; each next one has the next seed."""


@dataclass(frozen=True)
class EnginesBench:
    """Measure how many episodes a second a Ray cluster plays, next to processes on this machine."""

    json: Path | None = None
    """Write all figures to this file."""
    episodes: int = 20
    """Of each of three tasks, in each of two rounds."""
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    """Of each engine; by default one to a core of this machine."""
    seed: int = 0
    """Of the first episode; each next one has the next seed."""


@dataclass(frozen=True)
class TuiBench:
    """Measure what the foreman's terminal costs, and how fast it answers a key."""

    json: Path | None = None
    """Write all figures to this file."""
    keys: int = 60
    """Pressed with each number of agents."""
    seed: int = 0
    """Of which keys they are, and when."""


What: TypeAlias = (
    Annotated[RecorderBench, tyro.conf.subcommand("recorder")]
    | Annotated[EnvBench, tyro.conf.subcommand("env")]
    | Annotated[PolicyBench, tyro.conf.subcommand("policy")]
    | Annotated[ReaderBench, tyro.conf.subcommand("reader")]
    | Annotated[ForwardBench, tyro.conf.subcommand("forward")]
    | Annotated[ForemanBench, tyro.conf.subcommand("foreman")]
    | Annotated[EnginesBench, tyro.conf.subcommand("engines")]
    | Annotated[TuiBench, tyro.conf.subcommand("tui")]
    | Annotated[SuiteBench, tyro.conf.subcommand("suite")]
)


def bench(what: What) -> int:
    """Measure a part of us next to its peers, or an agent on a suite of tasks.

    Raises:
        ConfigError: the file cannot be written.
    """
    if what.json is not None and not _writable(what.json):
        raise ConfigError(f"cannot write {what.json}: no such folder, or not allowed")
    if isinstance(what, SuiteBench):
        return play_suite(what)
    name, measure = _MEASURED[type(what)]
    return _bench(name, what.json, lambda report: measure(what, report))


def _bench(name: str, json: Path | None, measure: Measure) -> int:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(f"bench {name}")

        def report(text: str) -> None:
            progress.update(task, description=text)

        figures, table = measure(report)
    out.print(escape(table))
    if json is not None:
        write_atomically(json, json_module.dumps(figures, indent=1).encode() + b"\n")
        out.print(f"all figures: {escape(str(json))}")
    return 0


def _bench_recorder(what: RecorderBench, report: Report) -> tuple[dict[str, Any], str]:
    from recorder import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(seconds=what.seconds, repeats=what.repeats, seed=what.seed, report=report)
    return figures, module.table(figures)


def _bench_env(what: EnvBench, report: Report) -> tuple[dict[str, Any], str]:
    from harness import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(
        seconds=what.seconds, seed=what.seed, browsergym=what.browsergym, report=report
    )
    return figures, module.table(figures)


def _bench_policy(what: PolicyBench, report: Report) -> tuple[dict[str, Any], str]:
    from policy import bench as module  # noqa: PLC0415 - torch takes seconds to load
    from policy.train import TrainConfig  # noqa: PLC0415 - as above

    config = TrainConfig(size=what.size, updates=what.updates, seed=what.seed)
    figures = module.run(config, seconds=what.seconds, report=report)
    return figures, module.table(figures)


def _bench_reader(what: ReaderBench, report: Report) -> tuple[dict[str, Any], str]:
    from harness.tasks.registry import web_tasks  # noqa: PLC0415 - torch, below, takes seconds
    from policy.bench.reading import run  # noqa: PLC0415 - as above
    from policy.bench.reading_table import reading_table  # noqa: PLC0415 - as above
    from policy.reader.read import SHIPPED  # noqa: PLC0415 - as above
    from tui.labelled_pages import labelled_sets  # noqa: PLC0415 - as above

    tasks = task_names(what.tasks) or [name for name in web_tasks() if name.startswith("miniwob-")]
    seeds = range(what.seed, what.seed + what.episodes)
    sets = labelled_sets(what.shards, tasks, seeds, report, windows=what.windows)
    figures = run(
        what.reader or SHIPPED, sets, seconds=what.seconds, rapidocr=what.rapidocr, report=report
    )
    return {**figures, "seed": what.seed}, reading_table(figures)


def _bench_forward(what: ForwardBench, report: Report) -> tuple[dict[str, Any], str]:
    from harness.bench import desk_forward, speed_ups  # noqa: PLC0415 - SciPy is slow to load
    from harness.bench import forward as module  # noqa: PLC0415 - as above

    # as in the workers of a suite: while a policy decides, the page is at work on other cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    figures = module.run(
        policy=what.policy,
        tasks=task_names(what.tasks) or module.TASKS,
        episodes=what.episodes,
        seed=what.seed,
        report=report,
    )
    if not what.desktop:
        return figures, speed_ups.table(figures)
    desktop = desk_forward.run(
        tasks=desk_forward.TASKS, episodes=what.desktop, seed=what.seed, report=report
    )
    tables = [speed_ups.table(figures), speed_ups.table(desktop)]
    return {**figures, "desktop": desktop}, "\n\n".join(tables)


def _bench_foreman(what: ForemanBench, report: Report) -> tuple[dict[str, Any], str]:
    from harness.bench import foreman as module  # noqa: PLC0415 - SciPy takes a second to load

    figures = module.run(
        agents=what.agents,
        hours=what.hours,
        seed=what.seed,
        shifts=what.shifts,
        report=report,
    )
    return figures, module.table(figures)


def _bench_engines(what: EnginesBench, report: Report) -> tuple[dict[str, Any], str]:
    from harness.run import engines as module  # noqa: PLC0415 - SciPy takes a second to load

    figures = module.run(
        episodes=what.episodes, workers=what.workers, seed=what.seed, report=report
    )
    return figures, module.table(figures)


def _bench_tui(what: TuiBench, report: Report) -> tuple[dict[str, Any], str]:
    missing = [each for each in ("textual", "psutil") if find_spec(each) is None]
    if missing:
        raise ConfigError(f"no {' and no '.join(missing)}: pip install 'understudy[tui,bench]'")
    from tui.bench.run import run  # noqa: PLC0415 - Textual is an extra
    from tui.bench.table import table  # noqa: PLC0415 - as above

    figures = run(keys=what.keys, seed=what.seed, report=report)
    return figures, table(figures)


_MEASURED: dict[type, tuple[str, Callable[[Any, Report], tuple[dict[str, Any], str]]]] = {
    RecorderBench: ("recorder", _bench_recorder),
    EnvBench: ("env", _bench_env),
    PolicyBench: ("policy", _bench_policy),
    ReaderBench: ("reader", _bench_reader),
    ForwardBench: ("forward", _bench_forward),
    ForemanBench: ("foreman", _bench_foreman),
    EnginesBench: ("engines", _bench_engines),
    TuiBench: ("tui", _bench_tui),
}


def _writable(path: Path) -> bool:
    """Say whether figures can be written there; what is there stays, and nothing is left there."""
    is_there = path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if not is_there:
            path.unlink()
    except OSError:
        return False
    return True
