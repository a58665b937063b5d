"""`understudy demo`: the whole job once, on real web tasks, from recording to the report."""

from __future__ import annotations

import time
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape

from recorder.store import write_atomically
from tui.commands.calibrate import Calibration, calibrate
from tui.commands.demonstrate import Demonstration, demonstrate
from tui.commands.report import composed, write_page
from tui.commands.suite import SuiteBench, play_suite
from tui.commands.train import Training, train
from tui.console import err, out

if TYPE_CHECKING:
    from harness.run.manifests import Frozen

JOB = "job-account-reset"
"""What is rote: seven pages, which take people half a minute."""
TASKS = (
    "miniwob-login-user-popup",
    "miniwob-enter-password",
    "miniwob-enter-text-dynamic",
    "miniwob-click-dialog",
    "miniwob-click-dialog-2",
    "miniwob-login-user",
    "miniwob-enter-text",
)
"""What is taught: the pages of that job, one by one."""
_ROTE = (JOB, *(name for name in TASKS if "dialog" not in name))
"""What takes people 4 seconds or more."""
_FIRST_SEED = 7_900_000
_AGENTS = 4
_WORKERS = 2
"""Browsers that play the shift, whose time is virtual; runs of the light are timed alone."""
_ALLOCATOR = "gain-per-second"
_NOVEL, _JOBS = 0.2, 0.6
"""Shares of the work."""
_TITLES = {"forward": "What one click buys", "shift": "What one intervention buys"}
_CHECKPOINT = Path("policy", "checkpoint")


@dataclass(frozen=True)
class Demo:
    """How much of everything."""

    folder: Path = Path("demo")
    """Where all of it goes; what is there from before is used."""
    episodes: int = 25
    """Demonstrations of each of the seven tasks."""
    updates: int = 500
    """Of the network."""
    trials: int = 17
    """Episodes of each task on which it learns when to ask."""
    items: int = 40
    """Pieces of work in the shift: most are the whole job, a fifth is of a kind it never saw."""
    runs: int = 5
    """Episodes of each task in which the fast-forward light may come on."""
    rows: tuple[str, ...] = ()
    """Only these rows of the tables, such as ours and null; all if none is named."""
    recorder: bool = True
    """Also record a window of a desktop, and a page with a password in it."""


def demo(what: Demo) -> int:
    """Do the whole job once: record, train, calibrate, fast-forward, watch a shift, and report.

    Experts demonstrate seven real web tasks in front of the recorder; a small policy learns them
    and when to ask. Then it takes over from a person who works at people's pace when they click
    the light, and four agents work through a shift with one simulated person to help. Every number
    of the table and of the report is recomputed from the logs of these runs.

    It may be interrupted at any time; asked again, it uses what is there and does what is left.
    """
    folder = what.folder
    stages: list[tuple[str, Callable[[], int]]] = [
        ("an expert demonstrates seven tasks in front of the recorder", lambda: _record(what)),
        ("a policy learns them", lambda: _learn(what)),
        ("it learns when to ask", lambda: _calibrate(what)),
        (
            "it takes over on a click",
            lambda: _play(what, "forward", forward_manifest(what.runs)),
        ),
        (
            f"{_AGENTS} agents work through a shift with one person",
            lambda: _play(what, "shift", shift_manifest(what.items), workers=_WORKERS),
        ),
    ]
    if what.recorder:
        stages.insert(0, ("a page and a window are recorded", lambda: look(folder)))
    started = time.monotonic()
    for number, (title, work) in enumerate(stages, 1):
        with _announced(f"{number}/{len(stages)} {title}"):
            if failed := work():
                return failed
    pages = [_report(folder, suite) for suite in _TITLES]
    out.print(f"the whole job took {time.monotonic() - started:.0f} s", highlight=False)
    for page in pages:
        out.print(f"look at it: {page.resolve().as_uri()}", markup=False, highlight=False)
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(pages[-1].resolve().as_uri())
    return 0


