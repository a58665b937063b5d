"""`understudy demonstrate`: experts, or a person, do tasks in front of the recorder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.markup import escape
from rich.table import Table

from harness.cluster import Engine
from harness.demonstrate import Plan, Take, demonstrate_by_human
from harness.demonstrate import demonstrate as record_experts
from harness.demonstrate.plan import Pace, chosen_tasks
from tui.commands.record import ask_consent
from tui.console import err, out
from tui.keys import keys_pressed
from tui.progress import Bars


@dataclass(frozen=True)
class Demonstration:
    """What to demonstrate, and where it goes."""

    tasks: tuple[str, ...]
    """Tasks, as `understudy tasks` lists them; `all` means every web task that an expert can do."""
    to: Path
    """Folder for the recordings. Ask for the same again to go on after an interruption."""
    episodes: int = 10
    """Episodes of each task. Ask for more later, and only those are added."""
    seed: int = 0
    """Seed of the first episode of each task; each next one has the next seed."""
    pace: Pace = "full"
    """As fast as the page goes, or in the time that people take."""
    slips: float = 0.0
    """Share of clicks and texts that go wrong as people's do, from 0 to below 1."""
    faults: tuple[str, ...] = ()
    """What is wrong with the pages: popup, moved, stale, renamed, dark, slow, delete."""
    workers: int = 4
    """Pages side by side."""
    engine: Engine = "local"
    """Where they are: `local` on this machine, `ray` on the machines of a Ray cluster, two to a
    processor."""
    from_human: bool = False
    """Open a window in which you do the tasks, instead of experts."""
    yes: bool = False
    """Agree to be recorded without being asked; the notice is still shown and stored."""


def demonstrate(what: Demonstration) -> int:
    """Record demonstrations of web tasks, to train on.

    Each episode is checked: no action is missing, and each is paired with an image of the page from
    strictly before it. It may be interrupted at any time; the same command goes on where it was.

    For example:

        understudy demonstrate --tasks miniwob-click-button --episodes 100 --to demos
    """
    plan = Plan(
        tasks=chosen_tasks(what.tasks),
        episodes=what.episodes,
        seed=what.seed,
        pace=what.pace,
        slips=what.slips,
        faults=what.faults,
        by_human=what.from_human,
    )
    takes: list[Take] = []
    if what.from_human:
        _show_to_human(plan, what, takes)
        lost = 0
    else:
        with Bars() as progress:
            bar = progress.add_task("recording", total=plan.episodes * len(plan.tasks), note="")

            def told(take: Take) -> None:
                takes.append(take)
                progress.advance(bar)

            lost = len(
                record_experts(what.to, plan, workers=what.workers, engine=what.engine, told=told)
            )
    out.print(summary(plan.tasks, takes))
    out.print(f"kept {len(takes)} episodes in {escape(str(what.to))}")
    if lost:
        err.print(f"[bold red]{lost} episodes could not be recorded; ask again to try again[/]")
    return int(lost > 0)


def summary(tasks: Sequence[str], takes: Sequence[Take]) -> Table:
    """Return what was recorded, task by task."""
    table = Table("task", "episodes", "success", "median s", box=None, pad_edge=False)
    for task in tasks:
        own = [take for take in takes if take.task == task]
        good = sum(take.success for take in own)
        middle = f"{median(take.seconds for take in own):.1f}" if own else "-"
        table.add_row(escape(task), str(len(own)), str(good), middle)
    return table


def human_notice(folder: Path, tasks: int) -> str:
    """Return the words a person agrees to before anything is captured."""
    return "\n".join(
        [
            f"understudy will show {tasks} tasks, one after another, in a window of their own, and",
            "record that window: its picture, the pointer, and all that is typed into it.",
            f"It stays on this machine: {folder}",
            "",
            "stop    q in this terminal, or close the window: whole episodes are kept",
        ]
    )


def _show_to_human(plan: Plan, what: Demonstration, takes: list[Take]) -> None:
    notice = human_notice(what.to, plan.episodes * len(plan.tasks))
    plan.check()
    ask_consent(notice, agreed=what.yes)
    stopped, ended = threading.Event(), threading.Event()
    watching = threading.Thread(target=_watch_keys, args=(stopped, ended))
    watching.start()
    try:
        demonstrate_by_human(what.to, plan, consent=notice, stopped=stopped, told=takes.append)
    finally:
        ended.set()
        watching.join()


def _watch_keys(stopped: threading.Event, ended: threading.Event) -> None:
    with keys_pressed(ended) as read_key:
        while not ended.is_set():
            if read_key(1.0) == "q":
                stopped.set()
