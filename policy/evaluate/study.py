"""What is played in an evaluation, and in a calibration before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policy.calibrate import Calibrator, JudgedEpisode
from policy.errors import ConfigError
from policy.evaluate.closed_loop import Played, Rules
from policy.evaluate.environments import Shift
from policy.evaluate.records import Trial
from policy.evaluate.tables import OURS

CHOICE_SEED = 400_000
CALIBRATION_SEED = 500_000
EVALUATION_SEED = 1_000_000
_USUAL_STRIDE = 8  # budgets begin with few quantiles, so that they soon go by what they see


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Which pages are played, and how."""

    tasks: tuple[str, ...]
    episodes: int = 100
    """Of each task, unshifted."""
    seed: int = EVALUATION_SEED
    """Of the first; each next one has the next."""
    shifts: tuple[Shift, ...] = ()
    shift_episodes: int = 20
    """Of each task, for each shift."""
    budgets: tuple[float, ...] = ()
    """Shares of steps to be helped in."""
    help_episodes: int = 20
    """Of each task, for each budget."""

    def __post_init__(self) -> None:
        if not self.tasks or min(self.episodes, self.shift_episodes, self.help_episodes) < 1:
            raise ConfigError("nothing to play; allowed: at least one task and one episode of each")
        if not all(0 < budget < 1 for budget in self.budgets):
            raise ConfigError(f"help budgets {self.budgets}; allowed: above 0 and below 1")

    def plain(self, row: str) -> list[Trial]:
        """Return the unshifted, unaided episodes of a policy."""
        return [
            Trial(row, task, seed) for seed in self._seeds(self.episodes) for task in self.tasks
        ]

    def shifted(self) -> list[Trial]:
        """Return the episodes on pages that are not as they were learned."""
        return [
            Trial(OURS, task, seed, shift)
            for shift in self.shifts
            for seed in self._seeds(self.shift_episodes)
            for task in self.tasks
        ]

    def helped(self) -> list[Trial]:
        """Return the episodes in which an expert helps; the same pages for each way of asking."""
        return [
            Trial(OURS, task, seed, trigger=trigger, budget=budget)
            for budget in self.budgets
            for trigger in ("random", "sure")
            for seed in self._seeds(self.help_episodes)
            for task in self.tasks
        ]

    def _seeds(self, episodes: int) -> range:
        return range(self.seed, self.seed + episodes)


def trials_to_choose(tasks: Sequence[str], episodes: int) -> list[Trial]:
    """Return the episodes by which one of several checkpoints is chosen.

    Raises:
        ConfigError: they would reach into the seeds that calibrations use.
    """
    if CHOICE_SEED + episodes > CALIBRATION_SEED:
        raise ConfigError(
            f"{episodes} episodes; allowed: at most {CALIBRATION_SEED - CHOICE_SEED}, before the "
            "seeds that calibrations begin with"
        )
    seeds = range(CHOICE_SEED, CHOICE_SEED + episodes)
    return [Trial(OURS, task, seed) for seed in seeds for task in tasks]


def practice(tasks: Sequence[str], episodes: int, seed: int = CALIBRATION_SEED) -> list[Trial]:
    """Return the episodes to calibrate on.

    On every other page the pointer is anywhere, as it is where a page comes after another one. And
    for every two pages there is one whose target isn't there: it shows what being wrong looks like
    to a policy that is seldom wrong.

    Raises:
        ConfigError: they would reach into the seeds that evaluations use.
    """
    if seed + episodes > EVALUATION_SEED:
        raise ConfigError(
            f"seeds {seed} to {seed + episodes - 1}; allowed: below {EVALUATION_SEED}, which "
            "evaluations begin with"
        )
    seeds = range(seed, seed + episodes)
    return [
        Trial(OURS, task, each, shift)
        for each in seeds
        for task in tasks
        for shift in ((Shift.POINTED,) if each % 2 else (Shift.NONE, Shift.DELETED))
    ]


def judged(played: Played) -> JudgedEpisode | None:
    """Return an episode as calibration takes it, up to its first wrong step.

    None where the shift had nothing to change, or the policy gives no evidence.
    """
    record = played.record
    length = len(record.watched)
    if not record.is_shifted or len(played.evidence) < length or not length:
        return None
    return JudgedEpisode(
        evidence=played.evidence[:length],
        right=record.right[:length],
        is_normal=record.success,
        is_typical=record.trial.shift in (Shift.NONE, Shift.POINTED),
    )


def rules_of(calibrator: Calibrator | None, longest: int) -> Rules:
    """Return how episodes are played by a policy with this calibrator."""
    if not calibrator:
        return Rules(longest=longest)
    return Rules(usual=calibrator.usual[::_USUAL_STRIDE], longest=longest)
