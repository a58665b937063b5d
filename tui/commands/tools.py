"""Commands around the recorder: doctor, bench and demo."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

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


def bench(
    what: Annotated[Literal["recorder", "env"], tyro.conf.Positional],
    *,
    json: Path | None = None,
    seconds: float = 20.0,
    repeats: int = 1,
    seed: int = 0,
    browsergym: Path | None = None,
) -> int:
    """Measure the recorder or the environments, next to the peers that a user would pick instead.

    Args:
        what: the part to measure.
        json: write all figures to this file.
        seconds: how long each row is measured.
        repeats: how often each workload is recorded by each recorder.
        seed: of the first repeat or episode; each next one has the next seed.
        browsergym: env: a Python that has browsergym-miniwob installed, to be measured too.

    Raises:
        ConfigError: the file cannot be written.
    """
    if json is not None and not _writable(json):
        raise ConfigError(f"cannot write {json}: no such folder, or not allowed")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=err) as progress:
        task = progress.add_task(f"bench {what}")

        def report(text: str) -> None:
            progress.update(task, description=text)

        if what == "recorder":
            figures, table = _bench_recorder(seconds, repeats, seed, report)
        else:
            figures, table = _bench_env(seconds, seed, browsergym, report)
    out.print(escape(table))
    if json is not None:
        write_atomically(json, json_module.dumps(figures, indent=1).encode() + b"\n")
        out.print(f"all figures: {escape(str(json))}")
    return 0


def _bench_recorder(
    seconds: float, repeats: int, seed: int, report: Callable[[str], None]
) -> tuple[dict[str, Any], str]:
    from recorder import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(seconds=seconds, repeats=repeats, seed=seed, report=report)
    return figures, module.table(figures)


def _bench_env(
    seconds: float, seed: int, browsergym: Path | None, report: Callable[[str], None]
) -> tuple[dict[str, Any], str]:
    from harness import bench as module  # noqa: PLC0415 - psutil, which it needs, is extra

    figures = module.run(seconds=seconds, seed=seed, browsergym=browsergym, report=report)
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
