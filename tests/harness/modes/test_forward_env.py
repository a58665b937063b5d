"""The light as an environment: it keeps Gymnasium's contract, and pays what a light saves."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from harness.errors import ConfigError, UnknownTaskError
from harness.modes.fast_forward.forward_env import Choice, FastForwardEnv
from harness.modes.operators import OperatorConfig

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAREFUL = OperatorConfig(slips=0, wrong_rejections=0)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """A stop latch of our own: whoever stops their agents does not stop these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def env() -> Generator[FastForwardEnv]:
    found = FastForwardEnv(tasks=("miniwob-login-user",), operator=CAREFUL)
    yield found
    found.close()


def played(env: FastForwardEnv, seed: int, choice: Choice) -> list[tuple[Any, ...]]:
    """Observations, rewards and outcomes of an episode with the same choice throughout."""
    seen, info = env.reset(seed=seed)
    found: list[tuple[Any, ...]] = [(_plain(seen), info)]
    is_over = False
    while not is_over:
        seen, reward, terminated, truncated, info = env.step(np.int64(choice))
        found.append((_plain(seen), reward, info))
        is_over = terminated or truncated
    return found


def _plain(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in seen.items()}


def test_it_keeps_the_contract_of_environments() -> None:
    found = gymnasium.make("harness.env:understudy/FastForward-v0")
    try:
        check_env(found.unwrapped, skip_render_check=True)
    finally:
        found.close()


def test_the_same_seed_and_choices_are_the_same_episode(env: FastForwardEnv) -> None:
    for choice in Choice:
        assert played(env, 3, choice) == played(env, 3, choice)


def test_a_light_saves_what_is_left_and_one_that_is_run_unasked_saves_its_click(
    env: FastForwardEnv,
) -> None:
    rewards = {choice: sum(each[1] for each in played(env, 5, choice)[1:]) for choice in Choice}
    assert rewards[Choice.DARK] == 0
    assert 0 < rewards[Choice.LIGHT] < rewards[Choice.RUN]


def test_what_was_done_is_no_longer_left(env: FastForwardEnv) -> None:
    first, second, *_ = played(env, 5, Choice.DARK)
    assert second[0]["left_s"] < first[0]["left_s"]
    assert (first[0]["steps"], second[0]["steps"]) == (0, 1)
    assert first[0]["planned"] == 5


def test_an_episode_needs_a_task_that_exists() -> None:
    with pytest.raises(ConfigError):
        FastForwardEnv(tasks=())
    with pytest.raises(UnknownTaskError):
        FastForwardEnv(tasks=("miniwob-nothing",))
    with pytest.raises(ConfigError):
        FastForwardEnv().step(np.int64(0))
