"""Controls change hands as the table says, and policies are found by their names."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents.reference import Null
from harness.control import (
    ALLOWED,
    Handover,
    Phase,
    decide,
    failures_of,
    hand_over,
    load_policy,
    thresholds_of,
)
from harness.errors import ConfigError, TransitionError
from recorder.schema import AgentContext, Decision, Done, Observation, Thresholds

PHASES = st.sampled_from(Phase)
THEIRS = '''
from recorder.schema import Decision, Done


class Finisher:
    """Says that it is done."""

    thresholds = "none"

    def __init__(self, novelty="1"):
        self.novelty = float(novelty)

    def decide(self, batch):
        return [Decision(Done(), 1.0, self.novelty) for _ in batch]


def broken():
    raise RuntimeError("their own mistake")


class Nothing:
    pass


SIX = 6
'''


@given(PHASES, PHASES, st.integers(0))
def test_controls_change_hands_only_as_the_table_says(
    source: Phase, target: Phase, t_ms: int
) -> None:
    if target in ALLOWED[source]:
        handover = hand_over(source, target, t_ms=t_ms, reason="so")
        assert handover == Handover(source=source, target=target, t_ms=t_ms, reason="so")
    else:
        with pytest.raises(TransitionError, match=f"cannot go from {source} to {target}; allowed"):
            hand_over(source, target, t_ms=t_ms, reason="so")


def test_every_phase_is_in_the_table_and_can_end_and_the_end_is_final() -> None:
    assert set(ALLOWED) == set(Phase)
    assert all(Phase.ENDED in ALLOWED[phase] for phase in Phase if phase is not Phase.ENDED)
    assert ALLOWED[Phase.ENDED] == frozenset()
    assert all(phase not in ALLOWED[phase] for phase in Phase)


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody else's in the current folder."""
    (tmp_path / "their_package.py").write_text(THEIRS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "their_package", raising=False)


@pytest.mark.usefixtures("theirs")
def test_a_factory_is_found_in_the_current_folder_and_takes_an_argument() -> None:
    (decision,) = load_policy("their_package:Finisher").decide([None])  # pyright: ignore[reportArgumentType]
    assert decision.novelty == 1
    (decision,) = load_policy("their_package:Finisher@.5").decide([None])  # pyright: ignore[reportArgumentType]
    assert decision.novelty == 0.5


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("their_package", "package:factory@argument"),
        (":Finisher", "package:factory@argument"),
        ("their_package:", "package:factory@argument"),
        ("nowhere:nothing", "No module named 'nowhere'"),
        ("their_package:nothing", "no attribute 'nothing'"),
        ("their_package:SIX", "not a callable"),
        ("their_package:broken@6", "too many positional arguments"),
        ("their_package:Nothing", "which has no method decide"),
    ],
)
def test_what_makes_no_policy_is_refused_in_one_sentence(spec: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        load_policy(spec)
    assert spec in str(refused.value)


@pytest.mark.usefixtures("theirs")
def test_a_mistake_inside_a_factory_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="their own mistake"):
        load_policy("their_package:broken")


class Colleague:
    """Decides by itself, or says that it waits; keeps in which thread it did."""

    def __init__(self, *, waits: bool) -> None:
        self.waits = waits
        self.failures = Counter({"timeout": 2})
        self.threads: list[int] = []

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        self.threads.append(threading.get_ident())
        return [Decision(Done(), 1.0, 1.0) for _ in batch]


@pytest.mark.parametrize("waits", [True, False])
async def test_a_policy_that_waits_for_others_does_so_in_a_thread(waits: bool) -> None:
    policy = Colleague(waits=waits)
    context = AgentContext("a", Observation(np.zeros((2, 2, 3), np.uint8), (0, 0), 0))
    assert (await decide(policy, context)).action == Done()
    assert (policy.threads != [threading.get_ident()]) == waits


def test_failures_are_counted_where_a_policy_counts_them() -> None:
    assert failures_of(Colleague(waits=True)) == {"timeout": 2}
    assert failures_of(Null()) == {}


@pytest.mark.usefixtures("theirs")
def test_thresholds_are_the_policys_own_and_nothing_else() -> None:
    with pytest.raises(ConfigError, match=r"Finisher\.thresholds is a str; allowed: Thresholds"):
        thresholds_of(load_policy("their_package:Finisher"))
    policy = load_policy("their_package:Finisher")
    own = Thresholds(ask_below=0.1, resume_above=0.2, novel_below=0, irreversible_below=0.9)
    for thresholds in (None, own):
        policy.thresholds = thresholds  # pyright: ignore[reportAttributeAccessIssue]
        assert thresholds_of(policy) is thresholds