# What is played -----------------------------------------------------------------------------------


def forward_manifest(runs: int) -> Frozen:
    """Return the work of a person whom the policy may relieve."""
    from harness.run.drawing import each_with  # noqa: PLC0415 - the harness's extras
    from harness.run.manifests import Forward, freeze  # noqa: PLC0415 - as above

    return freeze("demo-forward", Forward(each_with(_ROTE, _FIRST_SEED, runs)))


def shift_manifest(items: int) -> Frozen:
    """Return one shift of work that was taught, and a fifth that was not."""
    from harness.run.drawing import (  # noqa: PLC0415 - the harness's extras
        Mixture,
        Staffing,
        novel_pages,
        shifts_of,
    )
    from harness.run.manifests import freeze  # noqa: PLC0415 - as above

    mixture = Mixture(
        pages=TASKS, jobs=(JOB,), novel=novel_pages(), novel_share=_NOVEL, job_share=_JOBS
    )
    staffing = Staffing(n_agents=(_AGENTS,), allocators=(_ALLOCATOR,))
    work = shifts_of(mixture, staffing, shifts=1, items=items, first_seed=_FIRST_SEED)
    return freeze("demo-shift", work)


# Stages -------------------------------------------------------------------------------------------


@contextmanager
def _announced(title: str) -> Generator[None]:
    started = time.monotonic()
    err.rule(f"[bold]{escape(title)}", align="left")
    yield
    err.print(f"[dim]{time.monotonic() - started:.0f} s[/]")


def look(folder: Path) -> int:
    """Record a real page and a real window, show where they can be seen; 1 if one is not sound."""
    from recorder.demo import run_demo  # noqa: PLC0415 - the desktop's extras

    place = folder / "recorder"
    pages = sorted(place.glob("*.html"))
    if not pages:
        with err.status("starting") as status:
            shown = run_demo(place, say=status.update)
        for each in shown:
            out.print(escape(each.text))
        if not all(each.sound for each in shown):
            return 1
        pages = [each.html for each in shown]
    for page in pages:
        out.print(f"look at it: {page.resolve().as_uri()}", markup=False, highlight=False)
    return 0


def _record(what: Demo) -> int:
    return demonstrate(
        Demonstration(
            tasks=TASKS, to=what.folder / "demonstrations", episodes=what.episodes, yes=True
        )
    )


def _learn(what: Demo) -> int:
    from policy.train import TrainConfig  # noqa: PLC0415 - torch takes seconds to import

    return train(
        Training(
            demonstrations=str(what.folder / "demonstrations"),
            to=what.folder / "policy",
            episodes=what.episodes,
            trials=0,
            how=TrainConfig(updates=what.updates, pixels=False),
        )
    )


def _calibrate(what: Demo) -> int:
    from policy.calibrate import CALIBRATOR_FILE  # noqa: PLC0415 - SciPy is slow to load

    checkpoint = what.folder / _CHECKPOINT
    if (checkpoint / CALIBRATOR_FILE).exists():
        out.print("it knows already")
        return 0
    return calibrate(Calibration(checkpoint=checkpoint, tasks=TASKS, episodes=what.trials))


def _play(what: Demo, name: str, frozen: Frozen, *, workers: int = 1) -> int:
    from harness.run.manifests import to_json  # noqa: PLC0415 - SciPy takes a second to load

    path = what.folder / f"{name}.json"
    write_atomically(path, to_json(frozen))
    return play_suite(
        SuiteBench(
            policy=str(what.folder / _CHECKPOINT),
            to=what.folder / name,
            manifest=str(path),
            rows=what.rows,
            workers=workers,
        )
    )


def _report(folder: Path, suite: str) -> Path:
    from harness.run.score import load_runs, score  # noqa: PLC0415 - SciPy takes a second to load

    page, place = folder / f"{suite}.html", folder / suite
    write_page(page, composed(_TITLES[suite], place, score(place), load_runs(place)))
    return page
