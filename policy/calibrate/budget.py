"""A budget of help that is spent where an agent is least sure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

from policy.errors import ConfigError


class HelpBudget:
    """Asks in a share of steps, those whose acceptance is low among all that came before.

    It asks where acceptance is among the lowest `share` so far, as long as it has not asked in more
    than `share` of the steps: so the budget holds on screens that are harder than any before, too.
    Source: the target rate of Hoque et al., "ThriftyDAgger", 2021, with a running quantile.

    Args:
        share: of steps, from 0 to 1.
        usual: acceptances to begin with, such as those on typical pages.

    Raises:
        ConfigError: a share that is none.
    """

    def __init__(self, share: float, usual: Sequence[float] = ()) -> None:
        if not 0 <= share <= 1:
            raise ConfigError(f"a help budget of {share}; allowed: 0 to 1")
        self.share = share
        self._seen = sorted(usual)
        self._steps = self._asked = 0

    def asks(self, acceptance: float) -> bool:
        """Say whether to ask in the next step.

        Args:
            acceptance: of it; less where more speaks for asking.
        """
        self._steps += 1
        rank = bisect_left(self._seen, acceptance) / max(1, len(self._seen))
        insort(self._seen, acceptance)
        is_asking = rank < self.share and self._asked + 1 <= self.share * self._steps + 1e-9
        self._asked += is_asking
        return is_asking
