"""Drawing clusters anew, for figures whose interval has no formula.

Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13. A percentile interval
over few clusters is somewhat too narrow; where there is a formula, `intervals` has it.
"""

from __future__ import annotations

import numpy as np

from harness.measure.intervals import Floats, Interval

DRAWS = 1000
SEED = 20_261_121
"""Fixed, so that a log has one set of intervals only."""
_LIMITS = (0.025, 0.975)


def cluster_weights(clusters: int, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Return how often each cluster is drawn, (draws, clusters): each row adds up to clusters."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), draws).astype(np.float64)


def percentile_interval(value: float, drawn: Floats) -> Interval:
    """Return a figure with the middle 95 % of its draws, (draws,).

    Draws that are NaN had no such figure; where more than half are, nothing is said of the limits.
    """
    found = drawn[~np.isnan(drawn)]
    if 2 * len(found) < len(drawn) or not len(found):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(found, _LIMITS)
    # few draws of a figure that jumps may all lie on one side of it
    return Interval(value, min(value, float(low)), max(value, float(high)))
