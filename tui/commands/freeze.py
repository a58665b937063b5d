"""`understudy freeze`: fix for good what a policy of your own is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.markup import escape
from tyro.conf import Positional

from harness.errors import ConfigError
from recorder.store import write_atomically
from tui.console import out
from tui.playing import task_names

if TYPE_CHECKING:
    from harness.run.manifests import Episodes, Forward, Frozen, Shifts

_FIRST_SEED = 7_000_000


@dataclass(frozen=True)
class Freezing:
    """What is to be played."""

    file: Positional[Path]
    """The manifest that is written."""
    tasks: tuple[str, ...]
    """What the policy was taught, as `understudy tasks` lists them."""
    kind: Literal["episodes", "shift", "forward"] = "shift"
    """Single episodes; shifts of several agents with one person; or a person's own work, on which
    the fast-forward light may come on."""
    seeds: int = 3
    """Episodes of each task; shifts go by --shifts and --items."""
    shifts: int = 2
    """Number of shifts."""
    items: int = 40
    """Pieces of work in each shift."""
    novel: float = 0.2
    """Share of a shift that is of tasks which no policy may learn from."""
    jobs: float = 0.0
    """Share of a shift that is jobs made of several of these tasks."""
    agents: tuple[int, ...] = (1, 2, 4, 8, 16)
    """Numbers of agents that each shift is played with."""
    first_seed: int = _FIRST_SEED
    """Of the first page. No demonstration of ours has seeds as high as the usual one."""


def freeze(what: Freezing) -> int:
    """Write a manifest: what is played, the time that people take for it, and a hash of it all.

    A suite that is played on it can be compared with any other that was, and one that was changed
    is refused. For example:

        understudy freeze mine.json --tasks miniwob-login-user miniwob-click-dialog
        understudy bench suite --policy run/checkpoint --manifest mine.json --to results

    Raises:
        ConfigError: there are no tasks, or what is asked for cannot be drawn from them.
        UnknownTaskError: there is no task of a name.
    """
    from harness.run import manifests  # noqa: PLC0415 - the harness's extras

    tasks = task_names(what.tasks)
    counts = (len(tasks), what.seeds, what.shifts, what.items, len(what.agents), *what.agents)
    if min(counts) < 1:
        raise ConfigError("a manifest wants a task, and at least one of everything")
    frozen = manifests.freeze(what.file.stem, _work(what, tasks))
    write_atomically(what.file, manifests.to_json(frozen))
    out.print(escape(_said(what.file, frozen)))
    return 0


def _work(what: Freezing, tasks: tuple[str, ...]) -> Episodes | Forward | Shifts:
    from harness.run import drawing, manifests  # noqa: PLC0415 - the harness's extras

    match what.kind:
        case "episodes":
            return manifests.Episodes(drawing.each_with(tasks, what.first_seed, what.seeds))
        case "forward":
            return manifests.Forward(drawing.each_with(tasks, what.first_seed, what.seeds))
        case "shift":
            mixture = drawing.Mixture(
                pages=tasks,
                jobs=drawing.jobs_of(tasks) if what.jobs else (),
                novel=drawing.novel_pages(),
                novel_share=what.novel,
                job_share=what.jobs,
            )
            return drawing.shifts_of(
                mixture,
                drawing.Staffing(n_agents=what.agents),
                shifts=what.shifts,
                items=what.items,
                first_seed=what.first_seed,
            )


def _said(file: Path, frozen: Frozen) -> str:
    episodes = list(frozen.work.all_episodes)
    tasks = {each.task for each in episodes}
    return f"{file}: {len(episodes)} episodes of {len(tasks)} tasks, {frozen.sha256[:12]}"
