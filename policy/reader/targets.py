"""What the networks are to say of labelled pages, as arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from policy.reader.alphabet import BLANK, SPACE, codes_of
from policy.reader.label import ROLES, STATES, Labelled, Line
from policy.reader.lines import Strip
from policy.reader.model import FRAME_PX, STRIDE, TEXT_CELL, WIDGET_CELL

IGNORED = -100
"""A frame that may say anything."""
_CORE = 0.25  # of a line's height that is left out above and below, so that lines stay apart
_MIDDLE = 0.5  # of a widget's width and height in which its cells are
_CELLS, _WEIGHTS = 8, (0.05, 4.0)  # a widget of so many cells counts for each of them
_SURE, _EDGE = 0.25, 0.4  # of a character's width from its middle: it for sure; hardly


class PageTargets(NamedTuple):
    """What the finder is to say of a page whose sides are multiples of `STRIDE`."""

    text: NDArray[np.float32]
    """(4, H / 2, W / 2): whether there is text, px to its top and bottom, whether it is a link."""
    roles: NDArray[np.float32]
    """(ROLES, H / 4, W / 4): 1 in the middle of a widget."""
    states: NDArray[np.float32]
    """(STATES, H / 4, W / 4)."""
    boxes: NDArray[np.float32]
    """(4, H / 4, W / 4): px to the left, top, right and bottom of the widget."""
    weights: NDArray[np.float32]
    """(1, H / 4, W / 4): how much each cell counts, so that small widgets do as much as large."""


def padded(pixels: NDArray[np.uint8], unit: int = STRIDE) -> NDArray[np.uint8]:
    """Return a picture whose sides are multiples of a unit, its last row and column repeated."""
    height, width = pixels.shape[:2]
    more = ((0, -height % unit), (0, -width % unit), (0, 0))
    return np.pad(pixels, more, mode="edge") if height % unit or width % unit else pixels


def page_targets(page: Labelled) -> PageTargets:
    """Return what the finder is to say of a page."""
    height, width = padded(page.pixels).shape[:2]
    text = np.zeros((4, height // TEXT_CELL, width // TEXT_CELL), np.float32)
    for line in page.lines:
        _mark_line(text, line)
    shape = (height // WIDGET_CELL, width // WIDGET_CELL)
    roles, states, boxes = (
        np.zeros((count, *shape), np.float32) for count in (len(ROLES), len(STATES), 4)
    )
    weights = np.ones((1, *shape), np.float32)
    # small ones last, so that they win over what they are in
    for widget in sorted(page.widgets, key=lambda each: -each.width * each.height):
        across = _middle(widget.left, widget.width, shape[1])
        down = _middle(widget.top, widget.height, shape[0])
        roles[:, down, across] = 0
        roles[ROLES.index(widget.role), down, across] = 1
        states[:, down, across] = np.array([name in widget.states for name in STATES])[
            :, None, None
        ]
        cells = (across.stop - across.start) * (down.stop - down.start)
        weights[:, down, across] = np.clip(_CELLS / cells, *_WEIGHTS)
        y, x = np.mgrid[down, across] * WIDGET_CELL + WIDGET_CELL / 2
        right, bottom = widget.left + widget.width, widget.top + widget.height
        boxes[:, down, across] = (x - widget.left, y - widget.top, right - x, bottom - y)
    return PageTargets(text, roles, states, boxes.clip(0), weights)


def _middle(start: float, size: float, cells: int) -> slice:
    """Return the cells whose centre is in the middle of a stretch, at least one."""
    centre = start + size / 2
    half = max(size * _MIDDLE / 2, WIDGET_CELL / 2)
    first = int(np.ceil((centre - half) / WIDGET_CELL - 0.5))
    last = int(np.floor((centre + half) / WIDGET_CELL - 0.5))
    return slice(min(max(first, 0), cells - 1), min(max(last, first, 0), cells - 1) + 1)


def _mark_line(text: NDArray[np.float32], line: Line) -> None:
    height = line.bottom - line.top
    first = max(0, round((line.top + _CORE * height) / TEXT_CELL))
    end = max(first + 1, round((line.bottom - _CORE * height) / TEXT_CELL))
    rows = slice(first, min(end, text.shape[1]))
    if first >= text.shape[1]:
        return
    left, right = line.letters[0].left, line.letters[-1].right
    columns = slice(max(0, round(left / TEXT_CELL)), max(0, round(right / TEXT_CELL)))
    y = (np.arange(rows.start, rows.stop) + 0.5)[:, None] * TEXT_CELL
    text[0, rows, columns] = 1
    text[1, rows, columns] = y - line.top
    text[2, rows, columns] = line.bottom - y
    for word, is_link in enumerate(line.linked):
        start, stop = line.edges(word)
        where = slice(max(0, round(start / TEXT_CELL)), max(0, round(stop / TEXT_CELL)))
        text[3, rows, where] = is_link


def frame_targets(line: Line, strip: Strip) -> NDArray[np.int64]:
    """Return the class that each frame of a strip is to say, and one that is as good, (2, W / 2).

    Towards its edges a character may be said or not, but nothing else may.
    """
    wanted = np.full((2, strip.picture.shape[1] // FRAME_PX), BLANK, np.int64)
    codes = codes_of("".join(each.character for each in line.letters))
    for letter, code in zip(line.letters, codes, strict=True):
        # of a character that it doesn't know nothing can be said
        said = IGNORED if code == BLANK else code
        _mark(wanted, said, strip.frame_at(letter.left), strip.frame_at(letter.right))
    for letter, other in pairwise(line.letters):
        if letter.character == other.character:
            _part(wanted, strip.frame_at((letter.right + other.left) / 2))
    for (_, end), (first, _) in pairwise(line.words):
        start, stop = line.letters[end - 1].right, line.letters[first].left
        _mark(wanted, SPACE, strip.frame_at(start), strip.frame_at(stop))
    return wanted


def text_targets(line: Line, strip: Strip, first: int, end: int) -> list[int]:
    """Return what frames from `first` to `end` of a strip say, as classes from left to right.

    A character is said where its middle is. Nothing is returned where one is not known.
    """
    found: list[int] = []
    for number, (start, stop) in enumerate(line.words):
        letters = [
            letter.character
            for letter in line.letters[start:stop]
            if first <= strip.frame_at((letter.left + letter.right) / 2) < end
        ]
        if letters:
            found += [SPACE] * bool(number and found) + codes_of("".join(letters))
    return [] if BLANK in found else found


def _part(wanted: NDArray[np.int64], edge: float) -> None:
    """Have nothing said between two characters that are the same, or they would be read as one."""
    near = [frame for frame in (int(edge), int(edge) - 1) if 0 <= frame < wanted.shape[1]]
    free = [frame for frame in near if wanted[1, frame] == BLANK]
    if free:
        wanted[0, min(free, key=lambda frame: abs(frame + 0.5 - edge))] = BLANK


def _mark(wanted: NDArray[np.int64], code: int, start: float, stop: float) -> None:
    middle, width = (start + stop) / 2, max(stop - start, 1e-3)
    centre = int(np.floor(middle))
    first, last = int(np.floor(start)), int(np.floor(stop))
    for frame in range(max(first, 0), min(last + 1, wanted.shape[1])):
        away = abs(frame + 0.5 - middle) / width
        if frame == centre or away <= _SURE:
            wanted[:, frame] = code
        elif away < _EDGE and (wanted[:, frame] == BLANK).all():
            wanted[0, frame] = code
