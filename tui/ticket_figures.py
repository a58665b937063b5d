"""Figures of how agents ask and how people answer, from the requests that the hub keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.hub.requests import OPEN, Aftermath, Approve, RequestMark, Stage, TakeOver, Ticket
from harness.measure.intervals import poisson, total
from policy.calibrate.metrics import Bin, reliability
from tui.figure import Figure, Sample

WINDOW_MS = 600_000
"""Of the figures that say how it goes now."""
STAMP_S = 1.5
"""Approving faster than this is no decision."""
_BINS = 8
_MINUTE_MS = 60_000
_UNASKED = frozenset({Stage.WITHDRAWN, Stage.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """What would have come of asking only below a probability of being accepted."""

    threshold: float
    asked: float
    """Share of the answered requests that would still have been raised."""
    caught: float
    """Share of the answers that changed something that would still have been given."""


def asking(tickets: Sequence[Ticket], t_ms: int) -> tuple[Figure, ...]:
    """Return how agents ask, at a time of the run."""
    return (
        _rate_now(tickets, t_ms),
        _share(
            "withdrawn",
            [each for each in tickets if each.stage not in OPEN],
            lambda it: it.stage in _UNASKED,
            of="ended requests",
            meaning="the agent needed no answer any more, or its screen had changed",
        ),
        _share(
            "needless by label",
            [each for each in tickets if each.marks],
            lambda it: RequestMark.NOT_NEEDED in it.marks,
            of="labelled requests",
            meaning="a person said that it should not have asked",
        ),
        Figure(
            name="lost waiting",
            estimate=total(_sample(tickets, lambda it: _waited_ms(it, t_ms) / _MINUTE_MS).sums())
            if tickets
            else None,
            unit="min",
            n=len(tickets),
            of="requests",
            meaning="that agents stood still until somebody answered",
        ),
    )


def answering(tickets: Sequence[Ticket]) -> tuple[Figure, ...]:
    """Return how people answer."""
    answered = [each for each in tickets if each.answer is not None]
    seen = [each for each in tickets if each.when(Stage.SEEN) is not None]
    taken = [each for each in answered if isinstance(each.answer, TakeOver) and each.aftermath]
    return (
        _quantile("seen, p50", seen, _seen_s, "from asking until a person turned to it"),
        _quantile("seen, p95", seen, _seen_s, "the same for the slowest twentieth", 0.95),
        _quantile("answered, p50", answered, _answer_s, "from turning to it to the answer"),
        _quantile("answered, p95", answered, _answer_s, "the same for the slowest twentieth", 0.95),
        _share(
            "changed",
            answered,
            _is_changed,
            of="answers",
            meaning="rejected, corrected or taken over",
        ),
        _share(
            "rubber-stamped",
            [each for each in answered if isinstance(each.answer, Approve)],
            lambda it: _answer_s(it) < STAMP_S,
            of="approvals",
            meaning=f"approved within {STAMP_S:g} s of turning to it",
        ),
        _share(
            "hand-back held",
            taken,
            lambda it: it.aftermath is not Aftermath.RE_ASKED,
            of="takeovers",
            meaning="the agent did not ask again within a few steps",
        ),
        Figure(
            name="caught",
            estimate=None,
            unit="%",
            n=0,
            of="planted requests",
            meaning="bad requests that were refused; known only where such were planted",
        ),
    )


def reliability_of(tickets: Sequence[Ticket]) -> list[Bin]:
    """Return how often proposals of like probability were approved, least probable first."""
    p, is_approved = _judged(tickets)
    return reliability(p, is_approved, _BINS) if len(p) else []


def thresholds_of(tickets: Sequence[Ticket]) -> list[ThresholdPoint]:
    """Return what asking less would have saved and missed, by threshold; empty of no answers."""
    p, is_approved = _judged(tickets)
    if not len(p):
        return []
    changed = p[~is_approved]
    cuts = np.unique(np.append(p, [0.0, 1.0]))
    return [
        ThresholdPoint(
            float(cut),
            float(np.mean(p < cut)),
            float(np.mean(changed < cut)) if len(changed) else float("nan"),
        )
        for cut in cuts
    ]


def _judged(
    tickets: Sequence[Ticket],
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.bool_]]
]:
    answered = [each for each in tickets if each.answer is not None]
    p = np.array([each.request.proposed.p for each in answered], dtype=np.float64)
    return p, np.array([not _is_changed(each) for each in answered], dtype=np.bool_)


def _rate_now(tickets: Sequence[Ticket], t_ms: int) -> Figure:
    recent = sum(each.raised_ms > t_ms - WINDOW_MS for each in tickets)
    windows = min(t_ms, WINDOW_MS) / WINDOW_MS
    return Figure(
        name="asks per 10 min",
        estimate=poisson(recent, windows) if windows > 0 else None,
        n=recent,
        of="requests",
        meaning="raised in the last ten minutes",
    )


def _share(
    name: str,
    tickets: Sequence[Ticket],
    is_so: Callable[[Ticket], bool],
    *,
    of: str,
    meaning: str,
) -> Figure:
    return Figure(
        name=name,
        estimate=_sample(tickets, is_so).share(),
        unit="%",
        n=len(tickets),
        of=of,
        meaning=meaning,
    )


def _quantile(
    name: str,
    tickets: Sequence[Ticket],
    seconds: Callable[[Ticket], float],
    meaning: str,
    share: float = 0.5,
) -> Figure:
    return Figure(
        name=name,
        estimate=_sample(tickets, seconds).quantile(share),
        unit="s",
        n=len(tickets),
        of="requests",
        meaning=meaning,
    )


def _sample(tickets: Sequence[Ticket], value: Callable[[Ticket], float]) -> Sample:
    return Sample.of([_task_of(each) for each in tickets], [value(each) for each in tickets])


def _task_of(ticket: Ticket) -> str:
    """Return the task of the episode: all of its key but seed, faults and trigger."""
    return ticket.request.episode.rsplit("/", 3)[0]


def _is_changed(ticket: Ticket) -> bool:
    return not isinstance(ticket.answer, Approve)


def _seen_s(ticket: Ticket) -> float:
    return ((ticket.when(Stage.SEEN) or 0) - ticket.raised_ms) / 1000


def _answer_s(ticket: Ticket) -> float:
    """Return the seconds from turning to it last to the answer."""
    answered_ms = ticket.when(Stage.ANSWERED) or 0
    seen = [each.t_ms for each in ticket.receipts if each.stage is Stage.SEEN]
    return (answered_ms - seen[-1]) / 1000


def _waited_ms(ticket: Ticket, t_ms: int) -> int:
    if ticket.stage in OPEN:
        return max(0, t_ms - ticket.raised_ms)
    answered_ms = ticket.when(Stage.ANSWERED)
    ended_ms = ticket.receipts[-1].t_ms if answered_ms is None else answered_ms
    return ended_ms - ticket.raised_ms
