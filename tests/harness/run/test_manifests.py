"""A frozen manifest stays what it was; whoever changes it is found out."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.demonstrate.plan import has_experts
from harness.errors import ConfigError, UnknownTaskError
from harness.modes.allocators import ALLOCATORS
from harness.run.drawing import FIRST_SEED
from harness.run.freezing import shipped
from harness.run.manifests import (
    SHIPPED,
    Episodes,
    Forward,
    Frozen,
    FrozenEpisode,
    Mode,
    Shifts,
    freeze,
    load,
    read,
    to_json,
)
from harness.tasks.registry import web_task
from harness.tasks.shifts import is_novel_task
from tests.harness.measure.stories import MANY
from tests.harness.run.fakes import episodes


@pytest.mark.parametrize("made", shipped(), ids=lambda made: made.name)
def test_what_is_shipped_is_what_its_maker_makes(made: Frozen) -> None:
    assert load(made.name).work == made.work


@pytest.mark.parametrize("name", SHIPPED)
def test_every_task_that_is_shipped_can_be_done_and_helped_with(name: str) -> None:
    frozen = load(name)
    for episode in frozen.work.all_episodes:
        assert has_experts(web_task(episode.task))
        assert episode.seed >= FIRST_SEED


def test_smoke_is_small() -> None:
    assert 12 <= len(list(load("smoke").work.all_episodes)) <= 30


def test_core_has_forty_tasks_with_three_seeds_and_faults_in_a_share_of_them() -> None:
    frozen = load("core")
    every = list(frozen.work.all_episodes)
    assert len(frozen.tasks) >= 40
    assert all(sum(each.task == task for each in every) >= 3 for task in frozen.tasks)
    assert 0.1 < sum(bool(each.faults) for each in every) / len(every) < 0.5
    assert all(task.human.n for task in frozen.tasks.values())


def test_a_fifth_of_the_work_of_a_shift_is_novel() -> None:
    work = load("shift").work
    assert isinstance(work, Shifts)
    assert work.n_agents == (1, 2, 4, 8, 16)
    assert set(work.allocators) == set(ALLOCATORS)
    assert not any(is_novel_task(web_task(name)) for name in work.taught)
    for items in work.shifts:
        novel = [each for each in items if is_novel_task(web_task(each.task))]
        assert len(novel) / len(items) == pytest.approx(0.2)
        assert {each.task for each in items} - set(work.taught) == {each.task for each in novel}
        assert any("job" in web_task(each.task).tags for each in items)


def test_what_is_fast_forwarded_takes_people_four_seconds() -> None:
    frozen = load("forward")
    assert isinstance(frozen.work, Forward)
    assert frozen.mode is Mode.FAST_FORWARD
    assert len(frozen.tasks) >= 12
    assert all(task.human.seconds >= 4 for task in frozen.tasks.values())


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = episodes()
    (tmp_path / "mine.json").write_bytes(to_json(made))
    assert load(str(tmp_path / "mine.json")) == made


BODY = to_json(episodes())


@MANY
@given(place=st.floats(0, 1, exclude_max=True), new=st.sampled_from(b'0159azAZ"x,[]{}'))
def test_a_manifest_that_was_changed_is_refused(place: float, new: int) -> None:
    body = bytearray(BODY)
    body[int(place * len(body))] = new
    try:
        is_same = msgspec.json.decode(body) == msgspec.json.decode(BODY)
    except msgspec.DecodeError:
        is_same = False
    if is_same:
        assert read(bytes(body), "mine") == episodes()
    else:
        with pytest.raises(ConfigError, match="mine"):
            read(bytes(body), "mine")


def test_human_seconds_cannot_be_changed_by_hand() -> None:
    found = msgspec.json.decode(BODY)
    task = next(iter(found["tasks"]))
    found["tasks"][task]["human"]["seconds"] *= 2
    with pytest.raises(ConfigError, match="was changed"):
        read(msgspec.json.encode(found), "mine")


def test_a_manifest_of_another_version_of_a_task_is_refused() -> None:
    made = episodes()
    name, task = next(iter(made.tasks.items()))
    newer = {**made.tasks, name: msgspec.structs.replace(task, version=task.version + 1)}
    with pytest.raises(ConfigError, match="was changed"):
        read(to_json(msgspec.structs.replace(made, tasks=newer)), "mine")


def test_no_manifest_of_that_name_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match="smoke, core, shift, forward, or a file"):
        load("cor")


@pytest.mark.parametrize(
    ("every", "error", "words"),
    [
        ([], ConfigError, "no episode"),
        ([FrozenEpisode("miniwob-click-test", 1)] * 2, ConfigError, "twice"),
        ([FrozenEpisode("miniwob-click-tset", 1)], UnknownTaskError, "click-test"),
        ([FrozenEpisode("miniwob-click-test", 1, ("rain",))], ConfigError, "no fault rain"),
    ],
)
def test_what_cannot_be_played_is_not_frozen(
    every: list[FrozenEpisode], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        freeze("mine", Episodes(tuple(every)))
