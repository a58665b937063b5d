"""Who is attended first when several agents wait for one person.

An agent that asked stands still until somebody comes, so that those of `ALLOCATORS` name somebody
as long as anybody waits: what differs is the order. They compare columns rather than agents one by
one, for there may be thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

SWITCH_S = 3.0
"""Seconds that the person is expected to lose by turning to another agent than the last one."""
SHORTEST_S = 0.1
"""Seconds that any help takes at least, so that a guess of none does no harm."""
NEXT_S = 10.0
"""Baseline seconds that an agent earns after its episode before it asks again, where nothing is
known of it; an assumption, see `EpisodeStatistics.worth_per_request_s`."""
UNCERTAINTY_FLOOR = 0.2
"""Uncertainty below which Fleet-DAgger sees none; theirs is a share of the largest variance."""
RISK_FLOOR = 0.5
"""Risk below which Fleet-DAgger sees none."""
RISK_WEIGHT = 0.5
"""Share of the risk in the score of Thrifty; the rest is novelty."""
THRIFTY_FLOOR = 0.15
"""Score, in standard deviations above the mean, from which Thrifty spends its budget."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One agent that asked for a person and has not been attended."""

    agent: int
    since_ms: int
    """Virtual time of the request."""
    uncertainty: float
    """1 - p_accept of the action that it would have taken."""
    novelty: float
    """1 - conformal p-value of what it sees; large is unlike the training data."""
    is_constraint: bool
    """A safety rule asked, not the agent."""
    risk: float
    """Estimated probability that it fails if left alone."""
    left_s: float
    """Human baseline seconds of the work left in its episode."""
    service_s: float
    """Human seconds that help is expected to take, without turning to it."""
    p_alone: float
    """Expected probability of success if left alone."""
    p_help: float
    """Expected probability of success with help."""


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Those that wait, in any order, as columns of shape (W,) that mean what `Waiting` says."""

    agent: Whole
    since_ms: Whole
    uncertainty: Floats
    novelty: Floats
    is_constraint: NDArray[np.bool_]
    risk: Floats
    left_s: Floats
    service_s: Floats
    p_alone: Floats
    p_help: Floats

    def __len__(self) -> int:
        return len(self.agent)


class Allocator(Protocol):
    """Decides whom the person attends next."""

    @property
    def name(self) -> str:
        """What it is called in tables and on the command line."""
        ...

    def pick(
        self, waiting: Sequence[Waiting], *, now_ms: int, last_agent: int | None, draw: float
    ) -> int | None:
        """Return the place in `waiting` of the agent to attend; None leaves all waiting.

        Args:
            waiting: in any order, which makes no difference.
            now_ms: virtual time of the decision.
            last_agent: the one that was attended last.
            draw: uniform from 0 to 1, the only chance that it may use.
        """
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """When an allocator is asked, and what for."""

    now_ms: int
    last_agent: int | None
    draw: float


Ranking: TypeAlias = Callable[[Queue, Moment], tuple[NDArray[np.generic], ...]]
"""Columns of shape (W,): the largest of the first is attended, the next ones break ties."""


Worth: TypeAlias = Callable[[Queue, Moment], NDArray[np.bool_]]
"""Says of each of those that wait, (W,), whether help is worth the person's time."""


@dataclass(frozen=True, slots=True)
class RankedAllocator:
    """Attends the agent that a ranking puts first; of equals, the one with the lowest number."""

    name: str
    rank: Ranking
    is_worth: Worth | None = None
    """Others are left waiting; None leaves nobody."""

    def pick(
        self, waiting: Sequence[Waiting], *, now_ms: int, last_agent: int | None, draw: float
    ) -> int | None:
        """Return the place of the agent to attend, None where nobody waits."""
        if not waiting:
            return None
        return self.pick_from(_to_queue(waiting), Moment(now_ms, last_agent, draw))

    def pick_from(self, queue: Queue, moment: Moment) -> int | None:
        """Return the place in a queue, which is not empty, of the agent to attend, if there is one.

        None leaves all waiting.
        """
        best = np.arange(len(queue))
        if self.is_worth is not None:
            best = np.flatnonzero(self.is_worth(queue, moment))
        if len(best) < 2:
            return int(best[0]) if len(best) else None
        for column in self.rank(queue, moment):
            kept = column[best]
            best = best[kept == kept.max()]
            if len(best) == 1:
                break
        return int(best[np.argmin(queue.agent[best])])


def by_age(queue: Queue, moment: Moment) -> tuple[Whole]:
    """Rank those first that have waited longest."""
    return (-queue.since_ms,)


def by_chance(queue: Queue, moment: Moment) -> tuple[NDArray[np.bool_]]:
    """Rank one of all first, each with the same probability."""
    place = min(int(moment.draw * len(queue)), len(queue) - 1)
    return (queue.agent == np.sort(queue.agent)[place],)


def by_uncertainty(queue: Queue, moment: Moment) -> tuple[Floats]:
    """Rank those first that are least sure of what they would do."""
    return (queue.uncertainty,)


