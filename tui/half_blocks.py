"""Pictures as cells of a terminal: two pixels to a cell, one above the other.

A picture is fitted to a grid of cells, averaged down to two samples a cell, and made into glyphs
with an ink and a paper each; runs of equal cells are what is written. Where there is no colour, the
glyphs alone carry the brightness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recorder.schema import Box

Point: TypeAlias = tuple[int, int]
"""x and y."""
Pixels: TypeAlias = NDArray[np.uint8]
"""(H, W, 3) RGB."""

DEFAULT = -1
"""The colour that a terminal has of itself."""
_COLOUR_BITS = 25
"""0 to 0xFFFFFF, and one for none."""
_HALF = ord("▀")
_LOWER_HALF = ord("▄")
_SHADES = np.array([ord(each) for each in " ░▒▓█"], np.int32)
_EDGE = 96
"""Difference of brightness between two halves of a cell from which it is shown as an edge."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_CUBE = np.array([0, 95, 135, 175, 215, 255], np.uint8)
"""Levels of each colour in the cube that terminals of 256 colours have."""
_FEW = np.array([0, 128, 255], np.uint8)


class Palette(Enum):
    """What colours a terminal has."""

    TRUE = "true"
    CUBE = "256"
    FEW = "16"
    NONE = "none"


# Where a picture lies -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """Where which part of a picture lies on a grid of cells."""

    part: Box
    """Of the picture, px."""
    left: int
    """First column that it takes; as the rest, in cells."""
    top: int
    columns: int
    rows: int

    def pixel_at(self, column: int, row: int) -> Point | None:
        """Return the pixel in the middle of a cell, None beside the picture."""
        x, y, width, height = self.part
        across, down = column - self.left, row - self.top
        if not (0 <= across < self.columns and 0 <= down < self.rows):
            return None
        return (
            x + (2 * across + 1) * width // (2 * self.columns),
            y + (2 * down + 1) * height // (2 * self.rows),
        )

    def cell_at(self, x: int, y: int) -> Point | None:
        """Return column and row of the cell in which a pixel lies, None if it is not in view."""
        left, top, width, height = self.part
        if not (0 <= x - left < width and 0 <= y - top < height):
            return None
        return (
            self.left + (2 * (x - left) + 1) * self.columns // (2 * width),
            self.top + (2 * (y - top) + 1) * self.rows // (2 * height),
        )

    @property
    def pixels_a_cell(self) -> Point:
        """How far a cell reaches on the picture, px; at least 1."""
        return max(1, self.part[2] // self.columns), max(1, self.part[3] // self.rows)


def fit(size: Point, grid: Point, zoom: int = 1, centre: Point | None = None) -> Fit:
    """Return how a picture lies on a grid of cells that are twice as high as wide.

    Args:
        size: width and height of the picture, px.
        grid: columns and rows there are, at least 1 each.
        zoom: 1 shows the whole picture; more shows a part of it, as many times as large.
        centre: pixel around which the part lies, as far as the picture goes; its middle if None.

    >>> fit((160, 210), (80, 24))
    Fit(part=(0, 0, 160, 210), left=21, top=0, columns=37, rows=24)
    """
    width, height = size
    columns, rows = grid
    scale = max(width / columns, height / (2 * rows)) / zoom  # px to a sample
    part_width = max(1, min(width, round(columns * scale)))
    part_height = max(1, min(height, round(2 * rows * scale)))
    x, y = centre or (width // 2, height // 2)
    left = min(max(0, x - part_width // 2), width - part_width)
    top = min(max(0, y - part_height // 2), height - part_height)
    used_columns = min(columns, max(1, round(part_width / scale)))
    used_rows = min(rows, max(1, round(part_height / (2 * scale))))
    return Fit(
        part=(left, top, part_width, part_height),
        left=(columns - used_columns) // 2,
        top=(rows - used_rows) // 2,
        columns=used_columns,
        rows=used_rows,
    )


def sampled(pixels: Pixels, placed: Fit) -> Pixels:
    """Return two samples for each cell, (2 * rows, columns, 3), each the mean of what it covers."""
    x, y, width, height = placed.part
    size, box = (placed.columns, 2 * placed.rows), (x, y, x + width, y + height)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX, box))


# What stands in the cells -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Cells:
    """Glyphs with their colours, each (rows, columns); a colour is 0xRRGGBB, or `DEFAULT`."""

    glyphs: NDArray[np.int32]
    """Code points."""
    ink: NDArray[np.int32]
    paper: NDArray[np.int32]

    @cached_property
    def colours(self) -> NDArray[np.int64]:
        """Ink and paper as one number, (rows, columns); `colours_of` takes them apart."""
        return (self.ink.astype(np.int64) + 1) << _COLOUR_BITS | self.paper + 1


class Run(NamedTuple):
    """Equal cells in a row."""

    length: int
    glyph: int
    colours: int
    """As in `Cells.colours`."""


class Sign(NamedTuple):
    """One glyph to be put over a picture."""

    column: int
    row: int
    glyph: str
    ink: int
    paper: int | None = None
    """As it was if None."""


def cells_of(samples: Pixels, palette: Palette = Palette.TRUE) -> Cells:
    """Return samples, (2 * rows, columns, 3), as cells in the colours that there are."""
    if palette is Palette.NONE:
        return _shaded(samples)
    packed = _packed(_quantised(samples, palette))
    glyphs = np.full((packed.shape[0] // 2, packed.shape[1]), _HALF, np.int32)
    ink, paper = packed[::2].copy(), packed[1::2].copy()
    is_even = ink == paper
    glyphs[is_even] = ord(" ")
    return Cells(glyphs, ink, paper)


def blank_cells(columns: int, rows: int) -> Cells:
    """Return cells with nothing in them."""
    colour = np.full((rows, columns), DEFAULT, np.int32)
    return Cells(np.full((rows, columns), ord(" "), np.int32), colour, colour.copy())


def placed_on(cells: Cells, placed: Fit, grid: Point) -> Cells:
    """Return cells of a picture where they lie on a grid of columns and rows."""
    columns, rows = grid
    whole = blank_cells(columns, rows)
    where = (
        slice(placed.top, placed.top + placed.rows),
        slice(placed.left, placed.left + placed.columns),
    )
    whole.glyphs[where] = cells.glyphs
    whole.ink[where] = cells.ink
    whole.paper[where] = cells.paper
    return whole


def signed(cells: Cells, signs: list[Sign]) -> Cells:
    """Return cells with glyphs put over them; what lies outside is left away."""
    rows, columns = cells.glyphs.shape
    over = replace(
        cells, glyphs=cells.glyphs.copy(), ink=cells.ink.copy(), paper=cells.paper.copy()
    )
    for sign in signs:
        if 0 <= sign.row < rows and 0 <= sign.column < columns:
            at = sign.row, sign.column
            over.glyphs[at] = ord(sign.glyph)
            over.ink[at] = sign.ink
            if sign.paper is not None:
                over.paper[at] = sign.paper
    return over


def colours_of(number: int) -> tuple[int, int]:
    """Return the ink and the paper that a number of `Cells.colours` stands for."""
    ink, paper = divmod(number, 1 << _COLOUR_BITS)
    return ink - 1, paper - 1


def runs(cells: Cells, row: int) -> list[Run]:
    """Return one row as runs of equal cells, from left to right."""
    glyphs, colours = cells.glyphs[row], cells.colours[row]
    differs = np.not_equal(colours[1:], colours[:-1])
    differs |= glyphs[1:] != glyphs[:-1]
    borders = np.concatenate(([0], np.flatnonzero(differs) + 1, [len(glyphs)]))
    starts = borders[:-1]
    lengths = borders[1:] - starts
    columns = (each.tolist() for each in (lengths, glyphs[starts], colours[starts]))
    return list(map(Run._make, zip(*columns, strict=True)))


def changed_rows(before: Cells, after: Cells) -> list[int]:
    """Return the rows in which two grids of one size differ."""
    differs = (before.glyphs != after.glyphs) | (before.colours != after.colours)
    return np.flatnonzero(differs.any(axis=1)).tolist()


def _quantised(samples: Pixels, palette: Palette) -> Pixels:
    """Return near colours, so that what is almost equal is equal, and the terminal has them."""
    if palette is Palette.CUBE:
        return _nearest(samples, _CUBE)
    if palette is Palette.FEW:
        return _nearest(samples, _FEW)
    kept = np.bitwise_and(samples, np.uint8(0xF8))
    return np.bitwise_or(kept, np.right_shift(samples, 5))  # so that white stays white


def _nearest(samples: Pixels, levels: Pixels) -> Pixels:
    wide = levels.astype(np.int32)
    return levels[np.searchsorted((wide[:-1] + wide[1:]) // 2, samples)]


def _packed(samples: Pixels) -> NDArray[np.int32]:
    wide = samples.astype(np.int32)
    return (wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2]


def _shaded(samples: Pixels) -> Cells:
    bright = samples.astype(np.float32) @ _LUMA
    upper, lower = bright[::2], bright[1::2]
    levels = ((upper + lower) / 2 * len(_SHADES) / 256).astype(np.intp)
    glyphs = _SHADES[levels]
    glyphs[upper - lower > _EDGE] = _HALF
    glyphs[lower - upper > _EDGE] = _LOWER_HALF
    colour = np.full(glyphs.shape, DEFAULT, np.int32)
    return Cells(glyphs, colour, colour.copy())
