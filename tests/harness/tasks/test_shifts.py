"""A shift is the same work each time, and novel as often as was asked."""

from __future__ import annotations

import math
from itertools import islice

import pytest

from harness.errors import ConfigError
from harness.tasks.faults import Fault
from harness.tasks.registry import web_tasks
from harness.tasks.shifts import (
    ShiftConfig,
    family_of,
    is_novel_task,
    shift,
    shift_item,
    split_manifest,
)

_DRAWN = 2000


def test_a_piece_of_work_is_the_same_without_those_before_it() -> None:
    config = ShiftConfig(faulty=0.5)
    drawn = list(islice(shift(5, config), 50))
    assert [shift_item(5, index, config) for index in range(50)] == drawn


def test_another_seed_is_other_work() -> None:
    assert list(islice(shift(1), 20)) != list(islice(shift(2), 20))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 1.0])
def test_shares_are_what_was_asked_for(share: float) -> None:
    drawn = list(islice(shift(11, ShiftConfig(novel=share, jobs=share, faulty=share)), _DRAWN))
    spread = math.sqrt(_DRAWN * share * (1 - share))
    expected = pytest.approx(_DRAWN * share, abs=3.3 * spread)
    assert sum(item.is_novel for item in drawn) == expected
    assert sum("job" in item.task.tags for item in drawn) == expected
    assert sum(bool(item.faults) for item in drawn) == expected


def test_work_is_novel_where_it_says_so() -> None:
    for item in islice(shift(3, ShiftConfig(novel=0.5)), 200):
        assert item.is_novel == is_novel_task(item.task)
        assert item.human == item.task.human


def test_one_share_leaves_the_other_draws_alone() -> None:
    tidy, faulty = (list(islice(shift(4, ShiftConfig(faulty=share)), 100)) for share in (0.0, 1.0))
    assert [(item.task, item.seed) for item in tidy] == [(item.task, item.seed) for item in faulty]


def test_every_kind_of_fault_happens() -> None:
    drawn = islice(shift(6, ShiftConfig(faulty=1)), 300)
    assert {fault for item in drawn for fault in item.faults} == set(Fault)


def test_known_and_novel_are_apart_and_all_there_is() -> None:
    split = split_manifest()
    known, novel = set(split["known"]), set(split["novel"])
    assert not known & novel
    assert known | novel == set(web_tasks())
    pages = {
        name: {family_of(page) for task in names for page in web_tasks()[task].pages}
        for name, names in split.items()
    }
    singles = {
        family_of(web_tasks()[task].pages[0]) for task in novel if task.startswith("miniwob-")
    }
    assert not pages["known"] & singles, "a known job must hold no novel page"


def test_the_split_is_frozen() -> None:
    novel = [name for name in split_manifest()["novel"] if name.startswith("miniwob-")]
    families = sorted({family_of(name.removeprefix("miniwob-")) for name in novel})
    assert families == [
        "circle-center",
        "click-checkboxes",
        "click-collapsible",
        "click-option",
        "click-pie",
        "count-shape",
        "drag-shapes",
        "draw-circle",
        "enter-date",
        "find-greatest",
        "form-sequence",
        "guess-number",
        "multi-layouts",
        "multi-orderings",
        "order-food",
        "simple-arithmetic",
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"novel": 1.5}, "share from 0 to 1"),
        ({"faulty": 0.5, "faults": ()}, "name some"),
        ({"faults": ("flood",)}, "no fault flood; allowed: popup"),
    ],
)
def test_a_shift_that_cannot_be_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ShiftConfig(**wrong)  # pyright: ignore[reportArgumentType]


def test_a_seed_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="allowed: 0 to"):
        shift_item(-1, 0)