def by_fleet_dagger(queue: Queue, moment: Moment) -> tuple[NDArray[np.generic], ...]:
    """Rank by constraint, then uncertainty, then risk: the order C.U.R. of Fleet-DAgger.

    As there, values below a floor count as none, and no more broken constraints come first than
    there are people: here one, of the lowest number. Agents without any priority are not left to
    themselves as there, for ours have asked and stand still.
    Source: Hoque et al., "Fleet-DAgger: interactive robot fleet learning with scalable human
    supervision", 2022, with the floors of the authors' benchmark.
    """
    broken = queue.agent[queue.is_constraint]
    first = broken.min() if len(broken) else -1
    uncertain = np.where(queue.uncertainty < UNCERTAINTY_FLOOR, 0.0, queue.uncertainty)
    risk = np.where(queue.risk < RISK_FLOOR, 0.0, queue.risk)
    return queue.agent == first, uncertain, risk


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and standard deviation of a figure over requests seen before; frozen with a run."""

    mean: float
    sd: float

    def z(self, values: Floats) -> Floats:
        """Return how many standard deviations above the mean values are."""
        return (values - self.mean) / self.sd


@dataclass(frozen=True, slots=True)
class ByThrift:
    """Ranks by a weighted sum of risk and novelty, first those above what the budget allows.

    The authors normalise by all that was seen so far, which makes a decision depend on the order of
    those before it; here the scales are frozen. The default ones are those of a uniform number,
    which a conformal p-value is on data like that of training. What stays below the floor is
    attended only when nobody else waits.
    Source: Hoque et al., "ThriftyDAgger: budget-aware novelty and risk gating for interactive
    imitation learning", 2021; weight and floor of its fleet version in the benchmark of 2022.
    """

    risk: Scale = Scale(0.5, 12**-0.5)
    novelty: Scale = Scale(0.5, 12**-0.5)

    def __call__(self, queue: Queue, moment: Moment) -> tuple[NDArray[np.generic], ...]:
        """Rank those first that are within the budget; of the others, the oldest."""
        score = RISK_WEIGHT * self.risk.z(queue.risk)
        score += (1 - RISK_WEIGHT) * self.novelty.z(queue.novelty)
        is_worth = score > THRIFTY_FLOOR
        return np.where(is_worth, score, -np.inf), -queue.since_ms


@dataclass(frozen=True, slots=True)
class ByGain:
    """Ranks by what a human second is worth: ((p_help - p_alone)·left + next)/(service + switch).

    What is scarce is the person's time, so that what counts is not how badly an agent does but how
    much one second of help brings: the c·μ rule, which is best where one server has more than it
    can do. It brings the success that is gained in the episode at hand, and an agent that is free
    for the work after it, since one that waits stands still. Without the second part, an agent at
    the end of its episode would be left standing, and all that it could do next with it. Net counts
    the seconds of help as well; they would take 1 from each value and leave the order as it is.
    Source: Cox and Smith, Queues, 1961, ch. 3.
    """

    next_s: float = NEXT_S

    def __call__(self, queue: Queue, moment: Moment) -> tuple[Floats]:
        """Rank those first whose help brings most in a second."""
        return (self.gain_s(queue) / _help_s(queue, moment),)

    def gain_s(self, queue: Queue) -> Floats:
        """Return the baseline seconds that help is expected to bring."""
        return (queue.p_help - queue.p_alone) * queue.left_s + self.next_s

    def is_worth(self, queue: Queue, moment: Moment) -> NDArray[np.bool_]:
        """Return where help brings more than it takes."""
        return self.gain_s(queue) > _help_s(queue, moment)


def _help_s(queue: Queue, moment: Moment) -> Floats:
    switch_s = np.where(queue.agent == moment.last_agent, 0.0, SWITCH_S)
    return np.maximum(queue.service_s + switch_s, SHORTEST_S)


def gain_per_second(next_s: float = NEXT_S) -> RankedAllocator:
    """Return the allocator by gain, with what an agent earns from one request to the next."""
    return RankedAllocator("gain-per-second", ByGain(next_s))


def gain_or_nobody(next_s: float = NEXT_S) -> RankedAllocator:
    """Return one that helps nobody whose help would cost more seconds than it brings.

    It has the most net where agents ask for much and earn little, and pays for it in success: what
    it leaves fails, or waits for ever. So it is none of `ALLOCATORS`, which all finish what they
    can, but the one to measure them against.
    """
    by_gain = ByGain(next_s)
    return RankedAllocator("gain-or-nobody", by_gain, by_gain.is_worth)


def _allocators() -> Mapping[str, Callable[[], RankedAllocator]]:
    rankings: dict[str, Ranking] = {
        "random": by_chance,
        "fifo": by_age,
        "most-uncertain": by_uncertainty,
        "fleet-dagger": by_fleet_dagger,
        "thrifty": ByThrift(),
    }
    makers = {name: _maker(name, rank) for name, rank in rankings.items()}
    return MappingProxyType({**makers, "gain-per-second": gain_per_second})


def _maker(name: str, rank: Ranking) -> Callable[[], RankedAllocator]:
    return lambda: RankedAllocator(name, rank)


ALLOCATORS: Mapping[str, Callable[[], RankedAllocator]] = _allocators()
"""Every allocator by its name, the reference first."""


def _to_queue(waiting: Sequence[Waiting]) -> Queue:
    def floats(read: Callable[[Waiting], float]) -> Floats:
        return np.array([read(each) for each in waiting], np.float64)

    return Queue(
        agent=np.array([each.agent for each in waiting], np.int64),
        since_ms=np.array([each.since_ms for each in waiting], np.int64),
        uncertainty=floats(lambda each: each.uncertainty),
        novelty=floats(lambda each: each.novelty),
        is_constraint=np.array([each.is_constraint for each in waiting], np.bool_),
        risk=floats(lambda each: each.risk),
        left_s=floats(lambda each: each.left_s),
        service_s=floats(lambda each: each.service_s),
        p_alone=floats(lambda each: each.p_alone),
        p_help=floats(lambda each: each.p_help),
    )
