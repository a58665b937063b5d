"""Many environments at once keep the contract of each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import concatenate, create_empty_array

from harness.env.browser import WebTaskEnv
from harness.env.spaces import from_action
from harness.env.vector import AsyncWebVectorEnv
from harness.errors import ConfigError
from recorder.schema import Action, Click, Done, Wait
from tests.harness.crew import chromium

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TASKS = ("miniwob-click-test", "miniwob-enter-text", "miniwob-click-dialog")


@pytest.fixture(scope="module")
def env() -> Generator[AsyncWebVectorEnv]:
    made = AsyncWebVectorEnv(TASKS, render_mode="rgb_array")
    yield made
    made.close()


def batch(env: AsyncWebVectorEnv, actions: Sequence[Action]) -> Any:
    space = env.single_action_space
    empty = create_empty_array(space, env.num_envs)
    return concatenate(space, [from_action(action) for action in actions], empty)


def test_observations_and_actions_fit_their_spaces(env: AsyncWebVectorEnv) -> None:
    sample, infos = env.reset(seed=[1, 2, 3])
    assert env.observation_space.contains(sample)
    assert infos["seed"].tolist() == [1, 2, 3]
    assert env.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    action = batch(env, [Wait(duration_ms=5)] * 3)
    assert env.action_space.contains(action)
    sample, rewards, terminated, truncated, _ = env.step(action)
    assert env.observation_space.contains(sample)
    assert (rewards.shape, terminated.dtype, truncated.dtype) == ((3,), bool, bool)


def test_each_sees_what_it_would_see_alone(env: AsyncWebVectorEnv) -> None:
    together, _ = env.reset(seed=[7, 8, 9])
    for i, name in enumerate(TASKS):
        alone = WebTaskEnv(name)
        sample, _ = alone.reset(seed=7 + i)
        alone.close()
        assert np.array_equal(sample["pixels"], together["pixels"][i])
        assert sample["goal"] == together["goal"][i]


def test_a_mask_resets_only_whom_it_names(env: AsyncWebVectorEnv) -> None:
    first, _ = env.reset(seed=1)
    second, infos = env.reset(
        seed=[None, 50, None], options={"reset_mask": np.array([False, True, False])}
    )
    same = [np.array_equal(first["pixels"][i], second["pixels"][i]) for i in range(3)]
    assert same == [True, False, True]
    assert infos["_seed"].tolist() == [False, True, False]


def test_who_is_over_waits_for_a_reset(env: AsyncWebVectorEnv) -> None:
    env.reset(seed=1)
    env.step(batch(env, [Done(), Wait(duration_ms=1), Wait(duration_ms=1)]))
    _, rewards, terminated, _, infos = env.step(batch(env, [Click(x=1, y=1)] * 3))
    assert terminated.tolist() == [True, False, False]
    assert infos["_virtual_ms"].tolist() == [False, True, True]
    assert not rewards.any()


def test_what_was_observed_never_changes_later(env: AsyncWebVectorEnv) -> None:
    first, _ = env.reset(seed=1)
    before = first["pixels"].copy()
    env.step(batch(env, [Click(x=80, y=120)] * 3))
    env.reset(seed=5)
    assert np.array_equal(first["pixels"], before)


def test_a_task_can_be_exchanged_at_a_reset(env: AsyncWebVectorEnv) -> None:
    env.reset(seed=1)
    mask = np.array([True, False, False])
    _, infos = env.reset(
        seed=[1, None, None], options={"reset_mask": mask, "tasks": ["miniwob-click-link"]}
    )
    assert infos["task"][0] == "miniwob-click-link"


@pytest.mark.parametrize(
    ("seed", "mask", "says"),
    [([1], None, "1 seeds for 3"), (1, [True], "mask of 1")],
)
def test_what_does_not_fit_is_refused(
    env: AsyncWebVectorEnv, seed: Any, mask: Any, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        env.reset(seed=seed, options={"reset_mask": mask})


def test_the_first_reset_is_of_all() -> None:
    made = AsyncWebVectorEnv(TASKS)
    with pytest.raises(ConfigError, match="never reset"):
        made.reset(options={"reset_mask": np.array([True, False, True])})


def test_no_tasks_are_refused() -> None:
    with pytest.raises(ConfigError, match="no tasks"):
        AsyncWebVectorEnv([])


def test_a_killed_browser_costs_the_episodes_in_flight_and_no_more(
    env: AsyncWebVectorEnv,
) -> None:
    env.reset(seed=1)
    chromium().kill()
    _, rewards, terminated, truncated, infos = env.step(batch(env, [Wait(duration_ms=1)] * 3))
    assert truncated.all()
    assert not terminated.any()
    assert not rewards.any()
    assert all(infos["infrastructure_error"])
    env.reset(seed=1)
    _, _, _, truncated, _ = env.step(batch(env, [Wait(duration_ms=1)] * 3))
    assert not truncated.any()


def test_a_crashed_tab_costs_one_episode(env: AsyncWebVectorEnv) -> None:
    env.reset(seed=1)
    chromium("renderer").kill()
    _, _, _, truncated, _ = env.step(batch(env, [Wait(duration_ms=1)] * 3))
    assert truncated.sum() == 1
    mask = truncated.copy()
    env.reset(options={"reset_mask": mask})
    _, _, _, truncated, _ = env.step(batch(env, [Wait(duration_ms=1)] * 3))
    assert not truncated.any()
