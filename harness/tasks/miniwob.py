"""The 125 tasks of MiniWoB++, from the pages of the `miniwob` package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from harness.tasks.human import human_time
from harness.tasks.task import WebTask

# pages that look the same at first whatever the seed: what differs is hidden in them
SEEDLESS = frozenset({"find-greatest", "guess-number", "hot-cold"})
_PATIENCE = 6.0  # virtual time allowed, in times of what people take
_LEAST_SECONDS = 60.0


@cache
def miniwob_tasks() -> tuple[WebTask, ...]:
    """Return every MiniWoB++ task, in order of name."""
    listed = json.loads((files("harness.tasks") / "data" / "miniwob.json").read_text("utf-8"))
    return tuple(_task(page) for page in listed["pages"])


def _task(page: str) -> WebTask:
    human = human_time(page)
    return WebTask(
        name=f"miniwob-{page}",
        pages=(f"{page}.html",),
        human=human,
        max_seconds=max(_LEAST_SECONDS, _PATIENCE * human.seconds),
        depends_on_seed=page not in SEEDLESS,
        tags=frozenset({"miniwob"}),
    )
