"""Novelty keeps its promise from however many sides, and notices what is strange from one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from policy.calibrate.novelty import Novelty, fit_novelty
from policy.errors import DataError

Floats = NDArray[np.float64]

DRAWS = 2000 if os.environ.get("UNDERSTUDY_SOAK") else 300


def draw(rng: np.random.Generator, n: int) -> dict[str, Floats]:
    """Return n screens from sides of unlike lengths and sizes, one of which never varies."""
    return {
        "wide": rng.normal(size=(n, 3)) * 50,
        "narrow": rng.normal(size=(n, 8)) * 0.01,
        "still": np.full((n, 4), 3.0),
        "coarse": rng.integers(0, 3, (n, 2)).astype(np.float64),
    }


def fitted(rng: np.random.Generator, known: int = 60, held_out: int = 99) -> Novelty:
    return fit_novelty(draw(rng, known), np.arange(known) // 3, draw(rng, held_out))


def one(values: Floats) -> Novelty:
    """Return what knows these observations from one side, each an episode of its own."""
    return fit_novelty({"only": values}, np.arange(len(values)), {"only": values[:9]})


# The promise --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def p_values() -> Floats:
    """Return p-values of known screens, each by another fit."""
    rng = np.random.default_rng(4)
    return np.array([fitted(rng, 30, 60).p_values(draw(rng, 1))[0] for _ in range(DRAWS)])


@pytest.mark.parametrize("level", [0.02, 0.05, 0.2, 0.5, 0.9])
def test_novelty_alarms_on_known_screens_no_more_often_than_said(
    p_values: Floats, level: float
) -> None:
    slack = 3 * (level * (1 - level) / DRAWS) ** 0.5
    assert np.mean(p_values <= level) <= level + slack


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_p_values_are_shares_of_what_was_held_out(seed: int, known: int, held_out: int) -> None:
    rng = np.random.default_rng(seed)
    found = fitted(rng, known, held_out).p_values(draw(rng, 5))
    assert np.all((found >= 1 / (held_out + 1) - 1e-12) & (found <= 1))


def test_observations_far_from_each_other_are_told_in_blocks_as_one_by_one() -> None:
    rng = np.random.default_rng(5)
    novelty, fresh = fitted(rng, 300), draw(rng, 600)
    alone = [
        novelty.p_values({name: values[[number]] for name, values in fresh.items()})[0]
        for number in (0, 255, 256, 599)
    ]
    assert np.array_equal(novelty.p_values(fresh)[[0, 255, 256, 599]], alone)


# What is strange ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["wide", "narrow", "still", "coarse"])
def test_what_is_strange_from_one_side_has_the_smallest_p_value(side: str) -> None:
    rng = np.random.default_rng(6)
    novelty, fresh = fitted(rng), draw(rng, 1)
    fresh[side] = fresh[side] + 20 * np.abs(fresh[side]).max() + 5
    assert novelty.p_values(fresh)[0] == pytest.approx(0.01)


def test_a_side_that_never_varied_alarms_when_it_does() -> None:
    rng = np.random.default_rng(7)
    novelty, fresh = fitted(rng), draw(rng, 1)
    fresh["still"][0, 0] += 0.01
    assert novelty.p_values(fresh)[0] == pytest.approx(0.01)


@pytest.mark.parametrize("level", [0.0, 1e-3, 3.0, 1e4])
def test_rounding_is_nothing_new(level: float) -> None:
    values = np.full((20, 16), level, np.float32)
    noise = 1 + 1e-6 * np.random.default_rng(8).normal(size=(20, 16))
    novelty = one(values.astype(np.float64))
    assert np.all(novelty.p_values({"only": (values * noise).astype(np.float64)}) == 1)


def test_what_is_usual_is_how_far_episodes_are_from_each_other() -> None:
    # within an episode screens are alike, which says nothing of how unlike a new episode may be
    values = np.arange(10.0).repeat(6)[:, None]
    alike = fit_novelty({"only": values}, np.arange(60) // 6, {"only": values})
    assert alike.sides["only"].usual == pytest.approx(1, rel=1e-3)
    assert alike.neighbour == 5


def test_a_side_that_seldom_varies_does_not_outshout_the_others() -> None:
    rng = np.random.default_rng(11)

    def seen(count: int, spread: float = 1.0) -> dict[str, NDArray[np.float64]]:
        odd = np.zeros((count, 32))
        rows = np.flatnonzero(rng.random(count) < 0.03)
        odd[rows, rng.integers(0, 32, len(rows))] = 1
        return {"wide": spread * rng.normal(size=(count, 8)), "odd": odd}

    novelty = fit_novelty(seen(300), np.arange(300), seen(300))
    assert np.mean(novelty.p_values(seen(200, spread=4)) <= 0.01) > 0.9


def test_one_episode_alone_can_be_known() -> None:
    values = np.arange(4.0)[:, None]
    novelty = fit_novelty({"only": values}, np.zeros(4, np.int64), {"only": values})
    assert novelty.neighbour == 4
    assert novelty.p_values({"only": np.full((1, 1), 50.0)})[0] == pytest.approx(0.2)


# Files and mistakes -------------------------------------------------------------------------------


def test_what_is_read_says_what_was_written() -> None:
    rng = np.random.default_rng(9)
    reference, held_out = (
        {
            name: values.astype(np.float32).astype(np.float64)
            for name, values in draw(rng, n).items()
        }
        for n in (40, 50)
    )
    novelty = fit_novelty(reference, np.arange(40) // 2, held_out)
    read = Novelty.from_json(json.loads(json.dumps(novelty.to_json())))
    assert np.array_equal(read.p_values(held_out), novelty.p_values(held_out))
    assert np.array_equal(read.scores, novelty.scores)


DAMAGE: list[Callable[[Any], Any]] = [
    lambda found: found.update(sides={}),
    lambda found: found.update(sides={"": found["sides"]["wide"]}),
    lambda found: found.update(sides={f"s{n}": found["sides"]["wide"] for n in range(99)}),
    lambda found: found.update(neighbour=0),
    lambda found: found.update(neighbour=61),
    lambda found: found.update(scores=[]),
    lambda found: found.update(scores=[2.0, 1.0]),
    lambda found: found.update(scores=[float("nan")]),
    lambda found: found.update(scores=[1.0, float("inf")]),
    lambda found: found["sides"]["wide"].update(shape=[59, 3]),
    lambda found: found["sides"]["wide"].update(shape=[90, 2]),
    lambda found: found["sides"]["wide"].update(shape=[-1, 3]),
    lambda found: found["sides"]["wide"].update(shape=[180]),
    lambda found: found["sides"]["wide"].update(shape=[60, 0], reference=""),
    lambda found: found["sides"]["wide"].update(usual=[2.0, 1.0]),
    lambda found: found["sides"]["wide"].update(usual=[float("inf")]),
    lambda found: found["sides"]["wide"].update(usual=[float("nan")]),
    lambda found: found["sides"]["wide"].update(grain=0.0),
    lambda found: found["sides"]["wide"].update(grain=-1.0),
    lambda found: found["sides"]["wide"].update(grain=float("inf")),
    lambda found: found["sides"]["wide"].update(reference="not base64"),
    lambda found: found["sides"]["wide"].update(reference="AADAfwAA" * 90),
    lambda found: found["sides"]["wide"].pop("usual"),
    lambda found: found["sides"].update(wide=None),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_novelty_is_refused(damage: Callable[[Any], Any]) -> None:
    found = json.loads(json.dumps(fitted(np.random.default_rng(10)).to_json()))
    damage(found)
    with pytest.raises(ValueError, match=r"side|shape|Expected|missing|base64"):
        Novelty.from_json(found)


@pytest.mark.parametrize(
    "found", [{}, {"only": np.zeros((1, 3))}, {"other": np.zeros((1, 2))}], ids=str
)
def test_sides_that_do_not_fit_are_refused(found: dict[str, Floats]) -> None:
    novelty = one(np.zeros((5, 2)))
    with pytest.raises(DataError, match=r"allowed: \{'only': 2\}"):
        novelty.p_values(found)


def test_sides_that_came_later_are_not_looked_at() -> None:
    novelty = one(np.zeros((9, 2)))
    assert novelty.p_values({"only": np.zeros((1, 2)), "later": np.ones((1, 7))})[0] == 1


@pytest.mark.parametrize(
    ("reference", "held_out", "says"),
    [
        ({}, {}, "at least one side"),
        ({"only": np.zeros((5, 2))}, {"only": np.zeros((0, 2))}, "at least one side"),
        ({"only": np.zeros((4, 2))}, {"only": np.zeros((3, 2))}, "at least one side"),
        ({"only": np.zeros((5, 2))}, {"other": np.zeros((3, 2))}, "allowed: "),
        ({"no name": np.zeros((5, 2))}, {"no name": np.zeros((3, 2))}, "identifiers"),
    ],
)
def test_novelty_refuses_what_it_cannot_fit(
    reference: dict[str, Floats], held_out: dict[str, Floats], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        fit_novelty(reference, np.arange(5), held_out)
