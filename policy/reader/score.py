"""How well a reader reads pages whose DOM, or whose accessibility tree, says what is on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from policy.reader.label import Labelled, Widget
from policy.reader.read import Reader, Reading
from policy.reader.spell import ELLIPSIS
from recorder.schema import Box

_OVERLAP = 0.3  # of two boxes' union; less is another thing
_NEAR_PX = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A picture and what is written in some boxes of it, not where in them."""

    pixels: NDArray[np.uint8]
    """(H, W, 3)."""
    texts: tuple[tuple[str, Box], ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over pages."""

    pages: int = 0
    words: int = 0
    exact: int = 0
    """Words that were read letter by letter, where they are."""
    false_words: int = 0
    """Words that were read where there is none like them."""
    field_words: int = 0
    """Of the words, those inside fields."""
    field_exact: int = 0
    widgets: int = 0
    found: int = 0
    """Widgets that were found, with their role."""
    states_right: int = 0
    """Of those, with all of their states."""
    false_widgets: int = 0

    def __add__(self, other: Score) -> Score:
        names = [each.name for each in fields(self)]
        return Score(*(getattr(self, name) + getattr(other, name) for name in names))


def score_pages(reader: Reader, pages: Iterable[Labelled | Window]) -> Score:
    """Return how well a reader reads pages."""
    return sum((score(reader.read(page.pixels), page) for page in pages), Score())


def score(reading: Reading, page: Labelled | Window) -> Score:
    """Return how well one page was read."""
    return _window(reading, page) if isinstance(page, Window) else _page(reading, page)


def _window(reading: Reading, window: Window) -> Score:
    words = [(word, line.middle) for line in reading.lines for word in line.words]
    wanted = [(each, box) for text, box in window.texts for each in text.split()]
    exact = 0
    for said, (x, y, width, height) in wanted:
        found = next(
            (
                each
                for each in words
                if each[0].text == said.replace(*ELLIPSIS)
                and abs(each[1] - (y + height / 2)) <= height / 2 + _NEAR_PX
                and abs((each[0].left + each[0].right) / 2 - (x + width / 2))
                <= width / 2 + _NEAR_PX
            ),
            None,
        )
        if found:
            words.remove(found)
            exact += 1
    return Score(pages=1, words=len(wanted), exact=exact)


def _page(reading: Reading, page: Labelled) -> Score:
    left = [(word, line) for line in reading.lines for word in line.words]
    words = exact = field_words = field_exact = 0
    for line in page.lines:
        in_field = line.owner >= 0 and page.widgets[line.owner].role in ("textbox", "combobox")
        for number in range(len(line.words)):
            start, end = line.edges(number)
            middle, height = (line.top + line.bottom) / 2, line.bottom - line.top
            found = next(
                (
                    (word, other)
                    for word, other in left
                    if word.text == line.text(number).replace(*ELLIPSIS)
                    and abs(other.middle - middle) <= height / 2
                    and abs(word.left - start) <= height / 2 + _NEAR_PX
                    and abs(word.right - end) <= height / 2 + _NEAR_PX
                ),
                None,
            )
            if found:
                left.remove(found)
            words, exact = words + 1, exact + bool(found)
            field_words += in_field
            field_exact += in_field and bool(found)
    found_widgets, right, false_widgets = _widgets(reading, page.widgets)
    return Score(
        1,
        words,
        exact,
        len(left),
        field_words,
        field_exact,
        len(page.widgets),
        found_widgets,
        right,
        false_widgets,
    )


def _widgets(reading: Reading, widgets: Iterable[Widget]) -> tuple[int, int, int]:
    """Return how many were found, with all states, and how many there are not."""
    roles = {widget.role for widget in widgets}
    seen = [each for each in reading.elements if each.role in roles]
    seen = [each for each in seen if each.role not in ("paragraph", "label", "link")]
    found = right = 0
    for widget in widgets:
        box = (widget.left, widget.top, widget.width, widget.height)
        near = [
            each for each in seen if each.role == widget.role and _share(each.box, box) > _OVERLAP
        ]
        if near:
            best = max(near, key=lambda each: _share(each.box, box))
            seen.remove(best)
            found += 1
            # that a field is secret is told by what is in it
            right += {*best.states} - {"secret"} == {*widget.states}
    return found, right, len(seen)


def _share(one: Box, two: tuple[float, float, float, float]) -> float:
    across = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
    down = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
    if across <= 0 or down <= 0:
        return 0.0
    both = across * down
    return both / (one[2] * one[3] + two[2] * two[3] - both)
