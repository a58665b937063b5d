"""N agents on one shift and one person who attends one of them at a time, without a browser.

Agents replay recorded episodes. They meet only in the person's attention, so that each is brought
forward, many at once, to its next request; the person then decides among those that wait. What has
happened is added up by task and forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf
from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import ndtri

from harness.errors import ConfigError
from harness.measure.interventions import APART_ACTIONS, APART_MS
from harness.measure.metrics import SECONDS_PER_HOUR, Tally
from harness.modes.allocators import Queue, Whole
from harness.modes.chance import Purpose, streams, substreams, uniform
from harness.modes.episode_statistics import Claims, EpisodeStatistics
from harness.modes.fleet_sums import Ends, FleetSums
from harness.modes.operators import OperatorConfig, switch_s

NEVER = 2**61
"""A moment after every other; patience can be added to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConfig:
    """What a shift is like."""

    n_agents: int = 4
    hours: float = 8.0
    """Virtual; what is not finished then is cut off."""
    patience_s: float | None = None
    """An agent that waited so long goes on alone, its alarm raised; None waits for ever, and so
    does everyone when a safety rule asked."""
    seed: int = 0
    operator: OperatorConfig = field(default_factory=OperatorConfig)
    """The person's times to notice and to switch; the rest is as it was recorded."""

    def __post_init__(self) -> None:
        patience_s = 1.0 if self.patience_s is None else self.patience_s
        if self.n_agents < 1 or not (0 < self.hours < inf and 0 < patience_s < inf):
            raise ConfigError(
                f"{self.n_agents} agents, {self.hours} hours, patience {self.patience_s} s; "
                "allowed: at least one agent, times above 0, and None for patience without end"
            )

    @property
    def horizon_ms(self) -> int:
        """When the shift ends."""
        return round(self.hours * SECONDS_PER_HOUR * 1000)


class Moments(NamedTuple):
    """Of a contact."""

    asked_ms: int
    notice_ms: int
    engage_ms: int
    release_ms: int


