"""What is pointed out on a picture: the target of an action, where it lands, where one picks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from recorder.schema import Box
from tui.half_blocks import DEFAULT, Fit, Point, Sign


@dataclass(frozen=True, slots=True)
class Marks:
    """What is pointed out on a picture, in its pixels."""

    target: Box | None = None
    """What an action lands on."""
    pointers: tuple[Point, ...] = ()
    """Where it does so."""
    cross: Point | None = None
    """Where a person picks."""


class Inks(NamedTuple):
    """Colours of marks, 0xRRGGBB."""

    target: int = DEFAULT
    pointer: int = DEFAULT
    cross: int = DEFAULT
    paper: int = DEFAULT
    """Under what is a point, so that it is seen on any picture."""


def signs_of(marks: Marks, placed: Fit, inks: Inks) -> list[Sign]:
    """Return the glyphs that show marks where a picture lies, the last uppermost."""
    signs = [] if marks.target is None else _frame_of(marks.target, placed, inks.target)
    for points, glyph, ink in (
        (marks.pointers, "◎", inks.pointer),
        ((marks.cross,) if marks.cross else (), "✚", inks.cross),
    ):
        cells = (placed.cell_at(*point) for point in points)
        signs += [Sign(*cell, glyph, ink, inks.paper) for cell in cells if cell is not None]
    return signs


def _frame_of(box: Box, placed: Fit, ink: int) -> list[Sign]:
    """Return a frame around a box, one cell outside of it where there is room."""
    x, y, width, height = placed.part
    left, top, right, bottom = box[0] - x, box[1] - y, box[0] + box[2] - x, box[1] + box[3] - y
    if left >= width or top >= height or right <= 0 or bottom <= 0:
        return []
    first, last = _cell_within(placed, left, top), _cell_within(placed, right - 1, bottom - 1)
    left, top, right, bottom = first[0] - 1, first[1] - 1, last[0] + 1, last[1] + 1
    signs = [Sign(each, row, "━", ink) for each in range(left, right + 1) for row in (top, bottom)]
    signs += [
        Sign(column, each, "┃", ink) for each in range(top, bottom + 1) for column in (left, right)
    ]
    corners = ((left, top, "┏"), (right, top, "┓"), (left, bottom, "┗"), (right, bottom, "┛"))
    return [*signs, *(Sign(*corner, ink) for corner in corners)]


def _cell_within(placed: Fit, across: int, down: int) -> Point:
    """Return the cell of a place in the part that is shown, or the nearest of its cells."""
    _, _, width, height = placed.part
    return (
        placed.left + min(max(across, 0), width - 1) * placed.columns // width,
        placed.top + min(max(down, 0), height - 1) * placed.rows // height,
    )
