"""Makes the manifests that are shipped: `python -m harness.run.freezing FOLDER` writes them anew.

All choices are drawn from one key each, so that the files come out the same wherever they are made.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from harness.demonstrate.plan import has_experts
from harness.run.manifests import Episodes, Forward, Frozen, FrozenEpisode, Shifts, freeze, to_json
from harness.tasks.faults import Fault
from harness.tasks.registry import web_task, web_tasks
from harness.tasks.shifts import is_novel_task
from harness.tasks.task import WebTask

FIRST_SEED = 7_000_000
"""No policy of ours is trained on seeds from here on."""
SMOKE = (
    "miniwob-click-test-2",
    "miniwob-click-button",
    "miniwob-click-dialog",
    "miniwob-click-dialog-2",
    "miniwob-click-link",
    "miniwob-click-tab",
    "miniwob-click-checkboxes",
    "miniwob-click-option",
    "miniwob-focus-text-2",
    "miniwob-enter-text",
    "miniwob-login-user",
    "miniwob-click-widget",
)
"""Tasks that a small network learns from a few dozen demonstrations."""
TAUGHT = (
    "miniwob-choose-list",
    "miniwob-click-button",
    "miniwob-click-button-sequence",
    "miniwob-click-color",
    "miniwob-click-dialog",
    "miniwob-click-dialog-2",
    "miniwob-click-link",
    "miniwob-click-menu",
    "miniwob-click-scroll-list",
    "miniwob-click-shape",
    "miniwob-click-tab",
    "miniwob-click-tab-2",
    "miniwob-click-tab-2-easy",
    "miniwob-click-tab-2-medium",
    "miniwob-click-test",
    "miniwob-click-test-2",
    "miniwob-click-test-transfer",
    "miniwob-click-widget",
    "miniwob-enter-password",
    "miniwob-enter-text",
    "miniwob-enter-text-dynamic",
    "miniwob-focus-text",
    "miniwob-focus-text-2",
    "miniwob-grid-coordinate",
    "miniwob-identify-shape",
    "miniwob-login-user",
    "miniwob-login-user-popup",
    "miniwob-navigate-tree",
    "miniwob-search-engine",
    "miniwob-unicode-test",
)
"""Known tasks that a small network learns; none of them is of a novel family."""
FORWARD = (
    "job-account-reset",
    "job-front-desk",
    "job-office-start",
    "miniwob-click-checkboxes",
    "miniwob-click-checkboxes-large",
    "miniwob-click-checkboxes-soft",
    "miniwob-click-checkboxes-transfer",
    "miniwob-click-scroll-list",
    "miniwob-click-tab-2",
    "miniwob-enter-password",
    "miniwob-enter-text",
    "miniwob-enter-text-dynamic",
    "miniwob-login-user",
    "miniwob-login-user-popup",
    "miniwob-multi-layouts",
    "miniwob-multi-orderings",
    "miniwob-search-engine",
)
"""Tasks and jobs that take people 4 seconds or more and are rote once they are understood."""
_FAULTY = 0.25
_NOVEL = 0.2
_JOBS = 0.2
_SHIFTS, _ITEMS = 2, 40
PATIENCE_S = 60.0
"""An agent of a shift that asked and was not attended for so long goes on alone."""
_ALLOCATORS = ("random", "fifo", "most-uncertain", "fleet-dagger", "thrifty", "gain-per-second")


def shipped() -> list[Frozen]:
    """Return every manifest that is shipped."""
    return [smoke(), core(), shift(), forward()]


def smoke() -> Frozen:
    """Return the manifest of a minute: tasks that anything should do."""
    return freeze("smoke", Episodes(_product(SMOKE, 2)))


def core() -> Frozen:
    """Return the manifest of every web task that people were timed at and experts know."""
    timed = [
        name
        for name, task in sorted(web_tasks().items())
        if "miniwob" in task.tags and task.human.n and has_experts(task)
    ]
    chance = _chance(1)
    faults = tuple(Fault)
    episodes = tuple(
        FrozenEpisode(each.task, each.seed, (faults[which],) if draw < _FAULTY else ())
        for each in _product(timed, 3)
        for draw, which in [(chance.random(), int(chance.integers(len(faults))))]
    )
    return freeze("core", Episodes(episodes))


def shift() -> Frozen:
    """Return the manifest of shifts: one person and 1 to 16 agents, a fifth of the work novel."""
    known = [web_task(name) for name in TAUGHT]
    jobs = [task for task in web_tasks().values() if _is_made_of(task, known)]
    pages = [task.name for task in known]
    taught = sorted([*pages, *(job.name for job in jobs)])
    novel = novel_pages()
    seeds = iter(range(FIRST_SEED, FIRST_SEED + _SHIFTS * _ITEMS))
    shifts: list[tuple[FrozenEpisode, ...]] = []
    for number in range(_SHIFTS):
        chance = _chance(2 + number)
        n_novel, n_jobs = round(_NOVEL * _ITEMS), round(_JOBS * _ITEMS)
        chosen = [
            *_picked(chance, novel, n_novel),
            *_picked(chance, [job.name for job in jobs], n_jobs),
            *_picked(chance, pages, _ITEMS - n_novel - n_jobs),
        ]
        chance.shuffle(chosen)
        shifts.append(tuple(FrozenEpisode(name, next(seeds)) for name in chosen))
    work = Shifts(
        shifts=tuple(shifts),
        n_agents=(1, 2, 4, 8, 16),
        allocators=_ALLOCATORS,
        reference=(4, _ALLOCATORS[-1]),
        patience_s=PATIENCE_S,
        taught=tuple(taught),
    )
    return freeze("shift", work)


def forward() -> Frozen:
    """Return the manifest of what is worth fast-forwarding."""
    return freeze("forward", Forward(_product(FORWARD, 3)))


def novel_pages() -> list[str]:
    """Return the pages that experts can do and no policy may learn from, in order of name."""
    return [
        name
        for name, task in sorted(web_tasks().items())
        if "miniwob" in task.tags and is_novel_task(task) and has_experts(task)
    ]


def _product(tasks: Sequence[str], n_seeds: int) -> tuple[FrozenEpisode, ...]:
    seeds = range(FIRST_SEED, FIRST_SEED + n_seeds)
    return tuple(FrozenEpisode(task, seed) for task, seed in product(tasks, seeds))


def _chance(number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array([FIRST_SEED, number], np.uint64)))


def _picked(chance: np.random.Generator, names: Sequence[str], count: int) -> list[str]:
    """Return so many names, each as often as the others but for one time."""
    rounds = [chance.permutation(len(names)) for _ in range(-(-count // len(names)))]
    return [names[int(place)] for place in np.concatenate(rounds)[:count]]


def _is_made_of(job: WebTask, known: Sequence[WebTask]) -> bool:
    pages = {page for task in known for page in task.pages}
    return "job" in job.tags and pages.issuperset(job.pages)


def main(folder: Path) -> None:
    """Write every manifest to a folder."""
    for frozen in shipped():
        (folder / f"{frozen.name}.json").write_bytes(to_json(frozen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
