"""Agents that know nothing do nothing, or anything, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from harness.agents.reference import Null, Random
from harness.control import Policy, load_policy
from harness.errors import ConfigError
from recorder.schema import AgentContext, Click, Done, Observation, TypeText, Wait


def context(
    step: int = 0, agent: str = "a", shade: int = 0, goal: str = "Press OK"
) -> AgentContext:
    pixels = np.full((21, 16, 3), shade, np.uint8)
    return AgentContext(agent, Observation(pixels, (0, 0), 0, goal), step)


def test_null_waits_for_ever_and_is_sure_of_it() -> None:
    policy: Policy = load_policy("harness.agents.reference:Null")
    assert isinstance(policy, Null)
    for decision in policy.decide([context(step) for step in range(5)]):
        assert isinstance(decision.action, Wait)
        assert decision.p_accept == 1


def test_random_draws_by_seed_step_and_screen_not_by_name_or_order() -> None:
    seen = [context(step, shade=shade) for step in range(20) for shade in range(3)]
    one = [decision.action for decision in Random(7).decide(seen)]
    assert len({repr(action) for action in one}) > len(one) / 2
    renamed = [context(each.step, "b", int(each.observation.pixels[0, 0, 0])) for each in seen]
    backwards = [Random("7").decide([each])[0].action for each in reversed(renamed)]
    assert backwards[::-1] == one
    other = [decision.action for decision in Random(8).decide(seen)]
    assert sum(a == b for a, b in zip(one, other, strict=True)) < len(one) / 4


def test_random_never_leaves_the_screen_and_never_claims_to_be_done() -> None:
    found = [Random().decide([context(step)])[0].action for step in range(400)]
    clicks = [action for action in found if isinstance(action, Click)]
    assert {action.x for action in clicks} == set(range(16))
    assert {action.y for action in clicks} == set(range(21))
    assert {action.text for action in found if isinstance(action, TypeText)} == {"Press", "OK"}
    assert not any(isinstance(action, Done) for action in found)


def test_random_types_something_even_without_a_goal() -> None:
    found = [Random().decide([context(step, goal="")])[0].action for step in range(60)]
    assert any(isinstance(action, TypeText) for action in found)


def test_a_seed_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="no seed 'dice'; allowed: a whole number"):
        load_policy("harness.agents.reference:Random@dice")
