"""Training: the same from the same seed, whole again after a kill, and good for something."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors.torch import load_file

from policy import checkpoint
from policy.agent import load
from policy.data import Packing, pack
from policy.errors import ConfigError, DataError
from policy.observe import ObserveConfig
from policy.runs import saved
from policy.settings import TrainConfig
from policy.train import Ears, Progress, train
from recorder.schema import AgentContext, TypeText
from tests.policy.worlds import episode, middle, page

EPISODES = [episode(seed) for seed in range(12)]
SHORT = TrainConfig(updates=4, batch=6, pixels=False, save_every=2)


class Whole(NamedTuple):
    """A run that nothing disturbed."""

    losses: list[float]
    weights: dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    return Whole(_losses(folder), _weights(folder))


def _losses(folder: Path, config: TrainConfig = SHORT) -> list[float]:
    heard: list[Progress] = []
    train(EPISODES, folder, config, Ears(told=heard.append))
    return [each.loss for each in heard]


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "checkpoint" / checkpoint.WEIGHTS)


def _assert_same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_one_seed_gives_one_set_of_weights(tmp_path: Path, whole: Whole) -> None:
    assert _losses(tmp_path / "again") == whole.losses
    _assert_same(_weights(tmp_path / "again"), whole.weights)
    assert _losses(tmp_path / "other", replace(SHORT, seed=1)) != whole.losses


def _killed_at(folder: Path, update: int) -> None:
    def told(standing: Progress) -> None:
        if standing.update == update:
            os.kill(os.getpid(), signal.SIGKILL)

    torch.set_num_threads(1)  # as in these tests: sums in another order are other sums
    train(EPISODES, folder, SHORT, Ears(told=told))


@pytest.mark.slow
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(tmp_path: Path, whole: Whole) -> None:
    started = multiprocessing.get_context("spawn").Process(
        target=_killed_at, args=(tmp_path / "killed", 3)
    )
    started.start()
    started.join()
    assert started.exitcode == -signal.SIGKILL
    assert _losses(tmp_path / "killed") == pytest.approx(whole.losses[2:], abs=1e-6)
    _assert_same(_weights(tmp_path / "killed"), whole.weights)


def _interrupt_at(update: int) -> Ears:
    def told(standing: Progress) -> None:
        if standing.update == update:
            signal.raise_signal(signal.SIGINT)

    return Ears(told=told)


def test_ctrl_c_loses_no_update(tmp_path: Path, whole: Whole) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(EPISODES, tmp_path / "stopped", SHORT, _interrupt_at(3))
    assert signal.getsignal(signal.SIGINT) is handler
    assert saved(tmp_path / "stopped")[-1].name == "update-0000003"
    assert _losses(tmp_path / "stopped") == pytest.approx(whole.losses[3:], abs=1e-6)
    _assert_same(_weights(tmp_path / "stopped"), whole.weights)


def test_an_interruption_leaves_no_checkpoint_that_would_not_be_there_without_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(EPISODES, tmp_path, SHORT, _interrupt_at(1))
    train(EPISODES, tmp_path, SHORT)
    assert [place.name for place in saved(tmp_path)] == ["update-0000002", "update-0000004"]


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    def told(_: Progress) -> None:
        for _time in range(2):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(EPISODES, tmp_path, SHORT, Ears(told=told))
    assert not saved(tmp_path)


def test_where_ctrl_c_is_ignored_it_stays_so(tmp_path: Path, whole: Whole) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        train(EPISODES, tmp_path, SHORT, _interrupt_at(1))
    finally:
        signal.signal(signal.SIGINT, before)
    _assert_same(_weights(tmp_path), whole.weights)


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    _losses(tmp_path, replace(SHORT, updates=1))
    with pytest.raises(ConfigError, match="other seed"):
        _losses(tmp_path, replace(SHORT, updates=1, seed=1))


def test_a_size_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="batch is 0"):
        train(EPISODES, tmp_path, replace(SHORT, batch=0))


def test_no_episodes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no episodes"):
        train([], tmp_path, SHORT)


def test_the_best_in_closed_loop_is_chosen(tmp_path: Path) -> None:
    def success(place: Path) -> float:
        return float(place.name == "update-0000002")

    train(EPISODES, tmp_path, SHORT, Ears(success=success))
    assert [place.name for place in saved(tmp_path)] == ["update-0000002", "update-0000004"]
    chosen = (tmp_path / "checkpoint" / checkpoint.WEIGHTS).read_bytes()
    assert chosen == (tmp_path / "update-0000002" / checkpoint.WEIGHTS).read_bytes()


def test_what_was_added_to_a_chosen_checkpoint_stays_when_the_same_is_asked_for(
    tmp_path: Path,
) -> None:
    added = train(EPISODES, tmp_path, SHORT) / "calibrator.json"
    added.write_text("{}")
    assert train(EPISODES, tmp_path, SHORT, Ears(success=lambda _: 1.0)) == added.parent
    assert added.read_text() == "{}"


def test_a_dataset_teaches_what_its_episodes_do(tmp_path: Path, whole: Whole) -> None:
    packed = pack(EPISODES, str(tmp_path / "packed"), Packing(ObserveConfig()))
    train(packed, tmp_path / "run", SHORT)  # pictures are there, and not looked at
    _assert_same(_weights(tmp_path / "run"), whole.weights)


def test_a_dataset_without_what_is_to_be_seen_is_refused(tmp_path: Path) -> None:
    packed = pack(EPISODES, str(tmp_path / "packed"), Packing(None))
    with pytest.raises(ConfigError, match="packed with pictures none"):
        train(packed, tmp_path / "run", replace(SHORT, pixels=True))
    assert not (tmp_path / "run").exists()


def test_a_run_goes_on_without_a_shard_once_it_is_asked_to(tmp_path: Path) -> None:
    packed = pack(EPISODES, str(tmp_path / "packed"), Packing(None, shard_bytes=1))
    damaged = packed.index.shards[2].file
    (tmp_path / "packed" / damaged).write_bytes(b"not any more")
    with pytest.raises(DataError, match=f"{damaged} is damaged"):
        train(packed, tmp_path / "run", SHORT)
    heard: list[Progress] = []
    train(packed, tmp_path / "run", SHORT, Ears(told=heard.append), skips_damaged=True)
    ((why, windows),) = heard[-1].lost.items()
    assert damaged in why
    assert windows == 2


@pytest.mark.slow
def test_it_does_on_unseen_pages_what_it_was_shown(tmp_path: Path) -> None:
    config = TrainConfig(updates=90, batch=24, pixels=False, save_every=90)
    policy = load(train([episode(seed) for seed in range(40)], tmp_path, config))
    right = 0
    for seed in range(1000, 1020):
        observation = page(seed)
        word = observation.elements[1].name
        (first,) = policy.decide([AgentContext("one", observation, 0)])
        (second,) = policy.decide([AgentContext("one", page(seed, typed=word), 1)])
        right += first.action == TypeText(text=word)
        right += second.action == middle(observation.elements[0])
    assert right >= 32
