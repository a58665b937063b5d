"""Jobs: chains of pages worth 30 to 300 seconds of a person's time, each page a milestone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from harness.tasks.miniwob import miniwob_tasks
from harness.tasks.task import HumanTime, WebTask


@cache
def job_tasks() -> tuple[WebTask, ...]:
    """Return every job, in order of name."""
    listed = json.loads((files("harness.tasks") / "data" / "jobs.json").read_text("utf-8"))
    return tuple(_job(name, pages) for name, pages in sorted(listed["jobs"].items()))


def _job(name: str, pages: Sequence[str]) -> WebTask:
    of_page = {task.pages[0].removesuffix(".html"): task for task in miniwob_tasks()}
    parts = [of_page[page] for page in pages]
    return WebTask(
        name=f"job-{name}",
        pages=tuple(path for part in parts for path in part.pages),
        human=time_of_chain([part.human for part in parts]),
        max_steps=sum(part.max_steps for part in parts),
        max_seconds=sum(part.max_seconds for part in parts),
        depends_on_seed=any(part.depends_on_seed for part in parts),
        tags=frozenset({"job"}),
    )


def time_of_chain(parts: Sequence[HumanTime]) -> HumanTime:
    """Return how long people take for one thing after another.

    The seconds are the sum of the parts', so that a job is worth what its pages are worth. The
    spread is that of the log-normal distribution with the mean and the variance of the sum of
    log-normal times (Fenton 1960, "The sum of log-normal probability distributions in scatter
    transmission systems"), which are taken as independent.

    >>> two = time_of_chain([HumanTime(seconds=10, sd_log=0.4, n=30)] * 2)
    >>> two.seconds, round(two.sd_log, 3), two.n
    (20, 0.288, 30)
    """
    means = [part.seconds * math.exp(part.sd_log**2 / 2) for part in parts]
    variances = [
        math.expm1(part.sd_log**2) * mean**2 for part, mean in zip(parts, means, strict=True)
    ]
    return HumanTime(
        seconds=sum(part.seconds for part in parts),
        sd_log=math.sqrt(math.log1p(sum(variances) / sum(means) ** 2)),
        n=min(part.n for part in parts),
    )
