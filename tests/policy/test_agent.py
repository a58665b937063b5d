"""Acting: an unchanged screen costs nothing, agents do not disturb each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from policy.actions import Kind
from policy.agent import Understudy, load
from policy.calibrate import SIGNS
from policy.checkpoint import load as saved_at
from policy.checkpoint import observe_config
from policy.data import Packing, pack
from policy.loader import collate
from policy.model import Inputs, Outputs
from policy.settings import TrainConfig
from policy.sight import Sight, scrambled
from policy.traced import TracedModel
from policy.train import train
from recorder.schema import AgentContext, Click, Drag, Element, KeyChord, Move, ScrollBy
from tests.policy.worlds import episode, page


@pytest.fixture(scope="module", params=["both", "elements", "pixels"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = TrainConfig(
        updates=2,
        batch=4,
        context=2,
        save_every=2,
        pixels=request.param != "elements",
        elements=request.param != "pixels",
        goal=request.param != "pixels",
    )
    folder = tmp_path_factory.mktemp("run")
    return train([episode(seed) for seed in range(4)], folder, config)


class Counted:
    """A model that counts how often it is asked, and keeps what it was given and said last."""

    def __init__(self, model: TracedModel) -> None:
        self.model, self.asked = model, 0
        self.given: Inputs | None = None
        self.said: Outputs | None = None

    def __call__(self, inputs: Inputs) -> Outputs:
        self.asked += 1
        self.given = inputs
        self.said = said = self.model(inputs)
        return said


def _counted(policy: Understudy, monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted(policy._model)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(policy, "_model", counted)
    return counted


def test_an_unchanged_screen_is_not_looked_at_again(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load(checkpoint)
    counted = _counted(policy, monkeypatch)
    first, again = page(1), page(1)
    (one,) = policy.consider([AgentContext("a", first, 0)])
    (two,) = policy.consider([AgentContext("a", again, 1)])
    assert counted.asked == 1
    assert one[0].action == two[0].action
    assert (one[1].features["repeats"], two[1].features["repeats"]) == (0, 1)
    policy.decide([AgentContext("a", page(2), 2)])
    assert counted.asked == 2


def test_keys_without_a_trace_are_remembered_where_elements_are_seen(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, copied = load(checkpoint), KeyChord(key="c", modifiers=("ctrl",))
    counted = _counted(policy, monkeypatch)
    for step, last in enumerate((None, copied, copied, Click(x=1, y=1))):
        policy.decide([AgentContext("a", page(1), step, last)])
    # before it, after it, and once a pointer would have shown
    assert counted.asked == (3 if saved_at(checkpoint).config.sees_elements else 1)


def test_what_is_planned_ahead_is_not_taken_for_what_was_seen(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, copied = load(checkpoint), KeyChord(key="c", modifiers=("ctrl",))
    for step, seen in enumerate((page(1), page(2), page(3))):
        policy.decide([AgentContext("a", seen, step)])
    counted = _counted(policy, monkeypatch)
    policy.decide([AgentContext("a", page(1), 1, copied)])
    assert counted.given
    assert counted.given.unseen[0, -1].any() == saved_at(checkpoint).config.sees_elements
    policy.decide([AgentContext("a", page(3), 2, copied)])
    assert not counted.given.unseen[0, -1].any()


def test_agents_side_by_side_decide_as_they_would_alone(checkpoint: Path) -> None:
    policy = load(checkpoint)
    pages = [page(seed) for seed in range(5)]
    pages[2] = replace(pages[2], goal=pages[2].goal + " Then go on and on.", elements=())
    # a screen that is shrunk has a fovea, and others beside it have none
    pages[3] = replace(pages[3], pixels=pages[3].pixels.repeat(2, axis=0).repeat(2, axis=1))
    together = policy.consider([AgentContext(str(n), each) for n, each in enumerate(pages)])
    for number, each in enumerate(pages):
        (alone,) = load(checkpoint).consider([AgentContext("x", each)])
        assert alone[0].action == together[number][0].action
        assert alone[0].p_accept == pytest.approx(together[number][0].p_accept, abs=1e-4)


def test_acting_sees_what_training_saw(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, shown = load(checkpoint), episode(5)
    loaded = saved_at(checkpoint)
    counted = _counted(policy, monkeypatch)
    shard = pack([shown], str(tmp_path), Packing(observe_config(loaded.config))).shard(0)
    inputs, _ = collate([[shard.step(0), shard.step(1)]], loaded.config)
    with torch.inference_mode():
        learned = loaded.model(inputs)
    for number, step in enumerate(shown.steps):
        policy.decide([AgentContext("a", step.observation, number)])
        assert counted.said
        for said, wanted in zip(counted.said, learned, strict=True):
            # a shard keeps half of the digits
            assert torch.allclose(said[0, -1], wanted[0, number], atol=2e-3)


def test_evidence_has_every_feature_and_is_finite(checkpoint: Path) -> None:
    ((decision, evidence),) = load(checkpoint).consider([AgentContext("a", page(3))])
    of_reading = {"goal_read", "target_read"}
    assert set(evidence.features) == set(SIGNS) - of_reading
    assert np.isfinite(list(evidence.features.values())).all()
    sides = {"trunk", "screen", "goal", "words", "elements", "picture", "target"}
    assert set(evidence.sides) == sides
    assert all(np.isfinite(side).all() and side.ndim == 1 for side in evidence.sides.values())
    assert 0 <= decision.p_accept <= 1
    for action, share in decision.alternatives:
        assert action != decision.action
        assert share <= decision.p_accept + 1e-9


def test_what_a_policy_does_not_see_is_no_side(checkpoint: Path) -> None:
    config = saved_at(checkpoint).config
    ((_, evidence),) = load(checkpoint).consider([AgentContext("a", page(3))])
    assert (len(evidence.sides["picture"]) > 0) == config.sees_pixels
    assert (len(evidence.sides["elements"]) > 0) == config.sees_elements
    assert (len(evidence.sides["target"]) > 0) == config.sees_elements
    assert (len(evidence.sides["goal"]) > 0) == config.sees_goal


def test_a_calibrator_that_is_not_asked_for_is_not_read(checkpoint: Path) -> None:
    (checkpoint / "calibrator.json").write_text("of other weights")
    try:
        (decision,) = load(checkpoint, calibrated=False).decide([AgentContext("a", page(3))])
    finally:
        (checkpoint / "calibrator.json").unlink()
    assert decision.novelty == 1


def test_actions_are_on_the_screen(checkpoint: Path) -> None:
    policy = load(checkpoint)
    for seed in range(10):
        (decision,) = policy.decide([AgentContext("a", page(seed))])
        match decision.action:
            case Click(x=x, y=y) | Move(x=x, y=y) | ScrollBy(x=x, y=y):
                assert 0 <= x < 160
                assert 0 <= y < 210
            case Drag(path=path):
                assert all(0 <= x < 160 and 0 <= y < 210 for x, y in path)
            case _:
                pass


def test_the_blind_see_no_difference_between_pages(checkpoint: Path) -> None:
    policy = load(checkpoint, sight=Sight.BLIND)
    one, other = page(1), page(2)
    other = replace(other, goal=one.goal)
    (first,), (second,) = (policy.decide([AgentContext("a", each, 0)]) for each in (one, other))
    assert (first.action, first.p_accept) == (second.action, second.p_accept)


def test_who_sees_little_decides_beside_who_sees_much_as_alone(checkpoint: Path) -> None:
    loaded, shown = saved_at(checkpoint), page(3)
    labels = loaded.model.label_head.bias.view(loaded.config.members, -1)
    with torch.no_grad():
        labels[:, Kind.CLICK] = 1e3  # kinds come first
    policy = Understudy(loaded)
    for count in range(1, 3):
        little = replace(shown, elements=shown.elements[:count])
        _, beside = policy.decide([AgentContext("a", shown), AgentContext("b", little)])
        (alone,) = policy.decide([AgentContext("c", little)])
        assert isinstance(alone.action, Click)
        assert beside.action == alone.action
        assert [each for each, _ in beside.alternatives] == [each for each, _ in alone.alternatives]


def test_scrambled_words_are_others_of_the_same_kind_each_time_the_same() -> None:
    (one, other) = scrambled(
        [
            Element(role="button", box=(0, 0, 9, 9), name="Log in 2x", text="Log in 2x"),
            Element(role="textbox", box=(0, 20, 9, 9), value="a-b"),
        ]
    )
    assert one.name == one.text != "Log in 2x"
    assert [len(word) for word in one.name.split(" ")] == [3, 2, 2]
    for said, letter in zip(one.name, "Log in 2x", strict=True):
        assert (said.isupper(), said.islower(), said.isdigit()) == (
            *(letter.isupper(), letter.islower(), letter.isdigit()),
        )
        assert said != letter or letter == " "
    assert other.value[1] == "-"
    assert (one.role, one.box) == ("button", (0, 0, 9, 9))


def test_a_policy_that_sees_scrambled_words_still_sees_where_they_are(checkpoint: Path) -> None:
    shown = page(1)
    policy = load(checkpoint, sight=Sight.SCRAMBLED)
    plain = load(checkpoint)
    (one,), (two,) = (each.consider([AgentContext("a", shown)]) for each in (policy, plain))
    reads = saved_at(checkpoint).config.sees_elements
    assert (one[1].features != two[1].features) == reads
    assert np.array_equal(one[1].sides["screen"], two[1].sides["screen"])


def test_bits_are_told_for_each_step(checkpoint: Path) -> None:
    found = load(checkpoint).bits(episode(7))
    assert len(found) == 2
    for step in found:
        assert {"kind", "time", "pointer", "text", "key", "rest"} <= set(step)
        assert all(value >= -1e-4 for value in step.values())
    assert found[0]["pointer"] == 0  # typing has no place
    assert found[1]["pointer"] > 0
