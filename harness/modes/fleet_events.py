"""A simulated shift as the events of a run, so that every figure can be had of it."""

from __future__ import annotations

import numpy as np

from harness.measure.events import (
    ContactClosed,
    ContactKind,
    ContactOpened,
    DoneClaimed,
    EpisodeEnded,
    EpisodeStarted,
    HelpRequested,
    Initiator,
    Manifest,
    OnDuty,
    PlannedEpisode,
    RunEvent,
    StepTaken,
    open_run,
)
from harness.modes.allocators import Whole
from harness.modes.episode_statistics import Claims, EpisodeStatistics
from harness.modes.fleet import Moments
from harness.tasks.task import HumanTime
from recorder.schema import Click, Controller, Wait

_MOST_EPISODES = 10**6
"""Of one agent; seeds of two agents differ by as much."""


class EventWitness:
    """Keeps the events of a fleet, each episode's in order; for few agents, as it keeps them all.

    Args:
        statistics: that the fleet plays.
        horizon_ms: when the shift ends, after which nothing is done.
    """

    def __init__(self, statistics: EpisodeStatistics, horizon_ms: int) -> None:
        self._statistics = statistics
        self._horizon_ms = horizon_ms
        self._plan: list[PlannedEpisode] = []
        self._events: list[RunEvent] = []
        self._keys: dict[int, str] = {}
        self._records: dict[int, int] = {}

    def run(self, duty_ms: int) -> list[RunEvent]:
        """Return all events of a shift that is over, with a manifest that asks for its episodes."""
        manifest = Manifest(plan=tuple(self._plan), policy="harness.modes.fleet:records")
        duty = OnDuty(t_start_ms=0, t_end_ms=duty_ms)
        return [open_run("fleet", manifest), *self._events, duty]

    def begun(self, agents: Whole, numbers: Whole, episodes: Whole, t_ms: Whole) -> None:
        """Agents begin recorded episodes."""
        recorded, tasks = self._statistics.episodes, self._statistics.tasks
        rows = np.stack([agents, numbers, episodes, t_ms], axis=1).tolist()
        for agent, number, episode, moment in rows:
            seconds = float(recorded.baseline_s[episode])
            planned = PlannedEpisode(
                task=tasks[recorded.task[episode]],
                seed=agent * _MOST_EPISODES + number,
                human=HumanTime(seconds=seconds, sd_log=0.0, n=0),
            )
            self._plan.append(planned)
            self._keys[agent], self._records[agent] = planned.key, episode
            begun = EpisodeStarted(t_ms=moment, planned=planned, agent=f"agent-{agent}")
            self._events.append(begun)

    def worked(self, agents: Whole, t_ms: Whole, run_ms: Whole, n_actions: Whole) -> None:
        """Agents act by themselves; where a person finished the work, what they do is no work."""
        rows = np.stack([agents, t_ms, run_ms, n_actions], axis=1).tolist()
        for agent, start_ms, took_ms, n in rows:
            is_own = self._statistics.episodes.is_own[self._records[agent]]
            self._events += [
                StepTaken(
                    episode=self._keys[agent],
                    t_ms=start_ms + took_ms * place // n,
                    controller=Controller.POLICY,
                    action=Click.KIND if is_own else Wait.KIND,
                    duration_ms=took_ms // n,
                )
                for place in range(n)
                if start_ms + took_ms * place // n < self._horizon_ms
            ]

    def asked(self, agents: Whole, places: Whole, t_ms: Whole) -> None:
        """Agents ask for a person."""
        rows = np.stack([agents, places, t_ms], axis=1).tolist()
        for agent, place, moment in rows:
            key, initiator = self._keys[agent], self._initiator(place)
            self._events.append(HelpRequested(episode=key, t_ms=moment, initiator=initiator))

    def attended(self, agent: int, place: int, moments: Moments) -> None:
        """A person helps: by a word where the agent was right, else by a deed."""
        key, is_right = self._keys[agent], bool(self._statistics.requests.is_right[place])
        opened = ContactOpened(
            episode=key,
            contact=ContactKind.APPROVAL if is_right else ContactKind.CORRECTION,
            initiator=self._initiator(place),
            t_request_ms=moments.asked_ms,
            t_notice_ms=moments.notice_ms,
            t_engage_ms=moments.engage_ms,
        )
        deed = StepTaken(
            episode=key,
            t_ms=moments.engage_ms,
            controller=Controller.HUMAN,
            action=Click.KIND,
            duration_ms=0,
        )
        is_own = self._statistics.episodes.is_own[self._records[agent]]
        closed = ContactClosed(
            episode=key,
            t_first_action_ms=None if is_right else moments.engage_ms,
            t_release_ms=moments.release_ms,
            n_actions=0 if is_right else 1,
        )
        self._events += [opened, closed] if is_own else [opened, deed, closed]

    def ended(self, agents: Whole, t_ms: Whole, is_verified: Claims, is_claimed: Claims) -> None:
        """Episodes are over."""
        rows = np.stack([agents, t_ms, is_verified, is_claimed], axis=1).tolist()
        for agent, moment, verified, claimed in rows:
            key = self._keys[agent]
            if claimed:
                done = DoneClaimed(episode=key, t_ms=moment, controller=Controller.POLICY)
                self._events.append(done)
            damage_s = float(self._statistics.episodes.damage_s[self._records[agent]])
            ended = EpisodeEnded(
                episode=key,
                t_ms=moment,
                is_verified=bool(verified),
                hands_on_s=0.0,
                damage_s=damage_s,
            )
            self._events.append(ended)

    def _initiator(self, place: int) -> Initiator:
        is_constraint = self._statistics.requests.is_constraint[place]
        return Initiator.RULE if is_constraint else Initiator.AGENT
