"""Commands around the recorder: doctor, bench and demo."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from recorder import doctor as doctor_module
from recorder.demo import run_demo
from recorder.errors import ConfigError
from recorder.store import write_atomically
from tui.console import err, out

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
    """What to measure, and how long."""

    what: tyro.conf.Positional[Literal["recorder", "env", "policy"]]
    """The part to measure."""
    json: Path | None = None
    """Write all figures to this file."""
    seconds: float = 20.0
    """How long each row is measured."""
    repeats: int = 1
    """recorder: how often each workload is recorded by each recorder."""
    seed: int = 0
    """Of the first repeat or episode; each next one has the next seed."""
    browsergym: Path | None = None
    """env: a Python that has browsergym-miniwob installed, to be measured too."""
    size: Literal["tiny", "small", "base"] = "tiny"
    """policy: of the network."""
    updates: int = 20
    """policy: how many are trained; the first half of them warms up."""


def bench(what: Bench) -> int:
    """Measure the recorder, the environments or the policy, next to peers that one could use.

    Raises:
        ConfigError: the file cannot be written.
    """
    if what.json is not None and not _writable(what.json):
        raise ConfigError(f"cannot write {what.json}: no such folder, or not allowed")
    measure = {"recorder": _bench_recorder, "env": _bench_env, "policy": _bench_policy}[what.what]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(f"bench {what.what}")

        def report(text: str) -> None:
            progress.update(task, description=text)

        figures, table = measure(what, report)
    out.print(escape(table))
    if what.json is not None:
        write_atomically(what.json, json_module.dumps(figures, indent=1).encode() + b"\n")
        out.print(f"all figures: {escape(str(what.json))}")
    return 0


def _bench_recorder(what: Bench, report: Callable[[str], None]) -> tuple[dict[str, Any], str]:
    from recorder import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(seconds=what.seconds, repeats=what.repeats, seed=what.seed, report=report)
    return figures, module.table(figures)


def _bench_env(what: Bench, report: Callable[[str], None]) -> tuple[dict[str, Any], str]:
    from harness import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(
        seconds=what.seconds, seed=what.seed, browsergym=what.browsergym, report=report
    )
    return figures, module.table(figures)


def _bench_policy(what: Bench, report: Callable[[str], None]) -> tuple[dict[str, Any], str]:
    from policy import bench as module  # noqa: PLC0415 - torch takes seconds to load
    from policy.train import TrainConfig  # noqa: PLC0415 - as above

    config = TrainConfig(size=what.size, updates=what.updates, seed=what.seed)
    figures = module.run(config, seconds=what.seconds, report=report)
    return figures, module.table(figures)


def demo(*, folder: Path = Path("demo")) -> int:
    """Record a real page in a real Chromium and a real window on a virtual display, and show both.

    Args:
        folder: where the recordings and their pages go; what is there from before is replaced.
    """
    with err.status("starting") as status:
        pages = run_demo(folder, say=status.update)
    for page in pages:
        out.print(escape(page.text))
        out.print(f"  look at it: {page.html.resolve().as_uri()}")
    return 0 if all(page.sound for page in pages) else 1


def _writable(path: Path) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return False
    return True
