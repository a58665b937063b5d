"""Every page has a human time, and says whether anybody was timed."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from harness.demonstrate.fit import Played, fit_pace, regress
from harness.tasks.human import human_time
from harness.tasks.miniwob import miniwob_tasks
from harness.tasks.task import HumanTime


def read(name: str) -> dict[str, Any]:
    """Return a file of the tasks' data."""
    return json.loads((files("harness.tasks") / "data" / name).read_text("utf-8"))


def test_every_page_is_either_timed_or_estimated() -> None:
    timed, estimated = read("human_times.json")["tasks"], read("human_estimates.json")["tasks"]
    pages = {task.name.removeprefix("miniwob-") for task in miniwob_tasks()}
    assert timed.keys() & estimated.keys() == set()
    assert pages <= timed.keys() | estimated.keys()


def test_an_estimate_says_so_and_is_less_certain() -> None:
    timed, estimate = human_time("click-test"), human_time("drag-box")
    assert timed == HumanTime(seconds=0.919, sd_log=0.409, n=32)
    assert not timed.is_estimate
    assert estimate.is_estimate
    assert estimate.sd_log > 0.41
    assert 0.5 < estimate.seconds < 60


def test_the_estimates_say_how_they_came_about_and_how_far_they_are_off() -> None:
    found = read("human_estimates.json")
    assert "python -m harness.demonstrate.fit" in found["source"]
    assert found["fit"]["pages"] >= 50
    assert 0 < found["fit"]["residual_sd_log"] <= found["fit"]["left_out_sd_log"] < 0.6


def test_each_page_is_left_out_of_its_own_prediction() -> None:
    model, people = [1.0, 2.0, 4.0, 8.0, 16.0], [1.2, 1.7, 4.4, 9.0, 14.0]
    errors: list[float] = []
    for out in range(5):
        others = [number for number in range(5) if number != out]
        fit = regress([model[n] for n in others], [people[n] for n in others])
        errors.append(math.log(people[out]) - math.log(fit.seconds(model[out])))
    expected = np.sqrt(np.mean(np.square(errors)))
    assert regress(model, people).left_out_sd_log == pytest.approx(expected)


def test_a_fitted_pace_gives_the_mean_and_the_spread_of_people() -> None:
    rng = np.random.default_rng(1)
    time = HumanTime(seconds=5.0, sd_log=0.4, n=30)
    played = [Played(float(hand), 0.3, float(hand)) for hand in rng.lognormal(1.0, 0.2, 400)]
    pace = fit_pace(played, time)
    noise = rng.lognormal(0.0, pace.sd_log, 400)
    logs = [
        math.log(p.page_s + pace.factor * n * p.hand_s) for p, n in zip(played, noise, strict=True)
    ]
    assert np.exp(np.mean(logs)) == pytest.approx(5.0, rel=0.05)
    assert np.std(logs) == pytest.approx(0.4, rel=0.15)
