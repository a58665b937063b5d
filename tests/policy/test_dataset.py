"""The cache of steps: what goes in comes out, and what is damaged is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from policy.augmentation import Augmentation, variant
from policy.config import config_of_size
from policy.dataset import EpisodeRow, prepare, split_episodes, windows
from policy.errors import DataError
from policy.features import ABSENT, featurise
from policy.loader import collate
from policy.observe import ObserveConfig, observe
from recorder.schema import Episode
from tests.policy.worlds import episode, page

EPISODES = [episode(seed, task) for task in ("press", "pull") for seed in range(5)]


def test_steps_come_back_as_they_were(tmp_path: Path) -> None:
    dataset = prepare(EPISODES, tmp_path, ObserveConfig())
    assert len(dataset) == 20
    for row, original in zip(dataset.episodes, EPISODES, strict=True):
        for number in range(row.steps):
            observation = original.steps[number].observation
            step, wanted = dataset.step(row.first + number), featurise(observation)
            assert np.array_equal(step.features.elements, wanted.elements)
            assert np.array_equal(step.features.words, wanted.words)
            assert np.array_equal(step.features.boxes, wanted.boxes)
            assert np.allclose(step.features.matches, wanted.matches, atol=1e-3)
            view = observe(observation, ObserveConfig())
            assert np.array_equal(dataset.frames[step.frame], view.frame)
            assert np.array_equal(dataset.foveas[step.frame], view.fovea)


def test_what_was_read_once_is_not_read_again(tmp_path: Path) -> None:
    heard: list[int] = []
    first = prepare(EPISODES, tmp_path, None, heard.append)
    assert heard == list(range(1, 11))
    again = prepare(EPISODES, tmp_path, None, heard.append)
    assert len(heard) == 10
    assert first.fingerprint == again.fingerprint
    other = prepare(EPISODES[1:], tmp_path, None)
    assert other.fingerprint != first.fingerprint


def _broken(change: str) -> Episode:
    good = episode(3)
    first, last = good.steps
    match change:
        case "no steps":
            return replace(good, steps=[])
        case "pixels":
            empty = replace(first.observation, pixels=np.zeros((0, 0, 3), np.uint8))
            return replace(good, steps=[replace(first, observation=empty), last])
        case _:
            return replace(good, steps=[last, first])


@pytest.mark.parametrize("change", ["no steps", "pixels", "before"])
def test_a_damaged_episode_is_named(tmp_path: Path, change: str) -> None:
    with pytest.raises(DataError, match=rf"seed '3' of recording 'recording-3'.*{change}"):
        prepare([*EPISODES, _broken(change)], tmp_path, None)
    prepare(EPISODES, tmp_path, None)


def test_a_torn_cache_is_refused(tmp_path: Path) -> None:
    prepare(EPISODES, tmp_path, None)
    (torn,) = tmp_path.glob("*/arrays.safetensors")
    torn.write_bytes(torn.read_bytes()[:100])
    with pytest.raises(DataError, match="torn"):
        prepare(EPISODES, tmp_path, None)


@pytest.mark.parametrize("by_task", [False, True])
def test_splits_share_nothing(by_task: bool) -> None:
    rows = [EpisodeRow(f"t{n % 4}", str(n), "r", n, 1, success=True) for n in range(32)]
    kept, out = split_episodes(rows, 0.25, by_task=by_task)
    assert sorted([*kept, *out]) == list(range(32))
    assert len(out) == 8
    if by_task:
        assert not {rows[n].task for n in kept} & {rows[n].task for n in out}


def test_windows_stay_within_an_episode() -> None:
    rows = [
        EpisodeRow("t", "0", "r", 0, 3, success=True),
        EpisodeRow("t", "1", "r", 3, 2, success=True),
    ]
    assert windows(rows, 2) == [(0, 1), (2,), (3, 4)]


def test_a_target_that_is_gone_leaves_none_as_the_answer(tmp_path: Path) -> None:
    dataset = prepare([episode(1)], tmp_path, ObserveConfig())
    how = Augmentation(target_gone=1, other_gone=0, misread=0, renamed=0)
    config = config_of_size("tiny")
    variants = [replace(variant(how, 0, place), shift=lambda: (0, 0)) for place in range(2)]
    inputs, answers = collate(dataset, [(0,), (1,)], config, variants)
    assert inputs.element_mask.sum(-1).tolist() == [[4], [3]]
    assert not answers.pointer[0].any()  # typing has no target to lose
    assert answers.pointer[1, 0, 0].nonzero().flatten().tolist() == [answers.pointer.shape[-1] - 1]
    assert answers.failure.flatten().tolist() == [0, 1]
    assert (answers.labels[1, 0, 1:] == ABSENT).all()


def test_each_element_is_matched_with_each_word() -> None:
    observation = page(4)
    features = featurise(observation)
    assert features.matches.shape == (4, len(features.words), 8)
