"""How long agents go on alone, as curves with limits, by actions and by seconds of baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.intervals import Floats
from harness.measure.state import Run
from harness.measure.survival import (
    Band,
    Ending,
    Incidence,
    Stretch,
    incidence,
    stretch,
    untouched_band,
)


@dataclass(frozen=True, slots=True, eq=False)
class TimingCurve:
    """How stretches without a person end, over one kind of exposure."""

    incidence: Incidence
    band: Band
    """Of the share without intervention; tasks are clusters."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timing:
    """Time to intervention of one row."""

    stretches: int
    endings: dict[Ending, int]
    by_actions: TimingCurve
    by_seconds: TimingCurve


def timing(run: Run) -> Timing | None:
    """Return how long agents went on alone; None where they never did, or nothing ended it."""
    tasks = [each.planned.task for each in run.ended.values()]
    stretches = [stretch(each) for each in run.ended.values()]
    endings = [each.ending for each in stretches]
    never_ended = all(ending is Ending.CENSORED for ending in endings)
    if never_ended or not any(each.agent_actions for each in stretches):
        return None
    actions = np.array([float(each.agent_actions) for each in stretches])
    seconds = np.array([each.baseline_s for each in stretches])
    return Timing(
        stretches=len(stretches),
        endings={ending: endings.count(ending) for ending in Ending},
        by_actions=_curve(actions, stretches, tasks),
        by_seconds=_curve(seconds, stretches, tasks),
    )


def _curve(exposures: Floats, stretches: Sequence[Stretch], tasks: Sequence[str]) -> TimingCurve:
    endings = [each.ending for each in stretches]
    return TimingCurve(incidence(exposures, endings), untouched_band(exposures, endings, tasks))
