"""Whom to attend as a Gymnasium environment, so that allocation itself can be learned and compared.

    env = gymnasium.make("harness.env:understudy/Foreman-v0", n_agents=8)

It is a simulated shift (`harness/modes/fleet.py`): fast, without a browser, the same for a seed.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from harness.modes.allocators import Moment, Queue
from harness.modes.episode_statistics import EpisodeStatistics, statistics_of
from harness.modes.fleet import Fleet, FleetConfig, expected_notice_s
from harness.modes.operators import OperatorConfig
from harness.modes.simulation import QueueAllocator, decision_draw
from harness.modes.synthetic import synthetic_records

Sample: TypeAlias = dict[str, Any]

_SEEDS = 2**53
_MADE_UP = 0
"""Seed of the episodes that agents play where none are given."""
SHARES = ("uncertainty", "novelty", "risk", "p_alone", "p_help")
"""Columns of an observation from 0 to 1."""


class ForemanEnv(gymnasium.Env[Sample, np.int64]):
    """One person, N agents, one decision whenever the person is free and somebody waits.

    Observation, each (N,) and 0 for agents that do not wait: `is_waiting`, `is_constraint`,
    `uncertainty`, `novelty`, `risk`, `p_alone`, `p_help`, `waiting_s`, `left_s` (baseline seconds
    of work left in the episode), `service_s` (that help is expected to take); besides `last_agent`,
    the one that was attended last, and `shift_left_s`.

    Action: the number of the agent to attend; N attends nobody until something changes, and so
    does an agent that does not wait. `info["action_mask"]` (N + 1,) says which make sense.

    Reward: net useful seconds that the decision brought: useful output less the person's seconds
    and the harm. What an agent does from being let go until it asks again is known, and counted,
    at once. Rewards of a shift, with `info["net_s"]` of its reset, add up to its net.

    Args:
        n_agents: N.
        hours: of the shift, virtual; the episode terminates with it.
        patience_s: after which an agent goes on alone; None waits for ever.
        statistics: episodes that agents play; made-up ones where none are given.
        operator: times of the person.
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(
        self,
        *,
        n_agents: int = 8,
        hours: float = 1.0,
        patience_s: float | None = None,
        statistics: EpisodeStatistics | None = None,
        operator: OperatorConfig | None = None,
    ) -> None:
        self._statistics = statistics or statistics_of(synthetic_records(_MADE_UP))
        self._operator = operator or OperatorConfig()
        self._shift = n_agents, hours, patience_s
        self._config = self._configured(seed=0)
        self._fleet: Fleet | None = None
        self.observation_space = _observation_space(self._statistics, self._config)
        self.action_space = spaces.Discrete(n_agents + 1)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Sample, dict[str, Any]]:
        """Begin a shift and go to its first decision."""
        super().reset(seed=seed)
        chosen = int(self.np_random.integers(_SEEDS)) if seed is None else seed
        self._config = self._configured(chosen)
        self._fleet = fleet = Fleet(self._statistics, self._config)
        fleet.next_decision()
        return self._observation(fleet), self._info(fleet)

    def step(self, action: np.int64 | int) -> tuple[Sample, float, bool, bool, dict[str, Any]]:
        """Attend an agent, or nobody, and go to the next decision.

        Raises:
            gymnasium.error.ResetNeeded: the shift has not begun, or is over.
        """
        fleet = self._fleet
        if fleet is None:
            raise gymnasium.error.ResetNeeded("the shift has not begun, or is over; reset it")
        before_s = fleet.net_s
        if self._mask(fleet)[: self._config.n_agents][action : action + 1].any():
            fleet.attend(int(action))
        else:
            fleet.leave()
        is_over = not fleet.next_decision()
        if is_over:
            fleet.finish()
            self._fleet = None
        reward = fleet.net_s - before_s
        return self._observation(fleet), reward, is_over, False, self._info(fleet)

    def _configured(self, seed: int) -> FleetConfig:
        n_agents, hours, patience_s = self._shift
        return FleetConfig(
            n_agents=n_agents,
            hours=hours,
            patience_s=patience_s,
            seed=seed,
            operator=self._operator,
        )

    def _mask(self, fleet: Fleet) -> NDArray[np.int8]:
        mask = np.zeros(self._config.n_agents + 1, np.int8)
        mask[fleet.queue().agent] = mask[-1] = 1
        return mask

    def _info(self, fleet: Fleet) -> dict[str, Any]:
        return {
            "action_mask": self._mask(fleet),
            "now_ms": fleet.now_ms,
            "net_s": fleet.net_s,
        }

    def _observation(self, fleet: Fleet) -> Sample:
        queue, n_agents = fleet.queue(), self._config.n_agents
        shift_s = self._config.horizon_ms / 1000
        waiting_s = np.minimum((fleet.now_ms - queue.since_ms) / 1000, shift_s)
        columns = {name: getattr(queue, name) for name in SHARES}
        columns |= {"waiting_s": waiting_s, "left_s": queue.left_s, "service_s": queue.service_s}
        sample: Sample = {name: np.zeros(n_agents) for name in columns}
        for name, values in columns.items():
            sample[name][queue.agent] = values
        sample["is_waiting"] = self._mask(fleet)[:n_agents]
        sample["is_constraint"] = np.zeros(n_agents, np.int8)
        sample["is_constraint"][queue.agent] = queue.is_constraint
        sample["last_agent"] = np.int64(fleet.last_agent)
        sample["shift_left_s"] = np.array([max(0.0, shift_s - fleet.now_ms / 1000)])
        return sample


