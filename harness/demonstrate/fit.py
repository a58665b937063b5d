"""Fits the pace of experts, and estimates of human times, to the people who were timed.

`python -m harness.demonstrate.fit` plays every page that has an expert, on virtual time, and writes
`paces.json` and `human_estimates.json` anew.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from harness.demonstrate.plan import has_experts
from harness.env.browsers import Browsers
from harness.env.chromium import Chromium, Tab
from harness.env.page import TaskPage
from harness.errors import ExpertError
from harness.tasks import human
from harness.tasks.experts.pacing import Pace
from harness.tasks.experts.playing import Manner, deeds
from harness.tasks.keystrokes import seconds
from harness.tasks.miniwob import miniwob_tasks
from harness.tasks.task import HumanTime, WebTask
from recorder.schema import Action, Wait
from recorder.store import write_atomically

_DATA = Path(human.__file__).parent / "data"
_FIRST_SEED = 900_000  # nobody trains or is tested from here on
_TIMED_SEEDS, _OTHER_SEEDS = 30, 10
_PAGES = 4  # side by side
_UNIT = Manner(paced=True, pace=Pace(factor=1.0, sd_log=0.0))
_LEAST_SD_LOG = 0.1
_QUANTILES = [NormalDist().inv_cdf((k + 0.5) / 9) for k in range(9)]
_HUMAN_SD_LOG = 0.41  # the median of those who were timed


@dataclass(frozen=True, slots=True)
class Played:
    """One episode that an expert solved at the pace of the model."""

    hand_s: float
    """What the person's operators took."""
    page_s: float
    """What the expert waited for the page."""
    model_s: float
    """What the keystroke-level model says, at its fixed times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """`log seconds = intercept + slope * log model_s`, least squares over the timed pages."""

    intercept: float
    slope: float
    residual_sd_log: float
    left_out_sd_log: float
    """Root mean square error of each page predicted from all others."""
    pages: int

    def seconds(self, model_s: float) -> float:
        """Return the time that people are expected to take."""
        return float(np.exp(self.intercept + self.slope * np.log(model_s)))


def fit_pace(played: Sequence[Played], time: HumanTime) -> Pace:
    """Return the pace at which episodes take as long as people, and vary as much."""
    own_sd = float(np.std([np.log(each.hand_s + each.page_s) for each in played]))
    sd_log = max(_LEAST_SD_LOG, max(0.0, time.sd_log**2 - own_sd**2) ** 0.5)
    hand_s = np.array([each.hand_s for each in played])[:, None]
    page_s = np.array([each.page_s for each in played])[:, None]
    noise = np.exp(sd_log * np.array(_QUANTILES))[None, :]
    low, high = 0.01, 100.0
    for _ in range(60):  # the mean grows with the factor
        middle = (low * high) ** 0.5
        is_slower = np.log(page_s + middle * noise * hand_s).mean() > np.log(time.seconds)
        low, high = (low, middle) if is_slower else (middle, high)
    return Pace(factor=round(low, 3), sd_log=round(sd_log, 3))


def regress(model_s: Sequence[float], human_s: Sequence[float]) -> Regression:
    """Return the fit of human times to those of the model.

    >>> fit = regress([1, 2, 4, 8], [2, 4, 8, 16])
    >>> round(fit.seconds(3), 3), round(fit.left_out_sd_log, 3)
    (6.0, 0.0)
    """
    x = np.stack([np.ones(len(model_s)), np.log(model_s)], axis=1)
    y = np.log(np.asarray(human_s, float))
    weights, residuals = _solved(x, y)
    leverage = np.einsum("ij,ji->i", x, np.linalg.pinv(x))
    left_out = residuals / (1 - leverage)
    return Regression(
        intercept=float(weights[0]),
        slope=float(weights[1]),
        residual_sd_log=float(np.sqrt(np.sum(residuals**2) / (len(y) - 2))),
        left_out_sd_log=float(np.sqrt(np.mean(left_out**2))),
        pages=len(y),
    )


def _solved(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.asarray(np.linalg.lstsq(x, y, rcond=None)[0], np.float64)
    return weights, np.asarray(y - x @ weights, np.float64)


# Playing ------------------------------------------------------------------------------------------


async def play_pages(tasks: Sequence[WebTask], share: float = 1.0) -> dict[str, list[Played]]:
    """Return the episodes that experts solve, by page; with a share below 1, of fewer seeds."""
    found: dict[str, list[Played]] = {_page(task): [] for task in tasks}
    waiting = deque((task, _FIRST_SEED + k) for task in tasks for k in range(_seeds(task, share)))

    async def work(browsers: Browsers[Tab]) -> None:
        page = TaskPage(browsers)
        while waiting:
            task, seed = waiting.popleft()
            played = await _play(page, task, seed)
            if played:
                found[_page(task)].append(played)
        await page.close()

    async with Browsers(Chromium.start) as browsers, asyncio.TaskGroup() as group:
        for _ in range(_PAGES):
            group.create_task(work(browsers))
    return found


def _seeds(task: WebTask, share: float) -> int:
    return max(1, round(share * (_OTHER_SEEDS if task.human.is_estimate else _TIMED_SEEDS)))


async def _play(page: TaskPage, task: WebTask, seed: int) -> Played | None:
    outcome = await page.reset(task, seed)
    done: list[Action] = []
    hand_ms = 0
    try:
        async with aclosing(deeds(page, task, seed, _UNIT)) as found:
            async for deed in found:
                done.append(deed.action)
                if not isinstance(deed.action, Wait):
                    hand_ms += sum(
                        part.duration_ms for part in deed.parts if isinstance(part, Wait)
                    )
                outcome = await page.step(deed.action)
                if outcome.terminated or outcome.truncated:
                    break
    except ExpertError:
        return None
    if not outcome.reward:
        return None
    page_ms = sum(action.duration_ms for action in done if isinstance(action, Wait))
    return Played(hand_ms / 1000, page_ms / 1000, seconds(done))


# Files --------------------------------------------------------------------------------------------


def write(played: Mapping[str, Sequence[Played]]) -> str:
    """Write both files, and return what there is to say about the fit."""
    times = {page: human.human_time(page) for page in played}
    timed = {page: time for page, time in times.items() if not time.is_estimate}
    paces = {page: fit_pace(played[page], time) for page, time in timed.items() if played[page]}
    _write_paces(paces)
    known = {
        page: _geometric_mean([each.model_s for each in found])
        for page, found in played.items()
        if found
    }
    fit = regress([known[page] for page in paces], [timed[page].seconds for page in paces])
    _write_estimates(known, timed, fit)
    return f"{fit}\n{len(paces)} timed pages, {len(known)} with an expert"


def _write_paces(paces: Mapping[str, Pace]) -> None:
    everywhere = Pace(
        factor=round(_geometric_mean([pace.factor for pace in paces.values()]), 3),
        sd_log=round(float(np.median([pace.sd_log for pace in paces.values()])), 3),
    )
    _dump(
        "paces.json",
        {
            "source": "Fitted to human_times.json by python -m harness.demonstrate.fit.",
            "everywhere": asdict(everywhere),
            "pages": {page: asdict(pace) for page, pace in sorted(paces.items())},
        },
    )


def _write_estimates(
    known: Mapping[str, float], timed: Mapping[str, HumanTime], fit: Regression
) -> None:
    pages = [_page(task) for task in miniwob_tasks()]
    middle = float(np.median([time.seconds for time in timed.values()]))
    _dump(
        "human_estimates.json",
        {
            "source": "Fitted to human_times.json by python -m harness.demonstrate.fit.",
            "model": "log seconds = intercept + slope * log(keystroke-level model's seconds)",
            "fit": {name: round(value, 3) for name, value in asdict(fit).items()},
            "sd_log": round((_HUMAN_SD_LOG**2 + fit.left_out_sd_log**2) ** 0.5, 3),
            "tasks": {
                page: round(fit.seconds(known[page]) if page in known else middle, 3)
                for page in pages
                if human.human_time(page).is_estimate
            },
        },
    )


def _dump(name: str, body: object) -> None:
    write_atomically(_DATA / name, json.dumps(body, indent=1).encode() + b"\n")


def _geometric_mean(values: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(values))))


def _page(task: WebTask) -> str:
    return task.pages[0].removesuffix(".html")


def main() -> None:
    """Play, fit and write."""
    tasks = [task for task in miniwob_tasks() if has_experts(task)]
    sys.stdout.write(write(asyncio.run(play_pages(tasks))) + "\n")


if __name__ == "__main__":
    main()
