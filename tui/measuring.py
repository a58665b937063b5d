"""Measures a shift beside the loop of the keys, and seldom enough to cost next to nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.hub.state import Shift

if TYPE_CHECKING:
    from tui.figures import ShiftFigures

_LEAST_S = 3.0
_SHARE = 0.05
"""Of the time, that is spent on measuring at most."""


class Measuring:
    """Keeps the figures of a shift, and says when they are due anew.

    Args:
        clock_s: any monotonic clock.
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.figures: ShiftFigures | None = None
        """The last ones; None until there are any."""
        self._clock_s = clock_s
        self._next_s = 0.0
        self._is_busy = False
        self._of: Shift | None = None

    def is_due(self, shift: Shift) -> bool:
        """Say whether something has changed, and it is time to measure again."""
        return shift is not self._of and not self._is_busy and self._clock_s() >= self._next_s

    async def measure(self, shift: Shift, t_ms: int) -> ShiftFigures:
        """Measure in a thread, and return the figures.

        Args:
            shift: to be measured.
            t_ms: time of the run now.
        """
        self._is_busy, self._of = True, shift
        is_first = self.figures is None
        began_s = self._clock_s()
        try:
            self.figures = await asyncio.to_thread(_measured, shift, t_ms)
        finally:
            ended_s = self._clock_s()
            # the first time, most of it is imports
            spent_s = 0.0 if is_first else ended_s - began_s
            self._next_s = ended_s + max(_LEAST_S, spent_s / _SHARE)
            self._is_busy = False
        return self.figures


def _measured(shift: Shift, t_ms: int) -> ShiftFigures:
    from tui.figures import shift_figures  # noqa: PLC0415 - SciPy takes a second to load

    return shift_figures(shift, t_ms)
