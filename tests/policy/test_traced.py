"""The network as a graph: the same answers, to the last bit, whatever is on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
import torch

from policy.config import UnderstudyConfig, config_of_size
from policy.features import featurise
from policy.loader import inputs_of
from policy.model import Inputs, Outputs, UnderstudyModel
from policy.observe import ObserveConfig, observe
from policy.traced import TracedModel
from recorder.schema import Observation
from tests.policy.worlds import page


@pytest.fixture(params=[True, False], ids=["pixels", "elements"])
def model(request: pytest.FixtureRequest) -> UnderstudyModel:
    torch.manual_seed(0)
    return UnderstudyModel(config_of_size("tiny", sees_pixels=request.param)).eval()


def asked(model: UnderstudyModel, *shown: Observation, fovea: bool = False) -> Inputs:
    """Return one step alone of each of some agents."""
    rows = [
        [(featurise(each), view.frame, view.fovea if fovea else None)]
        for each in shown
        for view in (observe(each, ObserveConfig()),)
    ]
    return inputs_of(rows, cast(UnderstudyConfig, model.config))


def same(one: Outputs, two: Outputs) -> bool:
    """Say whether two answers are the same to the last bit."""
    return all(torch.equal(*parts) for parts in zip(one, two, strict=True))


@torch.inference_mode()
def test_a_graph_answers_as_the_network_it_was_made_of(model: UnderstudyModel) -> None:
    traced = TracedModel(model)
    for seed, elements, words in ((1, 4, 40), (2, 0, 40), (3, 1, 0), (4, 3, 7), (5, 4, 200)):
        drawn = page(seed)
        shown = replace(drawn, elements=drawn.elements[:elements], goal=(drawn.goal * 9)[:words])
        for fovea in (False, True):
            inputs = asked(model, shown, fovea=fovea)
            assert same(traced(inputs), model(inputs))


@torch.inference_mode()
def test_several_agents_are_answered_as_ever(model: UnderstudyModel) -> None:
    traced = TracedModel(model)
    for count in (2, 1, 3):
        inputs = asked(model, *map(page, range(count)))
        assert same(traced(inputs), model(inputs))


@torch.inference_mode()
def test_a_graph_is_recorded_once_for_each_kind_of_picture(
    model: UnderstudyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    trace = torch.jit.trace

    def counting(*args: Any, **named: Any) -> Any:
        recorded.append(args)
        return trace(*args, **named)

    monkeypatch.setattr(torch.jit, "trace", counting)
    traced = TracedModel(model)
    for seed in range(5):
        traced(asked(model, page(seed), fovea=seed % 2 == 0))
    assert len(recorded) == (2 if model.config.sees_pixels else 1)