class Witness(Protocol):
    """Told what happens in a fleet, for those who want more than sums; arrays are (K,)."""

    def begun(self, agents: Whole, numbers: Whole, episodes: Whole, t_ms: Whole) -> None:
        """Agents begin recorded episodes, which are the agents' so-manieth."""
        ...

    def worked(self, agents: Whole, t_ms: Whole, run_ms: Whole, n_actions: Whole) -> None:
        """Agents act by themselves."""
        ...

    def asked(self, agents: Whole, places: Whole, t_ms: Whole) -> None:
        """Agents ask for a person, at the ends of these stretches."""
        ...

    def attended(self, agent: int, place: int, moments: Moments) -> None:
        """A person helps an agent, at the end of this stretch."""
        ...

    def ended(self, agents: Whole, t_ms: Whole, is_verified: Claims, is_claimed: Claims) -> None:
        """Episodes are over."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Agents:
    """Where each agent stands; each column is (N,) and changes as the shift goes on."""

    number: Whole
    """Of its episode, from 0."""
    episode: Whole
    """Place of the record that it plays."""
    place: Whole
    """Of the stretch that it is in, or at the end of which it waits."""
    start_ms: Whole
    asked_ms: Whole
    """`NEVER` where it does not wait."""
    leaves_ms: Whole
    """When it goes on alone if nobody comes; `NEVER` where it does not wait, or waits for ever."""
    release_ms: Whole
    """When a person last let go of it in this episode."""
    held_ms: Whole
    active_ms: Whole
    stopped_ms: Whole
    contacts: Whole
    actions: Whole
    """Its own since it was let go."""
    is_doomed: Claims
    """It did something wrong that nobody put right."""


def _idle(n: int) -> _Agents:
    def zeros() -> Whole:
        return np.zeros(n, np.int64)

    return _Agents(
        number=np.full(n, -1, np.int64),
        episode=zeros(),
        place=zeros(),
        start_ms=zeros(),
        asked_ms=np.full(n, NEVER, np.int64),
        leaves_ms=np.full(n, NEVER, np.int64),
        release_ms=zeros(),
        held_ms=zeros(),
        active_ms=zeros(),
        stopped_ms=zeros(),
        contacts=zeros(),
        actions=zeros(),
        is_doomed=np.zeros(n, np.bool_),
    )


def expected_notice_s(operator: OperatorConfig) -> float:
    """Return the mean of the log-normal time that a person takes to notice a request."""
    return operator.notice_median_s * exp(operator.notice_sd_log**2 / 2)


class Fleet:
    """The state of a shift.

    Args:
        statistics: the episodes that agents play, each as often as the others.
        config: of the shift.
        witness: told of everything.
    """

    def __init__(
        self, statistics: EpisodeStatistics, config: FleetConfig, witness: Witness | None = None
    ) -> None:
        self._statistics, self._config, self._witness = statistics, config, witness
        patience_s = config.patience_s
        self._patience_ms = NEVER if patience_s is None else round(patience_s * 1000)
        self._agents = _idle(config.n_agents)
        self._recorded = streams(config.seed, Purpose.RECORD, config.n_agents)
        self._noticed = streams(config.seed, Purpose.NOTICE, config.n_agents)
        self._sums = FleetSums(statistics.tasks, statistics.episodes)
        self._last_agent = 0
        self._let_go_ms = self._free_ms = self._active_ms = 0
        self.now_ms = 0
        """The moment of the decision that is due."""
        self.waits_ms: list[int] = []
        """How long each request that was answered had waited."""
        everyone = np.arange(config.n_agents)
        self._begin(everyone, np.zeros_like(everyone))
        self._go_on(everyone, np.zeros_like(everyone))

    # What the person sees and does ----------------------------------------------------------------

    @property
    def last_agent(self) -> int:
        """The agent that the person attended last; in the beginning they look at the first."""
        return self._last_agent

    def next_decision(self) -> bool:
        """Go to the next moment at which somebody waits and the person is free, if there is one."""
        asked_ms, leaves_ms = self._agents.asked_ms, self._agents.leaves_ms
        while True:
            now_ms = max(self._free_ms, int(asked_ms.min()))
            gone = np.flatnonzero(leaves_ms <= min(now_ms, self._config.horizon_ms - 1))
            if not len(gone):
                break
            self._give_up(gone, leaves_ms[gone])
        self.now_ms = now_ms
        return now_ms < self._config.horizon_ms

    def queue(self) -> Queue:
        """Return those that wait now, in order of their numbers."""
        agents = np.flatnonzero(self._agents.asked_ms <= self.now_ms)
        requests, place = self._statistics.requests, self._agents.place[agents]
        p_alone = requests.p_alone[place]
        return Queue(
            agent=agents,
            since_ms=self._agents.asked_ms[agents],
            uncertainty=requests.uncertainty[place],
            novelty=requests.novelty[place],
            is_constraint=requests.is_constraint[place],
            risk=1 - p_alone,
            left_s=requests.left_s[place],
            service_s=requests.service_s[place] + expected_notice_s(self._config.operator),
            p_alone=p_alone,
            p_help=requests.p_help[place],
        )

    def attend(self, agent: int) -> None:
        """Let the person help an agent that waits; it goes on when they let go.

        Raises:
            ConfigError: it does not wait.
        """
        place, asked_ms = int(self._agents.place[agent]), int(self._agents.asked_ms[agent])
        if asked_ms > self.now_ms:
            raise ConfigError(f"agent {agent} does not wait; allowed: those in the queue")
        engage_ms = self.now_ms + self._approach_ms(agent)
        release_ms = engage_ms + int(self._statistics.requests.handle_ms[place])
        self._hold(agent, engage_ms, release_ms)
        self._agents.stopped_ms[agent] += release_ms - asked_ms
        self.waits_ms.append(self.now_ms - asked_ms)
        if self._witness:
            self._witness.attended(
                agent, place, Moments(asked_ms, self.now_ms, engage_ms, release_ms)
            )
        self._last_agent, self._let_go_ms, self._free_ms = agent, release_ms, release_ms
        self._resume(np.array([agent]), np.array([release_ms]))

    def leave(self) -> None:
        """Let the person help nobody until something changes."""
        asked_ms = self._agents.asked_ms
        later_ms = asked_ms[asked_ms > self.now_ms].min(initial=self._config.horizon_ms)
        self._free_ms = min(int(later_ms), int(self._agents.leaves_ms.min()))

    def finish(self) -> None:
        """End the shift: what is not done is cut off, which is no success and no claim."""
        everyone = np.arange(self._config.n_agents)
        # who is being helped when the shift ends is helped to the end
        end_ms = np.maximum(self._config.horizon_ms, self._agents.release_ms)
        self._end(everyone, end_ms, is_cut=True)

    # What has come of it --------------------------------------------------------------------------

    @property
    def duty_ms(self) -> int:
        """How long the person was there: the whole shift, and until they last let go."""
        return max(self._config.horizon_ms, self._let_go_ms)

    @property
    def net_s(self) -> float:
        """Useful output less the person's seconds and the harm, of all that is known so far."""
        return self._sums.yield_s - self._active_ms / 1000

    @property
    def productive_agents(self) -> float:
        """Agents that worked towards an output of their own at any moment, on average."""
        return self._sums.productive_s / (self.duty_ms / 1000)

    def tallies(self) -> dict[str, Tally]:
        """Return the sums of each task that was played."""
        return self._sums.tallies(self.duty_ms / 1000)

    # How agents go on -----------------------------------------------------------------------------

    def _begin(self, agents: Whole, t_ms: Whole) -> None:
        these = self._agents
        these.number[agents] += 1
        numbers = these.number[agents]
        first = self._statistics.episodes.first
        chance = uniform(self._recorded[agents], numbers)
        episode = (chance * len(first)).astype(np.int64)
        these.episode[agents], these.place[agents] = episode, first[episode]
        these.start_ms[agents] = these.release_ms[agents] = t_ms
        counts = these.held_ms, these.active_ms, these.stopped_ms, these.contacts, these.actions
        for column in counts:
            column[agents] = 0
        these.is_doomed[agents] = False
        if self._witness:
            self._witness.begun(agents, numbers, episode, t_ms)

    def _go_on(self, agents: Whole, t_ms: Whole) -> None:
        """Let agents work, each from a moment of its own, until it asks or the shift ends."""
        stretches = self._statistics.stretches
        while len(agents):
            place = self._agents.place[agents]
            run_ms, n_actions = stretches.run_ms[place], stretches.n_actions[place]
            self._work(agents, t_ms, run_ms, n_actions)
            end_ms, is_request = t_ms + run_ms, stretches.is_request[place]
            is_in_time = end_ms < self._config.horizon_ms
            self._ask(agents, end_ms, is_request & is_in_time)
            is_over = ~is_request & is_in_time
            agents, t_ms = agents[is_over], end_ms[is_over]
            self._end(agents, t_ms)
            self._begin(agents, t_ms)

    def _work(self, agents: Whole, t_ms: Whole, run_ms: Whole, n_actions: Whole) -> None:
        self._agents.actions[agents] += n_actions
        if self._witness:
            self._witness.worked(agents, t_ms, run_ms, n_actions)

    def _ask(self, agents: Whole, t_ms: Whole, is_asking: Claims) -> None:
        agents, t_ms = agents[is_asking], t_ms[is_asking]
        place = self._agents.place[agents]
        self._agents.asked_ms[agents] = t_ms
        # what a rule forbids is not done alone, however long it takes
        is_bound = self._statistics.requests.is_constraint[place]
        self._agents.leaves_ms[agents] = np.where(is_bound, NEVER, t_ms + self._patience_ms)
        if self._witness:
            self._witness.asked(agents, place, t_ms)

    def _resume(self, agents: Whole, t_ms: Whole) -> None:
        """Let agents go on that asked, as was recorded."""
        self._agents.asked_ms[agents] = self._agents.leaves_ms[agents] = NEVER
        self._agents.place[agents] += 1
        self._go_on(agents, t_ms)

    def _give_up(self, agents: Whole, t_ms: Whole) -> None:
        """Let agents go on alone that waited long enough: as recorded where they were right."""
        self._agents.stopped_ms[agents] += self._patience_ms
        is_right = self._statistics.requests.is_right[self._agents.place[agents]]
        self._resume(agents[is_right], t_ms[is_right])
        self._fail(agents[~is_right], t_ms[~is_right])

    def _fail(self, agents: Whole, t_ms: Whole) -> None:
        """Let agents work to the end of an episode that is lost."""
        stretches, place = self._statistics.stretches, self._agents.place[agents]
        self._agents.asked_ms[agents] = self._agents.leaves_ms[agents] = NEVER
        self._agents.is_doomed[agents] = True
        self._work(agents, t_ms, stretches.rest_ms[place], stretches.rest_actions[place])
        end_ms = t_ms + stretches.rest_ms[place]
        is_over = end_ms < self._config.horizon_ms
        agents, end_ms = agents[is_over], end_ms[is_over]
        self._end(agents, end_ms)
        self._begin(agents, end_ms)
        self._go_on(agents, end_ms)

    def _end(self, agents: Whole, t_ms: Whole, *, is_cut: bool = False) -> None:
        if not len(agents):
            return
        these, recorded = self._agents, self._statistics.episodes
        episode, is_doomed = these.episode[agents], these.is_doomed[agents]
        ends = Ends(
            episode=episode,
            elapsed_ms=t_ms - these.start_ms[agents],
            held_ms=these.held_ms[agents],
            active_ms=these.active_ms[agents],
            stopped_ms=these.stopped_ms[agents],
            contacts=these.contacts[agents],
            is_verified=recorded.is_success[episode] & ~is_doomed & (not is_cut),
            is_silent=recorded.is_silent[episode] & (not is_cut),
        )
        self._sums.add(ends)
        if self._witness:
            is_claimed = recorded.is_claimed[episode] & (not is_cut)
            self._witness.ended(agents, t_ms, ends.is_verified, is_claimed)

    # What the person's help takes -----------------------------------------------------------------

    def _approach_ms(self, agent: int) -> int:
        """Return what it takes the person to notice an agent, and to find their way into it."""
        operator, these = self._config.operator, self._agents
        event = int(these.place[agent] - self._statistics.episodes.first[these.episode[agent]])
        of_episode = substreams(self._noticed[[agent]], these.number[[agent]])
        chance = uniform(of_episode, np.array([event]))
        notice_s = operator.notice_median_s * exp(operator.notice_sd_log * float(ndtri(chance)[0]))
        is_same = agent == self._last_agent
        away_s = (self.now_ms - self._let_go_ms) / 1000 + notice_s
        return round(1000 * (notice_s + switch_s(operator, is_same_agent=is_same, away_s=away_s)))

    def _hold(self, agent: int, engage_ms: int, release_ms: int) -> None:
        """Add a contact to an episode; one that follows closely on another is part of it."""
        these = self._agents
        gap_ms = engage_ms - int(these.release_ms[agent])
        is_close = gap_ms < APART_MS and these.actions[agent] < APART_ACTIONS
        if these.contacts[agent] and is_close:
            these.held_ms[agent] += gap_ms
        else:
            these.contacts[agent] += 1
        these.held_ms[agent] += release_ms - engage_ms
        these.active_ms[agent] += release_ms - self.now_ms
        self._active_ms += release_ms - self.now_ms
        these.release_ms[agent] = release_ms
        these.actions[agent] = 0
