"""Pictures as cells: what is where, what is merged, and what is left without colour."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.soak import repeats
from tui.half_blocks import (
    DEFAULT,
    Cells,
    Fit,
    Palette,
    Pixels,
    Point,
    Sign,
    blank_cells,
    cells_of,
    changed_rows,
    colours_of,
    fit,
    placed_on,
    runs,
    sampled,
    signed,
)
from tui.marks import Inks, Marks, signs_of

SIZES = st.tuples(st.integers(1, 900), st.integers(1, 900))
GRIDS = st.tuples(st.integers(1, 120), st.integers(1, 60))
ZOOMS = st.sampled_from((1, 2, 4))
SAMPLES = st.tuples(st.integers(1, 6), st.integers(1, 30)).flatmap(
    lambda grid: arrays.arrays(
        np.uint8, (2 * grid[0], grid[1], 3), elements=st.sampled_from((0, 7, 8, 255))
    )
)
often = settings(max_examples=repeats(100, 5000))


@st.composite
def fits(draw: st.DrawFn) -> tuple[Point, Point, Fit]:
    size, grid = draw(SIZES), draw(GRIDS)
    centre = draw(st.none() | st.tuples(st.integers(0, size[0]), st.integers(0, size[1])))
    return size, grid, fit(size, grid, draw(ZOOMS), centre)


@often
@given(fits())
def test_what_is_shown_is_a_part_of_the_picture_and_lies_within_the_grid(
    fitted: tuple[Point, Point, Fit],
) -> None:
    size, grid, placed = fitted
    x, y, width, height = placed.part
    assert 0 <= x < x + width <= size[0]
    assert 0 <= y < y + height <= size[1]
    assert 0 <= placed.left < placed.left + placed.columns <= grid[0]
    assert 0 <= placed.top < placed.top + placed.rows <= grid[1]


@often
@given(fits(), st.data())
def test_a_cell_and_the_pixel_in_its_middle_find_each_other(
    fitted: tuple[Point, Point, Fit], data: st.DataObject
) -> None:
    _, _, placed = fitted
    _, _, width, height = placed.part
    column = data.draw(st.integers(placed.left, placed.left + placed.columns - 1))
    row = data.draw(st.integers(placed.top, placed.top + placed.rows - 1))
    pixel = placed.pixel_at(column, row)
    assert pixel is not None
    cell = placed.cell_at(*pixel)
    assert cell is not None
    if placed.columns <= width and placed.rows <= height:
        assert cell == (column, row)
    assert placed.pixel_at(*cell) == pixel


@often
@given(fits(), st.integers(-9, 999), st.integers(-9, 999))
def test_a_pixel_is_in_a_cell_of_the_picture_or_in_none(
    fitted: tuple[Point, Point, Fit], x: int, y: int
) -> None:
    _, _, placed = fitted
    left, top, width, height = placed.part
    cell = placed.cell_at(x, y)
    assert (cell is not None) == (left <= x < left + width and top <= y < top + height)
    if cell is not None:
        assert placed.pixel_at(*cell) is not None


def test_the_shape_of_a_picture_is_kept() -> None:
    placed = fit((1600, 900), (100, 100))
    assert (placed.columns, placed.rows) == (100, 28)
    assert placed.top == 36
    assert fit((1600, 900), (100, 100), 4).part == (600, 50, 400, 800)


@often
@given(SIZES, GRIDS, ZOOMS, st.integers(0, 255))
def test_a_picture_of_one_colour_stays_so_at_any_size(
    size: Point, grid: Point, zoom: int, level: int
) -> None:
    pixels = np.full((size[1], size[0], 3), level, np.uint8)
    samples = sampled(pixels, fit(size, grid, zoom))
    assert (samples == level).all()


def test_what_is_made_smaller_is_the_mean_of_what_it_covers() -> None:
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    samples = sampled(stripes, fit((40, 40), (10, 5)))
    assert samples.shape == (10, 10, 3)
    assert (samples == 100).all()


# Runs ---------------------------------------------------------------------------------------------


@often
@given(SAMPLES, st.sampled_from(Palette))
def test_runs_are_the_cells_and_no_two_of_them_could_be_one(
    samples: Pixels, palette: Palette
) -> None:
    cells = cells_of(samples, palette)
    rows, columns = cells.glyphs.shape
    for row in range(rows):
        merged = runs(cells, row)
        naive = [
            (int(cells.glyphs[row, at]), (int(cells.ink[row, at]), int(cells.paper[row, at])))
            for at in range(columns)
        ]
        looks = [(run.glyph, colours_of(run.colours)) for run in merged for _ in range(run.length)]
        assert looks == naive
        assert all(one[1:] != other[1:] for one, other in itertools.pairwise(merged))


@often
@given(SAMPLES, st.data())
def test_the_rows_that_changed_are_those_and_no_others(
    samples: Pixels, data: st.DataObject
) -> None:
    row = data.draw(st.integers(0, samples.shape[0] - 1))
    other = samples.copy()
    other[row, 0] = np.where(samples[row, 0] > 100, 0, 255)
    assert changed_rows(cells_of(samples), cells_of(samples)) == []
    assert changed_rows(cells_of(samples), cells_of(other)) == [row // 2]


@pytest.mark.parametrize("palette", [Palette.TRUE, Palette.CUBE, Palette.FEW])
def test_black_and_white_stay_what_they_are(palette: Palette) -> None:
    samples = np.array([[[0, 0, 0]], [[255, 255, 255]]], np.uint8)
    (run,) = runs(cells_of(samples, palette), 0)
    assert (run.glyph, colours_of(run.colours)) == (ord("▀"), (0, 0xFFFFFF))


def test_without_colour_the_glyphs_carry_the_brightness() -> None:
    levels = [(0, 0), (60, 60), (130, 130), (180, 180), (255, 255), (255, 0), (0, 255)]
    samples = np.zeros((2, len(levels), 3), np.uint8)
    samples[0], samples[1] = [[[pair[half]] * 3 for pair in levels] for half in (0, 1)]
    cells = cells_of(samples, Palette.NONE)
    assert "".join(map(chr, cells.glyphs[0])) == " ░▒▓█▀▄"
    assert (cells.ink == DEFAULT).all()
    assert (cells.paper == DEFAULT).all()


# Marks --------------------------------------------------------------------------------------------


def drawn(cells: Cells) -> list[str]:
    return ["".join(map(chr, row)) for row in cells.glyphs]


def test_marks_lie_round_the_target_and_on_the_points() -> None:
    placed = fit((100, 100), (20, 10))
    marks = Marks(target=(40, 40, 20, 20), pointers=((50, 50),), cross=(0, 0))
    cells = signed(blank_cells(20, 10), signs_of(marks, placed, Inks()))
    assert drawn(cells)[:1] == ["✚" + " " * 19]
    assert [each[6:14] for each in drawn(cells)[3:7]] == [
        " ┏━━━━┓ ",
        " ┃    ┃ ",
        " ┃  ◎ ┃ ",
        " ┗━━━━┛ ",
    ]


@often
@given(
    fits(),
    st.tuples(st.integers(-50, 900), st.integers(-50, 900), st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.integers(-50, 900), st.integers(-50, 900)),
)
def test_marks_anywhere_change_nothing_beside_the_grid(
    fitted: tuple[Point, Point, Fit], box: tuple[int, int, int, int], point: Point
) -> None:
    _, (columns, rows), placed = fitted
    signs = signs_of(Marks(target=box, pointers=(point,), cross=point), placed, Inks())
    cells = signed(blank_cells(columns, rows), signs)
    assert cells.glyphs.shape == (rows, columns)
    if placed.cell_at(*point) is not None:
        assert "✚" in "".join(drawn(cells))


def test_a_picture_is_placed_in_the_middle_and_signs_beside_the_grid_are_left_away() -> None:
    placed = fit((20, 20), (10, 2))
    cells = cells_of(sampled(np.full((20, 20, 3), 255, np.uint8), placed))
    whole = placed_on(cells, placed, (10, 2))
    assert [(run.length, colours_of(run.colours)[1]) for run in runs(whole, 0)] == [
        (3, DEFAULT),
        (4, 0xFFFFFF),
        (3, DEFAULT),
    ]
    assert drawn(signed(whole, [Sign(-1, 0, "x", 0), Sign(0, 9, "x", 0)])) == drawn(whole)
