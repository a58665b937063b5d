"""The web environment keeps Gymnasium's contract, and the rules of its tasks."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from harness.env.browser import WebTaskEnv
from harness.env.spaces import from_action
from harness.errors import ConfigError, UnknownTaskError
from recorder.schema import Click, Done, KeyChord, Move, TypeText, Wait

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def env() -> Generator[WebTaskEnv]:
    made = WebTaskEnv("miniwob-click-test", elements=True, render_mode="rgb_array")
    yield made
    made.close()


def button(sample: dict[str, Any]) -> Click:
    (box,) = [one["box"] for one in sample["elements"] if one["role"] == "button"]
    return Click(x=int(box[0] + box[2] // 2), y=int(box[1] + box[3] // 2))


def test_gymnasiums_own_checker_passes_with_rendering() -> None:
    made = gymnasium.make(
        "harness.env:understudy/miniwob-click-test-v0", render_mode="rgb_array", elements=True
    )
    with warnings.catch_warnings():
        # it recommends symmetric boxes to learners; pixels are what they are
        warnings.filterwarnings("ignore", message=".*recommend using a symmetric.*")
        check_env(made.unwrapped)
    made.close()


def test_what_was_observed_never_changes_later(env: WebTaskEnv) -> None:
    first, _ = env.reset(seed=1)
    rendered = env.render()
    before = first["pixels"].copy()
    env.step(from_action(button(first)))
    env.reset(seed=2)
    assert np.array_equal(first["pixels"], before)
    assert rendered is not None
    assert np.array_equal(rendered, before)


def test_a_seed_is_one_instance_and_another_seed_another(env: WebTaskEnv) -> None:
    first, again, other = (env.reset(seed=seed)[0]["pixels"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_resets_without_a_seed_go_on_from_the_last_one(env: WebTaskEnv) -> None:
    _, _ = env.reset(seed=1)
    drawn = [env.reset()[1]["seed"] for _ in range(3)]
    env.reset(seed=1)
    assert [env.reset()[1]["seed"] for _ in range(3)] == drawn
    assert len(set(drawn)) == 3


def test_reaching_the_goal_terminates_with_reward_one(env: WebTaskEnv) -> None:
    sample, _ = env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step(from_action(button(sample)))
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert info["verified"]


def test_saying_done_too_early_terminates_with_nothing(env: WebTaskEnv) -> None:
    env.reset(seed=1)
    _, reward, terminated, _, info = env.step(from_action(Done()))
    assert (reward, terminated) == (0.0, True)
    assert (info["claim"], info["verified"]) == ("done", False)


def test_a_limit_truncates_and_does_not_terminate(env: WebTaskEnv) -> None:
    env.reset(seed=1)
    _, reward, terminated, truncated, _ = env.step(from_action(Wait(duration_ms=60_000)))
    assert (reward, terminated, truncated) == (0.0, False, True)


def test_time_passes_only_with_actions(env: WebTaskEnv) -> None:
    env.reset(seed=1)
    _, _, _, _, moved = env.step(from_action(Move(x=1, y=1)))
    _, _, _, _, waited = env.step(from_action(Wait(duration_ms=12_345)))
    assert (moved["virtual_ms"], waited["virtual_ms"]) == (100, 12_445)


def test_the_pages_own_ten_seconds_end_nothing(env: WebTaskEnv) -> None:
    env.reset(seed=1)
    sample, _, terminated, _, _ = env.step(from_action(Wait(duration_ms=30_000)))
    assert not terminated
    assert env.step(from_action(button(sample)))[1] == 1.0


def test_no_score_and_no_cover_is_ever_seen(env: WebTaskEnv) -> None:
    sample, _ = env.reset(seed=1)
    texts = " ".join(one["text"] for one in sample["elements"])
    ended, *_ = env.step(from_action(button(sample)))
    texts += " ".join(one["text"] for one in ended["elements"])
    assert "START" not in texts
    assert "reward" not in texts.lower()
    # the start cover would be nearly black all over
    assert ended["pixels"].mean() > 150


def test_partial_reward_never_counts() -> None:
    made = WebTaskEnv("miniwob-use-colorwheel", elements=True)
    try:
        for seed in range(4):
            sample, _ = made.reset(seed=seed)
            boxes = [one["box"] for one in sample["elements"] if one["text"] == "Submit"]
            x, y, width, height = (int(edge) for edge in boxes[0])
            submit = Click(x=x + width // 2, y=y + height // 2)
            _, reward, terminated, _, info = made.step(from_action(submit))
            assert terminated
            assert reward == float(info["raw_reward"] == 1)
    finally:
        made.close()


def test_stepping_when_nothing_runs_is_refused(env: WebTaskEnv) -> None:
    with pytest.raises(ConfigError, match="call reset first"):
        env.step(from_action(Done()))
    env.reset(seed=1)
    env.step(from_action(Done()))
    with pytest.raises(ConfigError, match="call reset first"):
        env.step(from_action(Done()))


def test_a_task_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownTaskError, match="miniwob-click-test"):
        WebTaskEnv("miniwob-click-tets")


def test_what_is_typed_arrives_in_the_field_that_was_clicked() -> None:
    made = WebTaskEnv("miniwob-enter-text", elements=True)
    try:
        sample, _ = made.reset(seed=3)
        wanted = sample["goal"].split('"')[1]
        field, submit = (
            next(one["box"] for one in sample["elements"] if one["role"] == role)
            for role in ("textbox", "button")
        )
        made.step(from_action(Click(x=int(field[0]) + 9, y=int(field[1]) + 9)))
        made.step(from_action(TypeText(text=wanted + "x")))
        sample, *_ = made.step(from_action(KeyChord(key="Backspace")))
        assert wanted in [one["value"] for one in sample["elements"]]
        click = Click(x=int(submit[0]) + 9, y=int(submit[1]) + 9)
        assert made.step(from_action(click))[1] == 1.0
    finally:
        made.close()
