"""What comes of a run, wherever it was: how it ended, what was done, and where the time went."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from harness.measure.events import Outcome, TimeSplit
from harness.modes.fast_forward.planning import End, Planned


class Part(StrEnum):
    """What the time of a run is spent on."""

    CAPTURE = "capture"
    DECIDE = "decide"
    INJECT = "inject"
    SETTLE = "settle"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """What came of a run."""

    outcome: Outcome
    reason: str
    """Why it stopped or was wrong; empty where it was verified."""
    split: TimeSplit
    steps: tuple[Planned, ...]
    """What was done, as far as the guard let it through."""


def together(rans: Sequence[Ran]) -> Ran:
    """Return what runs one after the other come to: all of their time, and the end of the last.

    Args:
        rans: at least one.
    """
    last = rans[-1]
    spent = {f"{part}_ms": sum(getattr(ran.split, f"{part}_ms") for ran in rans) for part in Part}
    return Ran(
        outcome=last.outcome,
        reason=last.reason,
        split=TimeSplit(**spent),
        steps=tuple(step for ran in rans for step in ran.steps),
    )


@dataclass(slots=True)
class Watch:
    """Adds up where the time goes."""

    clock: Callable[[], float]
    spent_ms: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))

    @contextmanager
    def on(self, part: Part) -> Generator[None]:
        """Count what is done within as one part of the run."""
        begun = self.clock()
        try:
            yield
        finally:
            self.spent_ms[part] += 1000 * (self.clock() - begun)

    def split(self, waited_ms: int = 0) -> TimeSplit:
        """Return the sums; a page on virtual time is waited for as long as it says."""
        spent = {f"{part}_ms": ms for part, ms in self.spent_ms.items()}
        return TimeSplit(**{**spent, "settle_ms": spent["settle_ms"] + waited_ms})


WHY = {
    End.OPEN: "nothing is left to do, and the task is not done",
    End.DONE: "the task is not done",
    End.UNSURE: "the policy is not sure enough",
    End.IRREVERSIBLE: "what comes next cannot be undone",
    End.ASTRAY: "what comes next cannot be guarded",
}
"""Why a run stops where a plan ends so."""
