"""The figures of an evaluation, each with its number of cases and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from policy.calibrate.metrics import (
    Flags,
    Floats,
    Interval,
    augrc,
    aurc,
    brier,
    calibration_error,
    coverage_at,
    failure_auroc,
    over_episodes,
    wilson,
)
from policy.evaluate.environments import Shift
from policy.evaluate.records import EpisodeRecord, StepRecord, by_row

OURS = "understudy"
"""The row of the policy that is evaluated; all others are there to compare."""
_PASSIVE = ("Wait(", "Ask(")


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    count: int
    n: int

    @property
    def value(self) -> float:
        """NaN of none."""
        return self.count / self.n if self.n else float("nan")

    @property
    def interval(self) -> Interval:
        """Wilson, 95 %."""
        return wilson(self.count, self.n)

    def __str__(self) -> str:
        if not self.n:
            return "-"
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}]"


@dataclass(frozen=True, slots=True)
class SuccessRow:
    """How a policy fares in a task, or in all of them together."""

    row: str
    task: str
    """Empty for all tasks."""
    success: Share
    mean: float
    """Over tasks, each counting the same; for one task, its own share."""
    steps: float
    """Median."""
    virtual_s: float
    """Median, of the page's own time."""


def success_table(records: Sequence[EpisodeRecord]) -> list[SuccessRow]:
    """Return a row for each policy over all tasks and for each of its tasks, unshifted, unaided."""
    rows: list[SuccessRow] = []
    for name, found in by_row(_plain(records)).items():
        tasks = sorted({each.trial.task for each in found})
        single = [
            _success(name, task, [each for each in found if each.trial.task == task])
            for task in tasks
        ]
        mean = fmean(each.success.value for each in single)
        rows += [_success(name, "", found, mean), *single]
    return rows


def _success(
    row: str, task: str, found: Sequence[EpisodeRecord], mean: float | None = None
) -> SuccessRow:
    success = Share(sum(each.success for each in found), len(found))
    return SuccessRow(
        row,
        task,
        success,
        success.value if mean is None else mean,
        median(len(each.steps) for each in found),
        median(each.virtual_ms for each in found) / 1000,
    )


# Confidence ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and its interval over episodes."""

    value: float
    interval: Interval

    def __str__(self) -> str:
        if not np.isfinite(self.value):
            return "-"
        return f"{self.value:.3f} [{self.interval.low:.3f}, {self.interval.high:.3f}]"


@dataclass(frozen=True, slots=True)
class ConfidenceRow:
    """How good the acceptance probability is under one shift."""

    shift: Shift
    decisions: int
    wrong: int
    calibration_error: Measured
    brier: Measured
    aurc: Measured
    augrc: Measured
    coverage: Measured
    """Share of decisions that can be kept with 99 % of them right."""
    auroc: float


def confidence_table(records: Sequence[EpisodeRecord], row: str = OURS) -> list[ConfidenceRow]:
    """Return a row for each shift that was played unaided by this policy."""
    return [_confidence(shift, own) for shift, own in _by_shift(records, row)]


def confidences(records: Sequence[EpisodeRecord]) -> list[tuple[Floats, Flags]]:
    """Return acceptance and whether right, (T,) each, of the watched steps of every episode."""
    return [
        (
            np.array([step.p_accept for step in each.watched]),
            np.array(each.right[: len(each.watched)], np.bool_),
        )
        for each in records
        if each.steps
    ]


def _confidence(shift: Shift, records: Sequence[EpisodeRecord]) -> ConfidenceRow:
    episodes = confidences(records)
    confidence = np.concatenate([each for each, _ in episodes])
    right = np.concatenate([each for _, each in episodes])

    def measured(statistic: Callable[[Floats, Flags], float]) -> Measured:
        return Measured(statistic(confidence, right), over_episodes(statistic, episodes))

    return ConfidenceRow(
        shift,
        len(right),
        int((~right).sum()),
        measured(calibration_error),
        measured(brier),
        measured(aurc),
        measured(augrc),
        measured(coverage_at),
        failure_auroc(confidence, right),
    )


# Alarms -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """When the gate asks under one shift."""

    shift: Shift
    success: Share
    flagged: Share
    """Of failing episodes, those asked about at or before their first wrong action."""
    disturbed: Share
    """Of episodes that reached their goal, those in which it asked for nothing."""
    confident_wrong: Share
    """Of all steps up to the first wrong one, those wrong that it did not ask about."""


def alarm_table(records: Sequence[EpisodeRecord], row: str = OURS) -> list[AlarmRow]:
    """Return a row for each shift that was played unaided by this policy."""
    return [_alarms(shift, own) for shift, own in _by_shift(records, row)]


def _alarms(shift: Shift, records: Sequence[EpisodeRecord]) -> AlarmRow:
    failing = [each for each in records if not each.success]
    fine = [each for each in records if each.success]
    flagged = [
        each
        for each in failing
        if each.first_alarm < len(each.steps) and each.first_alarm <= each.first_wrong
    ]
    disturbed = [each for each in fine if each.first_alarm < len(each.steps)]
    steps = [
        (step, right)
        for each in records
        for step, right in zip(each.watched, each.right, strict=False)
    ]
    wrong = [step for step, right in steps if _is_confident(step) and not right]
    return AlarmRow(
        shift,
        Share(len(fine), len(records)),
        Share(len(flagged), len(failing)),
        Share(len(disturbed), len(fine)),
        Share(len(wrong), len(steps)),
    )


def _is_confident(step: StepRecord) -> bool:
    return not step.reason and not step.action.startswith(_PASSIVE)


# Help ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelpRow:
    """What help is worth at one budget."""

    trigger: str
    budget: float
    helped: float
    """Share of steps that were in fact helped in."""
    success: Share


def help_table(records: Sequence[EpisodeRecord], row: str = OURS) -> list[HelpRow]:
    """Return a row for each trigger and budget, the unaided one first."""
    found = [each for each in records if each.trial.row == row and each.trial.shift is Shift.NONE]
    budgets = sorted({(each.trial.trigger, each.trial.budget) for each in found})
    return [
        _help(
            trigger,
            budget,
            [
                each
                for each in found
                if (each.trial.trigger, each.trial.budget) == (trigger, budget)
            ],
        )
        for trigger, budget in budgets
    ]


def _help(trigger: str, budget: float, records: Sequence[EpisodeRecord]) -> HelpRow:
    steps = [step for each in records for step in each.steps]
    helped = sum(step.helped for step in steps) / max(1, len(steps))
    success = Share(sum(each.success for each in records), len(records))
    return HelpRow(trigger, budget, helped, success)


def _plain(records: Sequence[EpisodeRecord]) -> list[EpisodeRecord]:
    return [each for each in records if each.trial.shift is Shift.NONE and not each.trial.trigger]


def _by_shift(
    records: Sequence[EpisodeRecord], row: str
) -> list[tuple[Shift, list[EpisodeRecord]]]:
    """Return what a policy played unaided, under each shift that took effect."""
    found = [
        each
        for each in records
        if each.trial.row == row and not each.trial.trigger and each.is_shifted
    ]
    own = [(shift, [each for each in found if each.trial.shift is shift]) for shift in Shift]
    return [(shift, each) for shift, each in own if each]
