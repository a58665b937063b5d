"""What one room asks of another is what the other gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import gate
from harness.control import Policy, load_policy, thresholds_of
from policy.agent import Understudy, load
from policy.evaluate import environments
from policy.settings import TrainConfig
from policy.train import train
from recorder.schema import AgentContext, Decision, Thresholds
from tests.policy.worlds import episode, page


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = TrainConfig(updates=1, batch=2, context=2, save_every=1, pixels=False)
    return train([episode(seed) for seed in range(2)], tmp_path_factory.mktemp("run"), config)


def test_the_understudy_is_a_policy_of_the_harness_by_its_name_alone(checkpoint: Path) -> None:
    policy: Policy = load(checkpoint)  # as the type checker sees it
    policy = load_policy(f"policy.agent:load@{checkpoint}")
    assert isinstance(policy, Understudy)
    assert thresholds_of(policy) is None  # it was not calibrated
    (decision,) = policy.decide([AgentContext("a", page(3))])
    assert isinstance(decision, Decision)


def test_the_harnesss_gate_watches_over_an_evaluation(checkpoint: Path) -> None:
    always = Thresholds(ask_below=2, resume_above=2, novel_below=2, irreversible_below=2)
    watching: environments.Gate = gate.Gate(always)
    policy: environments.Policy = load(checkpoint)
    context = AgentContext("a", page(3))
    assert watching.reason(context, policy.decide([context])[0]) == gate.Reason.NOVELTY
