"""How long people take: timed where somebody was timed, else estimated from keystrokes."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from harness.tasks.task import HumanTime


def human_time(page: str) -> HumanTime:
    """Return the time that people take for a MiniWoB++ page."""
    return _times()[page]


@cache
def _times() -> dict[str, HumanTime]:
    timed, estimated = _read("human_times.json"), _read("human_estimates.json")
    # an estimate is off by more than people vary
    sd_log = estimated["sd_log"]
    return {
        **{
            page: HumanTime(seconds=s, sd_log=sd_log, n=0) for page, s in estimated["tasks"].items()
        },
        **{page: HumanTime(**values) for page, values in timed["tasks"].items()},
    }


def _read(name: str) -> dict[str, Any]:
    return json.loads((files("harness.tasks") / "data" / name).read_text("utf-8"))
