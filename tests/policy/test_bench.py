"""The benchmark of the policy measures what it says, and its peer is one."""

from __future__ import annotations

import json
from random import Random

import pytest
import torch

from policy.actions import ABSENT, encode
from policy.bench import run, table
from policy.bench.pages import HEIGHT_PX, WIDTH_PX, contexts, episodes, page
from policy.bench.peer import Peer, PeerPolicy
from policy.bench.run import updates_per_s
from policy.errors import ConfigError
from policy.observe import ObserveConfig, batch, observe
from policy.train import TrainConfig, network_config, new_model

TINY = network_config(TrainConfig())


def test_pages_follow_from_their_seed_and_are_all_different() -> None:
    one, two = page(Random(3)), page(Random(3))
    assert (one.pixels == two.pixels).all()
    assert (one.goal, one.elements) == (two.goal, two.elements)
    seen = [context.observation for turn in contexts(4, 2, 0) for context in turn]
    assert len({observation.pixels.tobytes() for observation in seen}) == 8
    assert len({observation.goal for observation in seen}) == 8


def test_what_is_demonstrated_hits_an_element_of_the_page() -> None:
    for episode in episodes(5, seed=1):
        for step in episode.steps:
            ((x, y),) = encode(step.action, step.observation)[0].points
            boxes = [element.box for element in step.observation.elements]
            assert any(a <= x < a + w and b <= y < b + h for a, b, w, h in boxes)
            assert x < WIDTH_PX
            assert y < HEIGHT_PX
            assert step.observation.t_ns < step.t_ns


def test_the_peer_is_as_large_as_we_are() -> None:
    parameters = sum(each.numel() for each in new_model(TINY, 0).parameters())
    peer = sum(each.numel() for each in Peer(TINY, parameters).parameters())
    assert peer == pytest.approx(parameters, rel=0.1)


def test_the_peer_decides_for_each_agent_by_what_it_sees() -> None:
    torch.manual_seed(0)
    policy = PeerPolicy(Peer(TINY, 0), ObserveConfig())
    (turn,) = contexts(1, 3, seed=0)
    together = policy.decide(turn)
    apart = [policy.decide([context])[0] for context in turn]
    assert [each.action for each in together] == [each.action for each in apart]
    assert all(0 < each.p_accept <= 1 for each in together)


def test_the_peer_learns_what_it_is_shown() -> None:
    torch.manual_seed(0)
    peer = Peer(TINY, 0)
    step = episodes(1, seed=0)[0].steps[0]
    (event,) = encode(step.action, step.observation)
    view = observe(step.observation, ObserveConfig())
    frames = batch([view]).frames.repeat(2, 1, 1, 1)
    labels = torch.tensor([event.labels] * 2)
    assert (labels == ABSENT).any()
    places = torch.tensor([peer.bins_of(*view.to_frame(*event.points[0]))] * 2)
    optimizer = torch.optim.AdamW(peer.parameters(), lr=1e-3)
    losses: list[float] = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = peer.loss(frames, labels, places)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize(
    ("moments", "rate"), [([0, 2], 0.5), ([0, 9, 10, 11], 1.0), ([0, 10, 20, 20.5, 21], 2.0)]
)
def test_a_rate_is_that_of_the_later_half(moments: list[float], rate: float) -> None:
    assert updates_per_s(moments) == rate


def test_a_rate_of_one_update_is_refused() -> None:
    said: list[str] = []
    with pytest.raises(ConfigError, match="at least 2"):
        run(TrainConfig(updates=1), seconds=0, report=said.append)
    assert not said


@pytest.mark.slow
def test_a_run_has_every_figure_and_a_table() -> None:
    said: list[str] = []
    figures = run(TrainConfig(updates=2, batch=2), seconds=0, report=said.append)
    assert json.loads(json.dumps(figures)) == figures
    for row in ("", "_elements", "_peer"):
        for name in ("decision_ms_p50", "decision_cpu_ms_p50", "decision_ms_p50_8"):
            assert figures[name + row] > 0
        assert figures[f"training_updates_per_s{row}"] > 0
    # what was seen before is not looked at again
    assert figures["unchanged_frame_cpu_ms"] < figures["decision_cpu_ms_p50"] / 5
    assert 0 <= figures["data_wait_share"] <= 1
    assert figures["flops_per_update"] > figures["flops_per_update_elements"] > 1e8
    assert ("mfu" in figures) == torch.cuda.is_available()
    assert len(said) == 5
    assert "ResNet + transformer" in table(figures)
