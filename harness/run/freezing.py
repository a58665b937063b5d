"""Makes the manifests that are shipped: `python -m harness.run.freezing FOLDER` writes them anew.

All choices are drawn from one key each, so that the files come out the same wherever they are made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.demonstrate.plan import has_experts
from harness.run.drawing import (
    FIRST_SEED,
    Mixture,
    Staffing,
    chance_of,
    each_with,
    jobs_of,
    novel_pages,
    shifts_of,
)
from harness.run.manifests import Episodes, Forward, Frozen, FrozenEpisode, freeze, to_json
from harness.tasks.faults import Fault
from harness.tasks.registry import web_tasks

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
_SHIFTS, _ITEMS = 2, 40


def shipped() -> list[Frozen]:
    """Return every manifest that is shipped."""
    return [smoke(), core(), shift(), forward()]


def smoke() -> Frozen:
    """Return the manifest of a minute: tasks that anything should do."""
    return freeze("smoke", Episodes(each_with(SMOKE, FIRST_SEED, 2)))


def core() -> Frozen:
    """Return the manifest of every web task that people were timed at and experts know."""
    timed = [
        name
        for name, task in sorted(web_tasks().items())
        if "miniwob" in task.tags and task.human.n and has_experts(task)
    ]
    chance = chance_of(FIRST_SEED, 1)
    faults = tuple(Fault)
    episodes = tuple(
        FrozenEpisode(each.task, each.seed, (faults[which],) if draw < _FAULTY else ())
        for each in each_with(timed, FIRST_SEED, 3)
        for draw, which in [(chance.random(), int(chance.integers(len(faults))))]
    )
    return freeze("core", Episodes(episodes))


def shift() -> Frozen:
    """Return the manifest of shifts: one person and 1 to 16 agents, a fifth of the work novel."""
    mixture = Mixture(pages=TAUGHT, jobs=jobs_of(TAUGHT), novel=novel_pages())
    work = shifts_of(mixture, Staffing(), shifts=_SHIFTS, items=_ITEMS, first_seed=FIRST_SEED)
    return freeze("shift", work)


def forward() -> Frozen:
    """Return the manifest of what is worth fast-forwarding."""
    return freeze("forward", Forward(each_with(FORWARD, FIRST_SEED, 3)))


def main(folder: Path) -> None:
    """Write every manifest to a folder."""
    for frozen in shipped():
        (folder / f"{frozen.name}.json").write_bytes(to_json(frozen))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
