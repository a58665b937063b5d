"""What is strange about an observation shows from at least one side, and what is usual does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from policy.calibrate.novelty import Novelty, fit_novelty
from policy.looks import (
    ELEMENTS,
    PICTURE,
    TEMPLATE,
    count_roles,
    count_unknown,
    hash_template,
    measure_picture,
    measure_screen,
    nothing,
    template_of,
)
from policy.text import word_row
from recorder.schema import Element, Observation
from tests.policy.screens import TEXT, element
from tests.policy.worlds import page

HELD_OUT = 60


def sides(pages: Sequence[Observation]) -> dict[str, NDArray[np.float64]]:
    """Return the sides of several pages, (N, D_side) each."""
    found = {
        "goal": [hash_template(template_of(each.goal, each.elements)) for each in pages],
        "elements": [count_roles(each.elements) for each in pages],
        "screen": [measure_screen(each.pixels) for each in pages],
        "picture": [measure_picture(each.pixels) for each in pages],
    }
    return {name: np.stack(rows).astype(np.float64) for name, rows in found.items()}


@pytest.fixture(scope="module")
def novelty() -> Novelty:
    """Return what knows forty pages."""
    known, held_out = range(40), range(40, 40 + HELD_OUT)
    return fit_novelty(
        sides([page(seed) for seed in known]), np.arange(40), sides([page(n) for n in held_out])
    )


def is_strangest(novelty: Novelty, *pages: Observation) -> bool:
    return bool(np.all(novelty.p_values(sides(pages)) == 1 / (HELD_OUT + 1)))


# Against what is known ----------------------------------------------------------------------------


def test_pages_as_usual_are_not_novel(novelty: Novelty) -> None:
    found = novelty.p_values(sides([page(seed) for seed in range(200, 400)]))
    assert found.mean() == pytest.approx(0.5, abs=0.1)
    assert np.mean(found <= 0.1) < 0.2


@pytest.mark.parametrize("goal", ['Drag "{}" onto {}.', "Type {} and press {}, then log out.", ""])
def test_an_instruction_put_in_another_way_is_novel(novelty: Novelty, goal: str) -> None:
    known = page(300)
    said = goal.format(known.elements[1].name, known.elements[0].name)
    assert is_strangest(novelty, replace(known, goal=said))


def test_a_dialog_over_a_known_page_is_novel(novelty: Novelty) -> None:
    known = page(301)
    pixels = known.pixels.copy()
    pixels[70:130, 20:140] = 240
    dialog = (element("dialog", (20, 70, 120, 60)), element("button", (60, 110, 30, 15), "OK"))
    over = replace(known, pixels=pixels, elements=(*known.elements, *dialog))
    assert is_strangest(novelty, over)


def test_a_dark_theme_is_novel(novelty: Novelty) -> None:
    known = page(302)
    assert is_strangest(novelty, replace(known, pixels=255 - known.pixels))


def test_a_screen_of_another_size_is_novel(novelty: Novelty) -> None:
    known = page(303)
    larger = np.pad(known.pixels, ((0, 30), (0, 40), (0, 0)), constant_values=255)
    assert is_strangest(novelty, replace(known, pixels=larger))


def test_a_button_that_is_gone_is_novel(novelty: Novelty) -> None:
    known = page(304)
    assert is_strangest(novelty, replace(known, elements=known.elements[1:]))


# The instruction ----------------------------------------------------------------------------------


SHOWN = (element("button", (0, 0, 9, 9), "Lemon tea"),)
"""What can be read on a screen."""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('Press "apple".', 'Press "a long pear".'),
        ("Press lemon.", "Press TEA."),
        ("Press the 2nd.", "Press the third."),
        ("Press 12 times.", "Press 7 times."),
        ("Press it.", "PRESS it, it!"),
    ],
)
def test_what_changes_from_page_to_page_is_no_part_of_a_template(one: str, other: str) -> None:
    assert np.array_equal(
        hash_template(template_of(one, SHOWN)), hash_template(template_of(other, SHOWN))
    )
    assert hash_template(template_of(one, SHOWN)).any()


def test_one_word_more_is_as_far_in_a_long_instruction_as_in_a_short_one() -> None:
    for goal in ("Press", "Press whichever button stands highest among these"):
        further = hash_template(template_of(goal + " twice", ())) - hash_template(
            template_of(goal, ())
        )
        assert np.linalg.norm(further) == 1


@pytest.mark.parametrize("shown", ["Open the book by", "Open the book by Nora"])
def test_a_page_that_shows_the_instruction_leaves_its_template_alone(shown: str) -> None:
    page_text = (
        element("generic", (0, 0, 99, 9), text=shown),
        element("link", (0, 9, 9, 9), "Nora"),
    )
    expected = hash_template(template_of("Open the book by", ()))
    assert np.array_equal(hash_template(template_of("Open the book by Nora", page_text)), expected)


def test_words_of_the_template_that_nothing_was_learned_from_are_counted() -> None:
    known = {word_row(word) for word in ("press", "the")}
    shown = (element("button", (0, 0, 9, 9), "Lemon"),)
    for goal, count in (
        ('Press the "unheard" lemon 12 times', 1),
        ("PRESS the lemon", 0),
        ("Hold the lemon, hold it", 2),
    ):
        assert count_unknown(template_of(goal, shown), known).tolist() == [count], goal


@pytest.mark.parametrize("goal", ["", '"all of it"', "Lemon, tea 12", "!"])
def test_an_instruction_without_a_template_is_the_zero_vector(goal: str) -> None:
    shown = (element("button", (0, 0, 9, 9), "Lemon"), element("button", (0, 0, 9, 9), "tea"))
    assert not hash_template(template_of(goal, shown)).any()


# Anything at all ----------------------------------------------------------------------------------


@settings(max_examples=40)
@given(TEXT, st.lists(TEXT, max_size=4))
def test_every_text_has_a_template(goal: str, shown: list[str]) -> None:
    elements = [Element(role=each, box=(0, 0, 9, -9), name=each, value=each) for each in shown]
    for side, length in (
        (hash_template(template_of(goal, elements)), TEMPLATE),
        (count_roles(elements), ELEMENTS),
        (count_unknown(template_of(goal, elements), ()), 1),
    ):
        assert side.shape == (length,)
        assert side.dtype == np.float32
        assert np.isfinite(side).all()


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_every_picture_can_be_measured(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    found = measure_picture(pixels)
    assert found.shape == (PICTURE,)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) <= 2 + 1e-5  # four parts, none of them longer than 1


def test_a_large_screen_looks_like_the_same_one_at_half_the_size() -> None:
    pixels = page(1).pixels.repeat(4, axis=0).repeat(4, axis=1)
    larger = pixels.repeat(2, axis=0).repeat(2, axis=1)
    grid = slice(0, 35)
    assert np.allclose(measure_picture(pixels)[grid], measure_picture(larger)[grid], atol=0.01)


def test_thin_strokes_show_in_the_edges() -> None:
    smooth, striped = np.full((40, 40, 3), 128, np.uint8), np.full((40, 40, 3), 128, np.uint8)
    striped[:, ::2] = 96
    beside, above = slice(-16, -8), slice(-8, None)
    found, plain = measure_picture(striped), measure_picture(smooth)
    assert np.linalg.norm((found - plain)[beside]) > 1
    assert np.array_equal(found[above], plain[above])


def test_what_is_not_seen_has_no_length() -> None:
    assert nothing().shape == (0,)
