"""What makes agents ask."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.gate import Reason
from harness.measure.events import PlannedEpisode
from harness.modes.triggers import Moment, trigger
from harness.tasks.task import HumanTime
from recorder.schema import AgentContext, Ask, Click, Decision, Observation, Thresholds

THRESHOLDS = Thresholds(
    ask_below=0.5, resume_above=0.6, novel_below=0.05, irreversible_below=0.7, repeats=50
)
EPISODE = PlannedEpisode(
    task="miniwob-click-test", seed=1, human=HumanTime(seconds=2, sd_log=0.4, n=30)
)
SEEN = Observation(pixels=np.zeros((210, 160, 3), np.uint8), cursor=(0, 0), t_ns=0)


@dataclass(frozen=True)
class Nothing:
    """A page that no expert is asked about."""

    goal: str = ""
    milestones: int = 0
    faults: Sequence[str] = ()

    async def read(self, function: str, *values: Any) -> Any:
        """Refuse: only oracles look behind the screen."""
        raise AssertionError(function)


def reasons(name: str, p_accepts: Sequence[float], seed: int = 7) -> list[Reason | None]:
    """What a trigger says of decisions of these acceptances, one after another."""
    asking = trigger(name, THRESHOLDS, seed)

    async def ask(step: int, p_accept: float) -> Reason | None:
        decision = Decision(Click(x=step, y=1), p_accept=p_accept, novelty=0.5)
        return await asking.reason(
            Moment(EPISODE, Nothing(), AgentContext("a", SEEN, step), decision)
        )

    async def all_of_them() -> list[Reason | None]:
        return [await ask(step, each) for step, each in enumerate(p_accepts)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    ("name", "p_accept", "reason"),
    [
        ("own", 0.4, Reason.RISK),
        ("own", 0.6, None),
        ("own:0.9", 0.8, Reason.RISK),
        ("own:0.1", 0.2, None),
        ("never", 0.0, None),
        ("always", 1.0, Reason.RISK),
        ("random:0", 0.0, None),
        ("random:1", 1.0, Reason.RISK),
    ],
)
def test_each_asks_by_its_own_rule(name: str, p_accept: float, reason: Reason | None) -> None:
    assert reasons(name, [p_accept]) == [reason]


def test_a_policy_that_asks_is_heard_by_its_own_gate_only() -> None:
    async def ask(name: str) -> Reason | None:
        decision = Decision(Ask(), p_accept=1.0, novelty=1.0)
        moment = Moment(EPISODE, Nothing(), AgentContext("a", SEEN), decision)
        return await trigger(name, THRESHOLDS, 7).reason(moment)

    assert asyncio.run(ask("own")) is Reason.ASKED
    assert asyncio.run(ask("never")) is None


@given(share=st.floats(0, 1), more=st.floats(0, 1))
def test_a_larger_share_asks_wherever_a_smaller_one_does(share: float, more: float) -> None:
    less, most = sorted((share, more))
    few = reasons(f"random:{less}", [0.5] * 40)
    many = reasons(f"random:{most}", [0.5] * 40)
    assert all(b for a, b in zip(few, many, strict=True) if a)


def test_chance_asks_in_about_its_share_of_steps() -> None:
    asked = [bool(each) for each in reasons("random:0.3", [0.5] * 1000)]
    assert 0.25 < sum(asked) / 1000 < 0.35
    assert asked != [bool(each) for each in reasons("random:0.3", [0.5] * 1000, seed=8)]


@pytest.mark.parametrize(
    "name", ["", "sometimes", "own:", "own:x", "random", "random:1.5", "never:1"]
)
def test_what_is_no_trigger_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        trigger(name, THRESHOLDS, 7)