def _observation_space(statistics: EpisodeStatistics, config: FleetConfig) -> spaces.Dict:
    n_agents, requests = config.n_agents, statistics.requests
    shift_s = config.horizon_ms / 1000
    highest = {
        **dict.fromkeys(SHARES, 1.0),
        "waiting_s": shift_s,
        "left_s": float(requests.left_s.max()),
        "service_s": float(requests.service_s.max()) + expected_notice_s(config.operator),
    }
    fields: dict[str, spaces.Space[Any]] = {
        name: spaces.Box(0.0, high, (n_agents,), np.float64) for name, high in highest.items()
    }
    flags = {name: spaces.MultiBinary(n_agents) for name in ("is_waiting", "is_constraint")}
    return spaces.Dict(
        fields
        | flags
        | {
            "last_agent": spaces.Discrete(n_agents),
            "shift_left_s": spaces.Box(0.0, shift_s, (1,), np.float64),
        }
    )


class AllocatorPolicy:
    """An allocator as a policy of the environment, to be compared with those that are learned.

    Args:
        allocator: that decides.
        seed: of what it may leave to chance.
    """

    def __init__(self, allocator: QueueAllocator, seed: int = 0) -> None:
        self._allocator = allocator
        self._seed = seed
        self._decisions = 0

    def __call__(self, sample: Sample) -> int:
        """Return the action for an observation; nobody where nobody is waiting."""
        agents = np.flatnonzero(sample["is_waiting"])
        draw = decision_draw(self._seed, self._decisions)
        self._decisions += 1
        if not len(agents):
            return len(sample["is_waiting"])
        # times count from now, which no ranking can tell
        queue = Queue(
            agent=agents,
            since_ms=np.rint(-1000 * sample["waiting_s"][agents]).astype(np.int64),
            is_constraint=sample["is_constraint"][agents].astype(np.bool_),
            left_s=sample["left_s"][agents],
            service_s=sample["service_s"][agents],
            **{name: sample[name][agents] for name in SHARES},
        )
        picked = self._allocator.pick_from(queue, Moment(0, int(sample["last_agent"]), draw))
        return len(sample["is_waiting"]) if picked is None else int(agents[picked])
