"""How fast interventions grow rare as people put in more time: a power law over checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from harness.errors import ConfigError
from harness.measure.intervals import Floats, Interval
from harness.measure.metrics import SECONDS_PER_HOUR, Tally

FEWEST = 4
"""Checkpoints below which four numbers cannot be fitted."""
_EXPONENTS = np.linspace(0, 3, 121)
_OFFSETS = np.array([0, 0.05, 0.1, 0.2, 0.5, 1, 2, 5])
"""In mean human hours of the checkpoints."""
_FLOORS = np.linspace(0, 0.9, 19)
"""Shares of the rate at the mean human hours."""
_GRID = np.stack(np.meshgrid(_EXPONENTS, _OFFSETS, _FLOORS, indexing="ij"), axis=-1).reshape(-1, 3)
_EACH = len(_OFFSETS) * len(_FLOORS)
"""Laws of each exponent."""
_CHI2 = float(stats.chi2.ppf(0.95, 2))
"""Of two degrees of freedom: besides the exponent, what gives way where an offset or floor is 0."""
_TINY = 1e-9
_IS_PLAIN = (_GRID[:, 1] == 0) & (_GRID[:, 2] == 0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A frozen policy and what held-out tasks came to with it."""

    human_hours: float
    """All that people put in until then, demonstrations included; above 0."""
    tasks: Mapping[str, Tally]


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Interventions per baseline hour after c human hours: scale·(c + offset)^-exponent + floor."""

    scale: float
    offset: float
    exponent: float
    floor: float

    def at(self, human_hours: Floats) -> Floats:
        """Return interventions per baseline hour, of the same shape."""
        return self.scale * (human_hours + self.offset) ** -self.exponent + self.floor


@dataclass(frozen=True, slots=True)
class Learning:
    """A learning curve that was fitted."""

    law: PowerLaw
    exponent: Interval
    """With its interval over tasks; 0 learns nothing."""


def rate(checkpoint: Checkpoint) -> float:
    """Return the interventions per baseline hour attempted; NaN where nothing was."""
    sums = sum(checkpoint.tasks.values(), Tally())
    hours = sums.baseline_s / SECONDS_PER_HOUR
    return sums.interventions / hours if hours else float("nan")


def learning(checkpoints: Sequence[Checkpoint]) -> Learning:
    """Return the power law of a learning curve.

    A few checkpoints hardly tell a floor or an offset from a small exponent. So the law is the
    plain one, without either, unless the likeliest one is better by more than chance explains; and
    the interval holds all exponents that some offset and floor make nearly as likely as that. What
    chance explains is χ² times the dispersion of a quasi-Poisson table of tasks by checkpoints,
    from which it is gone that some tasks are harder than others.
    Source: McCullagh and Nelder, Generalized Linear Models, 1989, ch. 6.2 and 9.

    Raises:
        ConfigError: there are fewer than four checkpoints, or one without human hours or tasks.
    """
    if len(checkpoints) < FEWEST:
        raise ConfigError(
            f"a learning curve wants {FEWEST} checkpoints or more to be fitted to; "
            f"found {len(checkpoints)}"
        )
    tasks = sorted({task for each in checkpoints for task in each.tasks})
    hours = np.array([each.human_hours for each in checkpoints])
    counts, exposures = _columns(checkpoints, tasks)
    if hours.min() <= 0 or exposures.sum(axis=1).min() <= 0:
        raise ConfigError("each checkpoint of a learning curve wants human hours and tasks played")
    laws = _Laws(hours)
    seen, played = counts.sum(axis=1), exposures.sum(axis=1)
    found = laws.likelihood(seen, played)
    chance = _CHI2 * _dispersion(counts, exposures) / 2
    best, plain = int(np.argmax(found)), int(np.argmax(np.where(_IS_PLAIN, found, -np.inf)))
    is_enough = found[best] - found[plain] <= chance
    law = laws.law(plain if is_enough else best, seen, played)
    likely = _EXPONENTS[_profile(found) >= found[best] - chance]
    low, high = min(law.exponent, float(likely.min())), max(law.exponent, float(likely.max()))
    return Learning(law, Interval(law.exponent, low, high))


def fit_power_law(human_hours: Floats, counts: Floats, exposures: Floats) -> PowerLaw:
    """Return the power law under which counts are likeliest, were they Poisson numbers.

    Args:
        human_hours: (K,) above 0.
        counts: (K,) interventions, weighted ones included.
        exposures: (K,) baseline hours, some above 0.
    """
    laws = _Laws(human_hours)
    return laws.law(int(np.argmax(laws.likelihood(counts, exposures))), counts, exposures)


class _Laws:
    """A fine grid of laws for checkpoints after some human hours, the scale solved for each.

    A search from a starting point gets lost, because a floor and a small exponent look alike.
    """

    def __init__(self, human_hours: Floats) -> None:
        self._unit = float(human_hours.mean())
        exponent, offset, floor = (column[:, None] for column in _GRID.T)
        decay = ((human_hours / self._unit + offset) / (1 + offset)) ** -exponent
        self._shapes = (1 - floor) * decay + floor  # (G, K), 1 after the mean human hours
        self._logs = np.log(self._shapes)

    def likelihood(self, counts: Floats, exposures: Floats) -> Floats:
        """Return the logarithm of the likelihood of each law but for a constant, (G,)."""
        return self._logs @ counts - float(counts.sum()) * np.log(self._shapes @ exposures)

    def law(self, place: int, counts: Floats, exposures: Floats) -> PowerLaw:
        """Return a law of the grid with the scale that fits best."""
        exponent, offset, floor = _GRID[place].tolist()
        usual = float(counts.sum()) / float(self._shapes[place] @ exposures)
        return PowerLaw(
            scale=usual * (1 - floor) * (self._unit * (1 + offset)) ** exponent,
            offset=self._unit * offset,
            exponent=exponent,
            floor=usual * floor,
        )


def _dispersion(counts: Floats, exposures: Floats) -> float:
    """Return how much more counts vary than Poisson numbers, at least 1.

    Pearson's X² over its degrees of freedom, where tasks differ, and checkpoints do, but no task
    takes to a checkpoint more than others.
    """
    rates = counts.sum(axis=1) / exposures.sum(axis=1)  # (K,)
    expected = exposures * rates[:, None]
    hardness = counts.sum(axis=0) / np.maximum(expected.sum(axis=0), _TINY)  # (T,)
    expected = expected * hardness
    freedom = (counts.shape[0] - 1) * (np.count_nonzero(hardness) - 1)
    if freedom < 1:
        return 1.0
    squares = (counts - expected) ** 2 / np.where(expected > 0, expected, 1.0)
    return max(1.0, float(squares.sum()) / freedom)


def _profile(likelihood: Floats) -> Floats:
    """Return the likelihood of each exponent with the offset and floor that suit it best."""
    return likelihood.reshape(-1, _EACH).max(axis=1)


def _columns(checkpoints: Sequence[Checkpoint], tasks: Sequence[str]) -> tuple[Floats, Floats]:
    """Return interventions and baseline hours, (K, T) each."""
    found = [[each.tasks.get(task, Tally()) for task in tasks] for each in checkpoints]
    counts = [[tally.interventions for tally in row] for row in found]
    hours = [[tally.baseline_s / SECONDS_PER_HOUR for tally in row] for row in found]
    return np.array(counts, dtype=np.float64), np.array(hours, dtype=np.float64)
