"""What a shift was worth so far: figures with intervals, by the same functions as the report's.

Everything here is a pure function of a shift. What is not known is None, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.errors import ConfigError
from harness.hub.state import Shift
from harness.measure import metrics
from harness.measure.events import Initiator
from harness.measure.fan_out import expected_fan_out
from harness.measure.intervals import Estimate, Interval
from harness.measure.interventions import active_s, covered_ms, interventions
from harness.measure.metrics import SILENT_WEIGHT, tallies
from harness.measure.state import Episode, Run
from policy.calibrate.metrics import Bin
from tui.figure import Figure, Sample
from tui.ticket_figures import (
    ThresholdPoint,
    answering,
    asking,
    reliability_of,
    thresholds_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftFigures:
    """All figures of a shift at one time."""

    t_ms: int
    output: Sequence[Figure]
    """What it was worth."""
    asking: Sequence[Figure]
    """How the agents ask."""
    answering: Sequence[Figure]
    """How they are answered."""
    reliability: Sequence[Bin]
    """How often proposals of like probability were approved, least probable first."""
    thresholds: Sequence[ThresholdPoint]

    def named(self, name: str) -> Figure:
        """Return a figure by its name.

        Raises:
            KeyError: there is none.
        """
        return {each.name: each for each in (*self.output, *self.asking, *self.answering)}[name]


def shift_figures(shift: Shift, t_ms: int) -> ShiftFigures:
    """Return all figures of a shift.

    Args:
        shift: so far.
        t_ms: time of the run now.
    """
    tickets = list(shift.tickets.values())
    # a hub keeps the manifest beside the run
    run = replace(shift.run, manifest=shift.manifest)
    return ShiftFigures(
        t_ms=t_ms,
        output=(*_worth(run), _fan_out(run)),
        asking=(*asking(tickets, t_ms), _missed(run)),
        answering=answering(tickets),
        reliability=reliability_of(tickets),
        thresholds=thresholds_of(tickets),
    )


_WORTH: Sequence[tuple[str, str, str, Callable[[metrics.Figures], Estimate]]] = (
    (
        "output per intervention",
        "s",
        f"useful work for each intervention; a silent failure counts as {SILENT_WEIGHT:g}",
        lambda it: it.opi[SILENT_WEIGHT],
    ),
    (
        "without silent ones",
        "s",
        "the same for each intervention alone",
        lambda it: it.opi[0.0],
    ),
    (
        "leverage",
        "",
        "useful seconds for each second that a person gave",
        lambda it: it.leverage,
    ),
    ("net", "s", "useful work less attention and repairs", lambda it: it.net_s),
    (
        "interventions per hour",
        "",
        "for each hour of work that was attempted",
        lambda it: it.interventions_per_hour,
    ),
    (
        "silent per hour",
        "",
        "failures that nobody was told of, for each such hour",
        lambda it: it.silent_per_hour,
    ),
)
"""Name, unit, meaning, and where it is among the report's headline figures."""


def _worth(run: Run) -> list[Figure]:
    whole = _whole(run)
    return [
        Figure(
            name=name,
            estimate=None if whole is None else read(whole),
            unit=unit,
            n=len(run.ended),
            of="episodes",
            meaning=meaning,
        )
        for name, unit, meaning, read in _WORTH
    ]


def _whole(run: Run) -> metrics.Figures | None:
    if run.manifest is None:
        return None
    try:
        return metrics.figures(tallies(run).values())
    except ConfigError:
        return None  # nothing that was planned has ended


def _fan_out(run: Run) -> Figure:
    ended = list(run.ended.values())
    tasks = [each.planned.task for each in ended]
    alone = Sample.of(tasks, [_alone_s(each) for each in ended])
    held = Sample.of(tasks, [active_s(each.all_contacts) for each in ended])
    found = alone.by(held)
    # neglect and interaction times are per intervention, whose number cancels
    estimate = found and Interval(
        *(expected_fan_out(each, 1) for each in (found.value, found.low, found.high))
    )
    return Figure(
        name="fan-out",
        estimate=estimate,
        n=sum(len(interventions(each.all_contacts)) for each in ended),
        of="interventions",
        meaning="agents that one person keeps going, were it not for waiting",
    )


def _alone_s(episode: Episode) -> float:
    """Return the seconds in which an agent neither asked nor had a person at its controls."""
    if episode.end is None:
        return 0.0
    stops = [
        (each.notice_ms if each.request_ms is None else each.request_ms, each.release_ms)
        for each in episode.all_contacts
    ]
    return max(0.0, (episode.end.t_ms - episode.start_ms - covered_ms(stops)) / 1000)


def _missed(run: Run) -> Figure:
    ended = list(run.ended.values())
    came = [any(it.initiator is Initiator.HUMAN for it in each.all_contacts) for each in ended]
    return Figure(
        name="missed",
        estimate=Sample.of([each.planned.task for each in ended], came).share(),
        unit="%",
        n=len(ended),
        of="episodes",
        meaning="a person came without being asked",
    )
