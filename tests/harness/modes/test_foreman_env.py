"""The foreman's environment keeps Gymnasium's contract, and pays what a shift is worth."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from harness.modes.allocators import ALLOCATORS
from harness.modes.fleet import FleetConfig
from harness.modes.foreman_env import AllocatorPolicy, ForemanEnv
from harness.modes.simulation import simulate
from tests.harness.modes.fleets import made_up

NAMES = sorted(ALLOCATORS)


def small(**more: Any) -> ForemanEnv:
    """An environment of a short shift."""
    return ForemanEnv(n_agents=4, hours=0.1, statistics=made_up(), **more)


def test_the_environment_is_registered_and_passes_the_check_of_gymnasium() -> None:
    env = gymnasium.make("harness.env:understudy/Foreman-v0", n_agents=3, hours=0.05)
    check_env(env.unwrapped)


@pytest.mark.parametrize("name", NAMES)
def test_rewards_add_up_to_the_net_of_the_same_shift(name: str) -> None:
    env, policy = small(), AllocatorPolicy(ALLOCATORS[name](), seed=6)
    sample, info = env.reset(seed=6)
    net_s, is_over = info["net_s"], False
    while not is_over:
        assert env.observation_space.contains(sample)
        sample, reward, is_over, is_truncated, info = env.step(policy(sample))
        assert not is_truncated
        net_s += reward
    config = FleetConfig(n_agents=4, hours=0.1, seed=6)
    assert net_s == pytest.approx(simulate(made_up(), config, ALLOCATORS[name]()).net_s)
    assert net_s == pytest.approx(info["net_s"])


def test_the_same_seed_and_actions_give_the_same_shift() -> None:
    def played() -> list[float]:
        env, rewards, is_over = small(patience_s=20.0), list[float](), False
        _, info = env.reset(seed=11)
        env.action_space.seed(3)
        while not is_over:
            action = env.action_space.sample(info["action_mask"])
            _, reward, is_over, _, info = env.step(action)
            rewards.append(reward)
        return rewards

    assert played() == played()


def test_another_seed_is_another_shift_and_none_is_drawn() -> None:
    env = small()
    first = env.reset(seed=1)[1]["net_s"]
    assert env.reset(seed=2)[1]["net_s"] != first
    assert env.reset(seed=1)[1]["net_s"] == first
    drawn = [env.reset()[1]["net_s"] for _ in range(2)]
    assert drawn[0] != drawn[1]


def test_who_does_not_wait_cannot_be_attended() -> None:
    env = small()
    sample, info = env.reset(seed=4)
    absent = int(np.flatnonzero(info["action_mask"] == 0)[0])
    _, reward, *_ = env.step(absent)
    other = small()
    other.reset(seed=4)
    assert other.step(4)[1] == reward
    assert sample["is_waiting"].sum() == info["action_mask"][:-1].sum()


def test_columns_of_agents_that_do_not_wait_are_empty() -> None:
    sample, _ = small().reset(seed=4)
    absent = sample["is_waiting"] == 0
    for name in ("uncertainty", "left_s", "service_s", "p_help", "waiting_s"):
        assert not sample[name][absent].any()
        assert name == "waiting_s" or sample[name][~absent].all()


def test_a_shift_that_is_over_wants_a_reset() -> None:
    env = small()
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)
