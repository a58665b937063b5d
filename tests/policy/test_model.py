"""The network: sizes on one dial, no looking ahead, any vision backbone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import DINOv3ViTConfig, DINOv3ViTModel

from policy.config import UnderstudyConfig, config_of_size
from policy.encoders import BackboneEncoder
from policy.errors import ConfigError
from policy.features import ROLE_GRAMS, TEXT_GRAMS, VALUE_GRAMS, featurise
from policy.layers import rooted
from policy.loader import inputs_of
from policy.model import Inputs, UnderstudyModel
from policy.observe import ObserveConfig, observe
from policy.settings import Size, TrainConfig
from policy.train import new_model
from tests.policy.worlds import page


def _inputs(config: UnderstudyConfig, seeds: tuple[int, ...]) -> Inputs:
    row = [
        (featurise(page(seed)), view.frame, view.fovea)
        for seed in seeds
        for view in (observe(page(seed), ObserveConfig()),)
    ]
    return inputs_of([row], config)


@pytest.mark.parametrize(
    ("size", "low", "high"), [("tiny", 1.0e6, 3e6), ("small", 8e6, 2e7), ("base", 8e7, 1.2e8)]
)
def test_one_dial_sets_the_size(size: Size, low: float, high: float) -> None:
    with torch.device("meta"):
        model = UnderstudyModel(config_of_size(size))
    assert low < sum(each.numel() for each in model.parameters()) < high


def test_no_step_sees_what_comes_after_it() -> None:
    torch.manual_seed(0)
    config = config_of_size("tiny", context=3)
    model = UnderstudyModel(config).eval()
    with torch.inference_mode():
        one, other = model(_inputs(config, (1, 2, 3))), model(_inputs(config, (1, 2, 9)))
    assert torch.allclose(one.labels[:, :2], other.labels[:, :2], atol=1e-5)
    assert not torch.allclose(one.labels[:, 2], other.labels[:, 2], atol=1e-3)


def test_earlier_steps_matter() -> None:
    torch.manual_seed(0)
    config = config_of_size("tiny", context=2)
    model = UnderstudyModel(config).eval()
    with torch.inference_mode():
        one, other = model(_inputs(config, (1, 5))), model(_inputs(config, (2, 5)))
    assert not torch.allclose(one.labels[:, 1], other.labels[:, 1], atol=1e-4)


def test_what_is_filled_up_changes_nothing() -> None:
    torch.manual_seed(0)
    config = config_of_size("tiny", sees_pixels=False)
    model = UnderstudyModel(config).eval()
    one = (featurise(page(1)), None, None)
    many = featurise(replace(page(2), goal=page(2).goal * 3, elements=page(2).elements * 2))
    with torch.inference_mode():
        alone = model(inputs_of([[one]], config))
        beside = model(inputs_of([[one], [(many, None, None)]], config))
    assert torch.allclose(alone.labels[0], beside.labels[0], atol=1e-5)


@pytest.mark.parametrize("pixels", [True, False])
@pytest.mark.parametrize("fields", [4, 0])
def test_one_step_alone_is_answered_as_beside_another(*, pixels: bool, fields: int) -> None:
    torch.manual_seed(0)
    config = config_of_size("tiny", sees_pixels=pixels)
    model = UnderstudyModel(config).eval()
    shown = replace(page(1), elements=page(1).elements[:fields])
    view = observe(shown, ObserveConfig()) if pixels else None
    row = [(featurise(shown), view.frame if view else None, view.fovea if view else None)]
    with torch.inference_mode():
        alone, beside = model(inputs_of([row], config)), model(inputs_of([row, row], config))
    for one, two in zip(alone, beside, strict=True):
        assert one.shape[1:] == two.shape[1:]
        assert torch.allclose(one[0], two[1], atol=1e-5)


def test_a_text_is_the_sum_of_its_grams_over_the_root_of_their_number() -> None:
    torch.manual_seed(0)
    model = UnderstudyModel(config_of_size("tiny", sees_pixels=False))
    features = featurise(page(1))
    words = torch.from_numpy(features.words.astype(np.int64))[None]
    elements = torch.from_numpy(features.elements.astype(np.int64))[None]
    said, fields = model._bags(words, elements)  # pyright: ignore[reportPrivateUsage]
    parts = elements.split([TEXT_GRAMS, ROLE_GRAMS, VALUE_GRAMS], dim=-1)
    for grams, made in zip((words, *parts), (said, *fields.chunk(3, dim=-1)), strict=True):
        number = (grams > 0).sum(-1, keepdim=True)
        wanted = model.table(grams).sum(-2) / number.clamp(min=1).sqrt()
        assert torch.allclose(made, wanted, atol=1e-5)
    # nothing is learned of what is not there
    (said.sum() + fields.sum()).backward()
    assert model.table.weight.grad is not None
    assert not model.table.weight.grad[0].any()


def test_a_norm_is_that_of_the_root_of_the_mean_square() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 8), torch.randn(8)
    wanted = functional.rms_norm(x, (8,), weight, eps=1e-12)
    assert torch.allclose(rooted(x, weight), wanted, atol=1e-6)
    assert not rooted(torch.zeros(1, 8), weight).any()


def test_a_vision_backbone_is_taken_from_a_folder(tmp_path: Path) -> None:
    inner = DINOv3ViTConfig(
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        patch_size=16,
    )
    source = DINOv3ViTModel(inner)
    source.save_pretrained(tmp_path)
    config = config_of_size("tiny", encoder=str(tmp_path))
    model = new_model(config, TrainConfig().seed).eval()
    assert isinstance(model.encoder, BackboneEncoder)
    taken = model.encoder.backbone.state_dict()
    assert all(torch.equal(taken[name], each) for name, each in source.state_dict().items())
    with torch.inference_mode():
        outputs = model(_inputs(config, (1,)))
    assert outputs.pointer.shape[-1] == 4 + 140 + 1


def test_no_backbone_is_ever_fetched() -> None:
    with pytest.raises(ConfigError, match="no screen encoder 'facebook/dinov2-small'"):
        UnderstudyModel(config_of_size("tiny", encoder="facebook/dinov2-small"))


def test_an_unknown_size_is_refused() -> None:
    with pytest.raises(ConfigError, match="allowed: tiny, small, base"):
        config_of_size("huge")  # pyright: ignore[reportArgumentType]
