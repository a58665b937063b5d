"""How long people take: timed where somebody was timed, else estimated from keystrokes."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from harness.tasks.task import HumanTime

_ESTIMATE_SD_LOG = 0.45  # the median of those who were timed is 0.41, and an estimate knows less


def human_time(page: str) -> HumanTime:
    """Return the time that people take for a MiniWoB++ page."""
    timed, estimated = _times()
    if page in timed:
        return timed[page]
    return HumanTime(seconds=estimated[page], sd_log=_ESTIMATE_SD_LOG, n=0)


@cache
def _times() -> tuple[dict[str, HumanTime], dict[str, float]]:
    timed = _read("human_times.json")
    return {page: HumanTime(**values) for page, values in timed.items()}, _read(
        "human_estimates.json"
    )


def _read(name: str) -> dict[str, dict[str, float]]:
    return json.loads((files("harness.tasks") / "data" / name).read_text("utf-8"))["tasks"]
