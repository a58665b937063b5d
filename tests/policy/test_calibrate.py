"""Confidence is calibrated, monotone and keeps its promises; what is saved belongs to one model."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from policy.calibrate import (
    ALWAYS,
    SIGNS,
    CalibrationRules,
    Calibrator,
    Evidence,
    HelpBudget,
    JudgedEpisode,
    fit_calibrator,
)
from policy.calibrate.acceptance import Decisions, fit_acceptance
from policy.calibrate.metrics import calibration_error
from policy.calibrate.thresholds import (
    Verdicts,
    alarm_threshold,
    flag_threshold,
    risk_threshold,
)
from policy.errors import CheckpointError, ConfigError, DataError

MODEL = "ab" * 32
DRAWS = 2000 if os.environ.get("UNDERSTUDY_SOAK") else 300
NAMES = ("log_prob", "spread_px", "none_prob")


def decisions(rng: np.random.Generator, n: int) -> Decisions:
    """Return decisions with three features, the first two of which tell right from wrong."""
    features = rng.normal(size=(n, 3)) * [2.0, 5.0, 1.0]
    right = rng.random(n) < expit(1 + features[:, 0] - 0.4 * features[:, 1])
    return Decisions(features, right, np.arange(n) // 4, np.ones(n, np.bool_))


def judged(rng: np.random.Generator, n: int = 40, length: int = 3) -> list[JudgedEpisode]:
    """Return episodes of a policy that is less sure where it is wrong."""
    episodes: list[JudgedEpisode] = []
    for _ in range(n):
        right = rng.random(length) < 0.9
        found = [
            Evidence(
                {"log_prob": float(rng.normal(2.0 * flag)), "repeats": 0.0},
                {"trunk": rng.normal(size=4).astype(np.float32), "goal": np.zeros(0, np.float32)},
            )
            for flag in right
        ]
        episodes.append(JudgedEpisode(found, [bool(flag) for flag in right], bool(right.all())))
    return episodes


# Acceptance ---------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(SIGNS)), st.floats(0.01, 1e6))
def test_acceptance_is_monotone_in_every_feature(seed: int, name: str, more: float) -> None:
    rng = np.random.default_rng(seed)
    names = tuple(SIGNS)
    features = rng.normal(size=(60, len(names)))
    # labels that speak against the signs: a free fit would turn the weights round
    right = rng.random(60) < expit(-features @ np.array(list(SIGNS.values())))
    acceptance = fit_acceptance(
        names, Decisions(features, right, np.arange(60) // 3, np.ones(60, np.bool_))
    ).acceptance
    column = names.index(name)
    raised = features.copy()
    raised[:, column] += more * SIGNS[name]
    assert np.all(acceptance.probabilities(raised) >= acceptance.probabilities(features))


def test_acceptance_is_calibrated_on_unseen_decisions() -> None:
    rng = np.random.default_rng(1)
    fit = fit_acceptance(NAMES, decisions(rng, 3000))
    features, right, *_ = decisions(rng, 3000)
    found = fit.acceptance.probabilities(features)
    assert calibration_error(found, right) < 0.04
    assert found[right].mean() > found[~right].mean() + 0.3


def test_acceptance_is_never_surer_than_of_what_it_was_fitted_on() -> None:
    found = decisions(np.random.default_rng(2), 400)
    features = found.features
    acceptance = fit_acceptance(NAMES, found).acceptance
    surest = acceptance.probabilities(np.array([[features[:, 0].max(), features[:, 1].min(), 0]]))
    beyond = acceptance.probabilities(np.array([[1e9, -1e9, 0]]))
    assert beyond <= surest + 1e-12


def test_a_policy_that_was_always_right_is_not_certain() -> None:
    found = decisions(np.random.default_rng(3), 50)._replace(right=np.ones(50, np.bool_))
    acceptance = fit_acceptance(NAMES, found).acceptance
    assert np.all(acceptance.probabilities(found.features) < 0.9999)


def test_wrong_decisions_on_odd_pages_teach_the_ranking_but_not_the_level() -> None:
    rng = np.random.default_rng(13)
    usual, odd = rng.normal(2, 1, (300, 1)), rng.normal(-2, 1, (300, 1))
    features = np.concatenate([usual, odd])
    right = np.arange(600) < 300
    features[:6] -= 3
    right[:6] = False
    found = Decisions(features, right, np.arange(600) // 3, np.arange(600) < 300)
    fit = fit_acceptance(["log_prob"], found)
    said = fit.acceptance.probabilities(features)
    assert calibration_error(said[:300], right[:300]) < 0.05
    assert fit.acceptance.probabilities(np.array([[-3.0]])) < 0.5 < 0.9 < said[6:300].mean()


@pytest.mark.parametrize(
    ("names", "episode", "says"),
    [(("mood",), [0, 1], "no sign"), (("log_prob",), [0, 0], "at least 2")],
)
def test_acceptance_refuses_what_it_cannot_fit(
    names: tuple[str, ...], episode: list[int], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        fit_acceptance(
            names,
            Decisions(
                np.zeros((2, 1)), np.array([True, False]), np.array(episode), np.ones(2, np.bool_)
            ),
        )


# Thresholds ---------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), max_size=60), st.floats(0, 1), st.lists(st.floats(0, 1)))
def test_help_stays_within_its_budget_at_every_step(
    found: list[float], share: float, usual: list[float]
) -> None:
    budget, asked = HelpBudget(share, usual), 0
    for number, acceptance in enumerate(found, 1):
        asked += budget.asks(acceptance)
        assert asked <= share * number + 1e-6


def test_help_goes_to_the_least_sure() -> None:
    acceptance = np.random.default_rng(6).random(400)
    budget = HelpBudget(0.25, np.linspace(0, 1, 51).tolist())
    asked = np.array([budget.asks(each) for each in acceptance])
    assert asked.mean() > 0.2
    assert acceptance[asked].max() < np.quantile(acceptance, 0.35)


def test_a_budget_is_kept_where_all_is_harder_than_usual() -> None:
    budget = HelpBudget(0.25, np.linspace(0.9, 1, 51).tolist())
    asked = [budget.asks(each) for each in np.random.default_rng(7).random(400) / 2]
    assert 0.2 < np.mean(asked) <= 0.25


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_budget_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="0 to 1"):
        HelpBudget(share)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_normal_episodes_are_disturbed_no_more_often_than_said(share: float) -> None:
    rng = np.random.default_rng(7)
    draws = rng.random((DRAWS, 40))
    alarms = sum(float(draw[-1]) < alarm_threshold(draw[:-1], share) for draw in draws)
    assert alarms / DRAWS <= share + 3 * (share * (1 - share) / DRAWS) ** 0.5
    assert alarms > 0


def test_too_few_episodes_for_an_alarm_share_mean_no_alarms() -> None:
    assert alarm_threshold(np.array([0.5, 0.6]), 0.05) == 0


@pytest.mark.parametrize("share", [0.7, 0.95])
def test_failing_episodes_are_flagged_no_less_often_than_said(share: float) -> None:
    rng = np.random.default_rng(7)
    draws = rng.random((DRAWS, 40))
    flagged = sum(float(draw[-1]) < flag_threshold(draw[:-1], share) for draw in draws)
    assert flagged / DRAWS >= share - 3 * (share * (1 - share) / DRAWS) ** 0.5
    assert flagged < DRAWS


def test_too_few_failing_episodes_for_a_share_ask_for_nothing() -> None:
    assert flag_threshold(np.full(18, 0.5), 0.95) == 0
    assert flag_threshold(np.full(19, 0.5), 0.95) > 0.5


def draw_verdicts(rng: np.random.Generator, n: int) -> list[Verdicts]:
    acceptance = rng.random((n, 3))
    right = rng.random((n, 3)) < acceptance**0.3
    return [Verdicts(p, np.ones(3), flags) for p, flags in zip(acceptance, right, strict=True)]


def test_risk_control_keeps_its_promise_over_draws() -> None:
    rng = np.random.default_rng(8)
    world = draw_verdicts(rng, 20_000)
    bounds = [risk_threshold(draw_verdicts(rng, 80), alpha=0.2, delta=0.1) for _ in range(DRAWS)]
    thresholds = sorted({bound.threshold for bound in bounds})
    surest = np.array([np.max(e.acceptance[~e.right], initial=-1.0) for e in world])
    risk = {each: np.mean(surest >= each) for each in thresholds}
    broken = sum(risk[bound.threshold] > 0.2 for bound in bounds) / DRAWS
    assert broken <= 0.1 + 3 * (0.09 / DRAWS) ** 0.5
    assert min(thresholds) < 0.95  # it certifies more than asking always


def test_risk_that_cannot_be_certified_means_asking_always() -> None:
    sure_and_wrong = [Verdicts(np.ones(1), np.ones(1), np.zeros(1, np.bool_))] * 50
    assert risk_threshold(sure_and_wrong).threshold == ALWAYS
    assert risk_threshold([]).threshold == ALWAYS


# The calibrator -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted() -> Calibrator:
    """Return a calibrator of forty episodes."""
    return fit_calibrator(
        judged(np.random.default_rng(9)), MODEL, CalibrationRules(alarm_share=0.2)
    )


def test_what_is_loaded_says_what_was_saved(fitted: Calibrator, tmp_path: Path) -> None:
    path = tmp_path / "calibrator.json"
    fitted.save(path)
    loaded = Calibrator.load(path, MODEL)
    found = [evidence for each in judged(np.random.default_rng(10)) for evidence in each.evidence]
    assert np.array_equal(loaded.p_accept(found), fitted.p_accept(found))
    assert np.array_equal(loaded.p_novelty(found), fitted.p_novelty(found))
    assert loaded.thresholds == fitted.thresholds
    assert loaded.risk == fitted.risk


def test_thresholds_are_in_order_and_disturb_few_normal_episodes(fitted: Calibrator) -> None:
    found = fitted.thresholds
    assert 0 < found.ask_below < found.resume_above < 1
    assert found.irreversible_below >= found.ask_below
    fresh = [each for each in judged(np.random.default_rng(11), 400) if each.is_normal]
    disturbed = [
        bool(
            np.any(fitted.p_accept(each.evidence) < found.ask_below)
            or np.any(fitted.p_novelty(each.evidence) < found.novel_below)
        )
        for each in fresh
    ]
    assert np.mean(disturbed) < 0.35


def test_a_policy_that_was_never_wrong_asks_no_more_than_that_is_worth() -> None:
    rng = np.random.default_rng(15)
    faultless = [
        replace(each, right=[True] * len(each.right), is_normal=True) for each in judged(rng, 200)
    ]
    found = fit_calibrator(faultless, MODEL)
    assert found.risk.threshold < found.thresholds.ask_below <= CalibrationRules().worth


def told(rng: np.random.Generator, log_prob: float, *, is_odd: bool) -> JudgedEpisode:
    """Return an episode of one step: right on a typical page, wrong on an odd one."""
    found = Evidence(
        {"log_prob": float(rng.normal(log_prob)), "repeats": 0.0},
        {"trunk": rng.normal(size=4).astype(np.float32), "goal": np.zeros(0, np.float32)},
    )
    return JudgedEpisode([found], [not is_odd], not is_odd, not is_odd)


@pytest.mark.parametrize(("share", "is_enough"), [(0.9, True), (0.02, False)])
def test_what_goes_wrong_on_odd_pages_is_flagged_as_far_as_alarms_allow(
    share: float, *, is_enough: bool
) -> None:
    rng = np.random.default_rng(16)
    normal = [told(rng, 3.0, is_odd=False) for _ in range(300)]
    odd = [told(rng, 1.0, is_odd=True) for _ in range(100)]
    rules = CalibrationRules(alarm_share=share, worth=0.0)
    found = fit_calibrator([*normal, *odd], MODEL, rules)
    asked = found.thresholds.ask_below

    def asked_of(episodes: list[JudgedEpisode]) -> float:
        said = [float(found.p_accept(each.evidence).min()) for each in episodes]
        return float(np.mean(np.array(said) < asked))

    assert asked_of(normal) <= share
    assert (asked_of(odd) >= rules.flagged - 0.05) == is_enough
    assert asked_of(odd) > 0


def test_a_policy_that_seldom_gets_there_asks_rather_than_goes_on() -> None:
    rng = np.random.default_rng(14)
    hopeless = [
        replace(each, right=[False] * len(each.right), is_normal=False) for each in judged(rng)
    ]
    found = fit_calibrator(hopeless, MODEL)
    assert found.thresholds.ask_below == found.risk.threshold
    said = [found.p_accept(each.evidence) for each in hopeless]
    unasked = [bool(np.any(each >= found.thresholds.ask_below)) for each in said]
    assert np.mean(unasked) <= 0.1
    assert found.thresholds.novel_below > 1 / (len(found.novelty.scores) + 1)


def test_other_weights_are_refused(fitted: Calibrator, tmp_path: Path) -> None:
    path = tmp_path / "calibrator.json"
    fitted.save(path)
    with pytest.raises(CheckpointError, match="run understudy calibrate again"):
        Calibrator.load(path, "cd" * 32)


DAMAGE: list[tuple[tuple[str, ...], Any]] = [
    (("format",), "pickle"),
    (("version",), 1),
    (("version",), 99),
    (("acceptance", "weights"), [1.0]),
    (("acceptance", "weights"), [-1.0, 0.0]),
    (("acceptance", "bias"), "much"),
    (("acceptance", "slope"), -1.0),
    (("acceptance", "slope"), float("nan")),
    (("acceptance", "names"), ["log_prob", "mood"]),
    (("thresholds", "ask_below"), 0.9999),
    (("novelty", "sides", "trunk", "reference"), "not base64"),
    (("novelty", "sides", "trunk", "shape"), [1, 1]),
    (("novelty", "sides"), {}),
    (("novelty", "neighbour"), 0),
    (("novelty", "scores"), [2.0, 1.0]),
    (("novelty",), None),
]


@pytest.mark.parametrize(("where", "what"), DAMAGE)
def test_a_damaged_calibrator_is_refused_in_one_sentence(
    fitted: Calibrator, tmp_path: Path, where: tuple[str, ...], what: Any
) -> None:
    path = tmp_path / "calibrator.json"
    fitted.save(path)
    body: Any = json.loads(path.read_bytes())
    part = body
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = what
    path.write_text(json.dumps(body))
    with pytest.raises(CheckpointError) as refused:
        Calibrator.load(path, MODEL)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"\x80\x04pickle", b"[]", b"null", b"{"])
def test_what_is_no_calibrator_is_refused(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "calibrator.json"
    path.write_bytes(body)
    with pytest.raises(CheckpointError, match="damaged"):
        Calibrator.load(path, MODEL)


def test_features_that_do_not_fit_are_refused(fitted: Calibrator) -> None:
    with pytest.raises(DataError, match="missing"):
        fitted.p_accept([Evidence({"log_prob": 1.0}, {})])
    with pytest.raises(DataError, match=r"\['repeats'\] are not finite"):
        fitted.p_accept([Evidence({"log_prob": 1.0, "repeats": float("inf")}, {})])


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        ([{"trunk": 4}, {"trunk": 2}], "one length for all"),
        ([{"trunk": 4}, {"trunk": 4, "goal": 3}], "in 1 of 2 observations"),
        ([{"trunk": (4, 1)}], "one length for all"),
        ([{"trunk": 5}], "'trunk': 4"),
        ([{"trunk": 0}], "'trunk': 4"),
        ([{}], "'trunk': 4"),
    ],
)
def test_sides_that_do_not_fit_are_refused(
    fitted: Calibrator, sides: list[dict[str, int]], says: str
) -> None:
    found = [
        Evidence({}, {name: np.zeros(length, np.float32) for name, length in each.items()})
        for each in sides
    ]
    with pytest.raises(DataError, match=says):
        fitted.p_novelty(found)


def test_sides_that_are_not_finite_are_refused(fitted: Calibrator) -> None:
    with pytest.raises(DataError, match="side 'trunk' is not finite"):
        fitted.p_novelty([Evidence({}, {"trunk": np.full(4, np.nan, np.float32)})])


def test_too_few_episodes_are_refused() -> None:
    episodes = judged(np.random.default_rng(12), 3)
    with pytest.raises(DataError, match="3 typical"):
        fit_calibrator([*episodes, replace(episodes[0], evidence=[], right=[])], MODEL)
