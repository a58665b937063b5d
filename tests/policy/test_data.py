"""What is learned from: what goes in comes out, in a drawn order; what is damaged is named."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.augmentation import Augmentation, variant
from policy.config import config_of_size
from policy.data import INDEX, Dataset, Packing, Stream, pack, prepare, read_episode
from policy.data.order import Order
from policy.errors import ConfigError, DataError
from policy.features import ABSENT, POINTED, StepFeatures, featurise
from policy.loader import collate
from policy.observe import ObserveConfig
from recorder.schema import Episode
from tests.policy.worlds import episode, page

EPISODES = [episode(seed, task) for task in ("press", "pull") for seed in range(5)]
PICTURED, BARE = Packing(ObserveConfig()), Packing(None)
ONE_EACH = replace(BARE, shard_bytes=1)
"""An episode in each shard."""


# Packing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [PICTURED, BARE, replace(PICTURED, shard_bytes=300_000)])
def test_steps_come_back_as_they_were(tmp_path: Path, how: Packing) -> None:
    dataset = pack(EPISODES, str(tmp_path), how)
    rest = {(each.task, each.seed): read_episode(each, how.observing) for each in EPISODES}
    for number, row in enumerate(dataset.index.shards):
        shard = dataset.shard(number)
        wanted = [step for each in row.episodes for step in rest.pop((each.task, each.seed))]
        assert len(shard) == len(wanted)
        for place, was in enumerate(wanted):
            step = shard.step(place)
            assert np.array_equal(step.features.elements, was.features.elements)
            assert np.array_equal(step.features.words, was.features.words)
            assert np.array_equal(step.features.boxes, was.features.boxes)
            assert np.allclose(step.features.matches, was.features.matches, atol=1e-3)
            assert np.array_equal(step.targets.accepted, was.targets.accepted)
            if was.picture and step.picture:
                assert np.array_equal(step.picture.frame, was.picture.frame)
                assert np.array_equal(step.picture.fovea, was.picture.fovea)
            assert (step.picture is None) == (was.picture is None) == (how.observing is None)
    assert not rest


def test_what_was_read_once_is_not_read_again(tmp_path: Path) -> None:
    heard: list[int] = []
    first = prepare(EPISODES, tmp_path, BARE, heard.append)
    assert heard == [*range(11)]
    again = prepare(EPISODES, tmp_path, BARE, heard.append)
    assert heard == [*range(11), 10]
    assert first.fingerprint == again.fingerprint
    other = prepare(EPISODES[1:], tmp_path, BARE)
    assert other.fingerprint != first.fingerprint


def test_only_what_is_new_is_added(tmp_path: Path) -> None:
    heard: list[int] = []
    before = pack(EPISODES[:4], str(tmp_path), ONE_EACH)
    after = pack(EPISODES, str(tmp_path), ONE_EACH, heard.append)
    assert heard == [4, 5, 6, 7, 8, 9, 10]
    assert after.index.shards[:4] == before.index.shards
    assert Counter((row.task, row.seed) for row in after.episodes) == Counter(
        (each.task, each.seed) for each in EPISODES
    )


def test_interrupted_anywhere_it_goes_on_to_the_same(tmp_path: Path) -> None:
    whole = pack(EPISODES, str(tmp_path / "whole"), ONE_EACH)

    def interrupt(done: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(EPISODES, str(tmp_path / "cut"), ONE_EACH, interrupt)
    assert len(Dataset(str(tmp_path / "cut")).episodes) == 5  # the sixth was only read
    assert pack(EPISODES, str(tmp_path / "cut"), ONE_EACH).index == whole.index


def test_one_folder_is_packed_in_one_way(tmp_path: Path) -> None:
    pack(EPISODES, str(tmp_path), BARE)
    with pytest.raises(ConfigError, match=r"pictures none, and this asks for pictures \w{16};"):
        pack(EPISODES, str(tmp_path), PICTURED)


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
        pack([*EPISODES, _broken(change)], str(tmp_path), BARE)
    pack(EPISODES, str(tmp_path), BARE)


# Damage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [b"", b"{", b'{"version": 2}', b'{"shards": 3}'])
def test_a_torn_index_is_refused(tmp_path: Path, change: bytes) -> None:
    pack(EPISODES, str(tmp_path), BARE)
    (tmp_path / INDEX).write_bytes(change)
    with pytest.raises(DataError, match=r"index\.json is (torn|of version 2)"):
        Dataset(str(tmp_path))


def _file(dataset: Dataset, number: int) -> Path:
    return Path(dataset.place.name(dataset.index.shards[number].file))


def _flip(path: Path, place: int) -> None:
    body = bytearray(path.read_bytes())
    body[place % len(body)] ^= 1
    path.write_bytes(body)


@given(place=st.integers(0, 1 << 20), number=st.integers(0, 9))
def test_a_flipped_bit_is_found_and_named(
    tmp_path_factory: pytest.TempPathFactory, place: int, number: int
) -> None:
    dataset = pack(EPISODES, str(tmp_path_factory.mktemp("flipped")), ONE_EACH)
    _flip(_file(dataset, number), place)
    with pytest.raises(DataError, match=f"{_file(dataset, number).name} is damaged"):
        dataset.shard(number)
    for other in set(range(10)) - {number}:
        dataset.shard(other)


def test_a_damaged_and_a_missing_shard_are_left_out_and_counted_if_asked(tmp_path: Path) -> None:
    dataset = pack(EPISODES, str(tmp_path), ONE_EACH)
    _flip(_file(dataset, 3), 100)
    _file(dataset, 7).unlink()
    with (
        Stream(dataset, 1, 1 << 20, (0,)) as stream,
        pytest.raises(DataError, match=r"damaged|missing"),
    ):
        stream.take(range(20))
    with Stream(dataset, 1, 1 << 20, (0,), skips_damaged=True) as stream:
        seen = [window.number for window in stream.take(range(20))]
        lost = stream.lost
    assert len(seen) == 20
    assert set(seen) == set(range(20)) - {6, 7, 14, 15}  # two steps in each episode
    assert sorted(lost.values()) == [2, 2]
    assert [_file(dataset, each).name in "".join(lost) for each in (3, 7, 1)] == [True, True, False]


def test_nothing_is_made_up_when_no_shard_is_left(tmp_path: Path) -> None:
    dataset = pack(EPISODES, str(tmp_path), BARE)
    _file(dataset, 0).unlink()
    stream = Stream(dataset, 1, 1 << 20, (0,), skips_damaged=True)
    with stream, pytest.raises(DataError, match="no shard is left"):
        stream.take([0])


# Streaming ----------------------------------------------------------------------------------------


def test_windows_stay_within_an_episode(tmp_path: Path) -> None:
    long = replace(episode(1), steps=[*episode(1).steps, *_later(episode(2)).steps][:3])
    dataset = pack([long], str(tmp_path), BARE)
    ((three, rest),) = [each.tolist() for each in dataset.windows(2)]
    assert (three, rest) == ([0, 2], [2, 1])


def _later(shown: Episode) -> Episode:
    steps = [
        replace(step, t_ns=step.t_ns + 10**10, end_ns=step.end_ns + 10**10) for step in shown.steps
    ]
    return replace(shown, steps=steps)


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    memory=st.integers(8, 40),
    seed=st.integers(0, 5),
)
def test_each_window_is_seen_once_in_each_epoch_and_few_shards_at_a_time(
    counts: list[int], memory: int, seed: int
) -> None:
    sizes = [count % 4 + 1 for count in counts]
    order, again = (Order(counts, sizes, memory, (seed,)) for _ in range(2))
    places = range(3 * order.count)
    seen: list[tuple[int, int]] = []
    for place in places:
        group = order.group(place)
        shard, window = group.windows[place - group.first].tolist()
        assert shard in group.shards
        assert sum(sizes[each] for each in group.shards) <= memory
        later = order.group(group.first + len(group.windows))
        if later.shards != group.shards:
            assert sum(sizes[each] for each in {*group.shards, *later.shards}) <= memory
        seen.append((shard, window))
    every = [(shard, window) for shard, count in enumerate(counts) for window in range(count)]
    for epoch in range(3):
        assert sorted(seen[epoch * order.count :][: order.count]) == every
    for place in reversed(places):  # taken up anywhere, it goes on as it would have
        group = again.group(place)
        assert tuple(group.windows[place - group.first].tolist()) == seen[place]


def test_a_shard_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match="ask for --memory-mb 7 or more"):
        Order([1, 1], [3 << 20, 3 << 20], 5 << 20, (0,))


def test_a_stream_taken_up_anywhere_goes_on_as_it_would_have(tmp_path: Path) -> None:
    dataset = pack(EPISODES, str(tmp_path), ONE_EACH)
    memory = 4 * max(row.size for row in dataset.index.shards)
    with Stream(dataset, 1, memory, (0,)) as stream:
        whole = [stream.take(range(start, start + 3)) for start in range(0, 60, 3)]
    for start in (0, 6, 21, 57):
        with Stream(dataset, 1, memory, (0,)) as stream:
            taken = stream.take(range(start, start + 3))
        wanted = whole[start // 3]
        assert [each.number for each in taken] == [each.number for each in wanted]
        for one, other in zip(taken, wanted, strict=True):
            same = zip(one.steps, other.steps, strict=True)
            assert all(np.array_equal(a.features.words, b.features.words) for a, b in same)


# Windows as tensors -------------------------------------------------------------------------------


def test_a_target_that_is_gone_leaves_none_as_the_answer() -> None:
    steps = read_episode(episode(1), ObserveConfig())
    how = Augmentation(target_gone=1, other_gone=0, misread=0, renamed=0)
    config = config_of_size("tiny")
    variants = [replace(variant(how, 0, place), shift=lambda: (0, 0)) for place in range(2)]
    inputs, answers = collate([[step] for step in steps], config, variants)
    assert inputs.element_mask.sum(-1).tolist() == [[4], [3]]
    assert not answers.pointer[0].any()  # typing has no target to lose
    assert answers.pointer[1, 0, 0].nonzero().flatten().tolist() == [answers.pointer.shape[-1] - 1]
    assert answers.failure.flatten().tolist() == [0, 1]
    assert (answers.labels[1, 0, 1:] == ABSENT).all()


def test_a_page_that_a_target_was_taken_from_is_seen_as_one_that_never_had_it() -> None:
    how = Augmentation(target_gone=1, other_gone=0, misread=0, renamed=0, pointer_elsewhere=0)
    (_, step) = read_episode(episode(1), None)
    without, is_gone = variant(how, 0, 1).change(step)
    assert is_gone
    shown = episode(1).steps[1].observation
    kept = [
        each
        for each, is_target in zip(shown.elements, step.targets.accepted[0], strict=True)
        if not is_target
    ]
    assert len(kept) == len(shown.elements) - 1
    wanted = featurise(replace(shown, elements=tuple(kept)))
    for each in fields(StepFeatures):
        seen = getattr(without.features, each.name)
        assert np.array_equal(seen, getattr(wanted, each.name)), each.name


def test_the_pointer_is_put_over_elements_of_pages_that_nobody_has_touched_and_no_others() -> None:
    how = Augmentation(target_gone=0, target_renamed=0, other_gone=0, pointer_elsewhere=1)

    def pointed(cursor: tuple[int, int]) -> set[tuple[float, ...]]:
        shown = replace(episode(1).steps[0].observation, cursor=cursor)
        moved = replace(episode(1), steps=[replace(episode(1).steps[0], observation=shown)])
        (step,) = read_episode(moved, None)
        changed = [variant(how, 0, place).change(step)[0] for place in range(40)]
        return {tuple(each.features.numbers[:, POINTED].tolist()) for each in changed}

    untouched = {tuple(row) for row in np.eye(4).tolist()}  # over any of the four, and no other
    assert pointed((0, 0)) == untouched
    field = page(1).elements[3].box
    assert pointed((field[0] + 1, field[1] + 1)) == {(0, 0, 0, 1)}


def test_each_element_is_matched_with_each_word() -> None:
    observation = page(4)
    features = featurise(observation)
    assert features.matches.shape == (4, len(features.words), 8)
