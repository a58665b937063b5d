"""Who plays the rows of a suite, and under which conditions."""

from __future__ import annotations

import msgspec
import pytest

from harness.control import load_policy
from harness.errors import ConfigError
from harness.gate import SILENT
from harness.measure.report.rows import RowName
from harness.modes.triggers import OperatorMode, trigger
from harness.run.manifests import load
from harness.run.rows import FORWARD_ROWS, ROWS, cast, rows_of, with_trainings
from harness.run.suite import policies_of
from tests.harness.run.fakes import POLICY, episodes, request, shifts


@pytest.mark.parametrize("row", [*ROWS, "ours@0.7", "random-trigger@0.1"])
def test_every_row_has_a_policy_and_a_trigger_that_exist(row: str) -> None:
    casting = cast(RowName.parse(row), "tests.harness.run.fakes:Clicker")
    assert load_policy(casting.policy)
    assert trigger(casting.trigger, SILENT, 0)


def test_a_person_alone_does_all() -> None:
    assert cast(RowName.parse("human-only"), "p:q").operator is OperatorMode.DOES_ALL


@pytest.mark.parametrize("row", ["mine", "null@0.5", "random-trigger", "never-ask@1"])
def test_a_row_that_does_not_exist_is_refused(row: str) -> None:
    with pytest.raises(ConfigError, match=r"no row .*allowed: ours, null"):
        cast(RowName.parse(row), "p:q")


def test_without_a_word_a_suite_has_every_row_for_comparison() -> None:
    assert rows_of(episodes().work) == ROWS
    assert rows_of(load("forward").work) == FORWARD_ROWS


def test_on_shifts_ours_has_every_condition_and_the_others_one() -> None:
    found = rows_of(shifts().work, ("ours", "null"))
    ours = {row for row in found if row.startswith("ours")}
    assert ours == {
        "ours/N=1/fifo",  # one agent leaves nothing to choose
        "ours/N=2/fifo",
        "ours/N=2/random",
        "ours/N=4/fifo",
        "ours/N=4/random",
    }
    assert set(found) - ours == {"null/N=2/fifo"}


def test_conditions_can_be_chosen() -> None:
    found = rows_of(shifts().work, ("ours", "null"), n_agents=[4], allocators=["random"])
    assert found == ("ours/N=4/random", "null/N=4/random")


@pytest.mark.parametrize(
    ("n_agents", "allocators", "words"),
    [([3], [], "no number of agents 3"), ([], ["lifo"], "no allocator lifo")],
)
def test_a_condition_that_is_not_in_the_manifest_is_refused(
    n_agents: list[int], allocators: list[str], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        rows_of(shifts().work, (), n_agents, allocators)


def test_each_training_of_the_policy_has_a_row_of_its_own() -> None:
    names = with_trainings(("ours", "null"), 2)
    assert rows_of(episodes().work, names) == ("ours#0", "ours#1", "null")
    asked = msgspec.structs.replace(request(rows=names), trainings=("other:seed",))
    assert policies_of(asked)[:2] == (POLICY, "other:seed")
    with pytest.raises(ConfigError, match="there are 2, counted from 0"):
        policies_of(msgspec.structs.replace(asked, rows=("ours#2",)))
    with pytest.raises(ConfigError, match="only ours has several trainings"):
        policies_of(msgspec.structs.replace(asked, rows=("null#1",)))


def test_single_episodes_have_no_agents_to_choose() -> None:
    with pytest.raises(ConfigError, match="only a manifest of shifts"):
        rows_of(episodes().work, ("ours",), [4])
