"""From words and widgets to the schema's elements, and to the instruction that is on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from policy.reader.find import WidgetBox
from recorder.schema import Box, Element

_BESIDE = 2.0  # heights of a line between a box to tick and what is said of it, at most
_ROW_PX = 6.0  # things whose middles differ less are in one row
_NEAR = 0.9  # heights between lines of one block, at most
_ALIGNED_PX = 3.0
_LIKE_HEIGHT = 0.25
_LIKE_COLOUR = 24
_SECRET = frozenset("•●")


@dataclass(frozen=True, slots=True)
class Word:
    """One word that was read, in px of the screen."""

    text: str
    left: float
    right: float
    confidence: float
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class TextLine:
    """Words that were read in one go."""

    words: tuple[Word, ...]
    top: float
    bottom: float
    background: tuple[int, int, int]

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.words[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.words[-1].right

    @property
    def height(self) -> float:
        """How high its letters are set."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """Half way down."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Seen:
    """An element and how surely it was read."""

    element: Element
    confidence: float


@dataclass(frozen=True, slots=True)
class Screen:
    """All that was read of a screen."""

    seen: tuple[Seen, ...]
    """In reading order."""
    goal: str
    """The first block of text on the screen; where a page says what to do, it says it there."""
    goal_confidence: float


def assemble(lines: Sequence[TextLine], widgets: Sequence[WidgetBox]) -> Screen:
    """Return what is on a screen."""
    free = [line for line in lines if line.words]
    seen: list[Seen] = []
    for widget in (each for each in widgets if each.role not in ("checkbox", "radio")):
        inside, free = _split(free, widget)
        seen.append(_filled(widget, inside))
    free.sort(key=lambda line: (line.top, line.left))
    ticks = [each for each in widgets if each.role in ("checkbox", "radio")]
    named = {id(widget): _label(widget, free, ticks) for widget in ticks}
    # once each, of however many boxes
    labels = [line for line in free if any(line is label for label in named.values())]
    seen += [_ticked(widget, named[id(widget)]) for widget in ticks]
    seen += [_seen_text("label", [line.words], [line]) for line in labels]
    others = [line for line in free if not any(line is label for label in labels)]
    goal = _first_block(others)
    if goal:
        seen.append(_seen_text("paragraph", [line.words for line in goal], goal))
    for block in _blocks([line for line in others if not any(line is each for each in goal)]):
        seen += _parts(block)
    told = [word for line in goal for word in line.words]
    return Screen(
        tuple(_in_order(seen)),
        " ".join(word.text for word in told),
        min((word.confidence for word in told), default=1.0),
    )


# Widgets ------------------------------------------------------------------------------------------


def _split(lines: Sequence[TextLine], widget: WidgetBox) -> tuple[list[TextLine], list[TextLine]]:
    """Return what of some lines is inside a widget, and the rest."""
    inside: list[TextLine] = []
    others: list[TextLine] = []
    for line in lines:
        own = [
            word
            for word in line.words
            if widget.left <= (word.left + word.right) / 2 <= widget.right
        ]
        if not own or not widget.top <= line.middle <= widget.bottom:
            others.append(line)
            continue
        inside.append(replace(line, words=tuple(own)))
        beside = (
            tuple(word for word in line.words if word.right <= own[0].left),
            tuple(word for word in line.words if word.left >= own[-1].right),
        )
        others += [replace(line, words=words) for words in beside if words]
    return inside, others


def _filled(widget: WidgetBox, inside: Sequence[TextLine]) -> Seen:
    words = [word for line in inside for word in line.words]
    text = " ".join(word.text for word in words)
    element = Element(role=widget.role, box=_box(widget), states=widget.states)
    if widget.role in ("textbox", "combobox"):
        element = replace(element, value=text)
        if text and set(text) <= _SECRET:
            element = replace(element, states=tuple(sorted({*widget.states, "secret"})))
    elif widget.role != "image":
        element = replace(element, name=text, text=text)
    return Seen(element, min((word.confidence for word in words), default=1.0))


def _label(
    widget: WidgetBox, lines: Sequence[TextLine], ticks: Sequence[WidgetBox]
) -> TextLine | None:
    """Return what is written to the right of a box to tick."""
    beside = [
        line
        for line in lines
        if widget.top <= line.middle <= widget.bottom
        and -_ALIGNED_PX <= line.left - widget.right <= _BESIDE * line.height
    ]
    nearest = min(beside, key=lambda line: line.left, default=None)
    if nearest is None:
        return None
    blocked = any(
        widget.right <= other.left < nearest.left and other.top <= nearest.middle <= other.bottom
        for other in ticks
    )
    return None if blocked else nearest


def _ticked(widget: WidgetBox, label: TextLine | None) -> Seen:
    name = " ".join(word.text for word in label.words) if label else ""
    sure = min((word.confidence for word in label.words), default=1.0) if label else 1.0
    return Seen(Element(role=widget.role, box=_box(widget), name=name, states=widget.states), sure)


# Text ---------------------------------------------------------------------------------------------


def _first_block(lines: Sequence[TextLine]) -> list[TextLine]:
    """Return the first line of a screen, and those that go on with it below."""
    block = list(lines[:1])
    for line in lines[1:]:
        if not _goes_on(block[-1], line):
            break
        block.append(line)
    return block


def _blocks(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Put lines together that one text was broken into."""
    width = max((line.right for line in lines), default=0.0)
    blocks: list[list[TextLine]] = []
    for line in lines:
        for block in reversed(blocks):
            last = block[-1]
            first = line.words[0]
            space = 0.25 * line.height
            # a line that had room for the next word ended on purpose
            had_room = last.right + space + first.right - first.left < width
            if _goes_on(last, line) and not had_room:
                block.append(line)
                break
        else:
            blocks.append([line])
    return blocks


def _goes_on(last: TextLine, line: TextLine) -> bool:
    height = max(last.height, line.height)
    alike = abs(last.height - line.height) <= _LIKE_HEIGHT * height
    below = 0 < line.middle - last.middle <= (1 + _NEAR) * height
    colours = zip(last.background, line.background, strict=True)
    is_there = max(abs(one - two) for one, two in colours) <= _LIKE_COLOUR
    return alike and below and is_there and abs(last.left - line.left) <= _ALIGNED_PX


def _parts(block: Sequence[TextLine]) -> list[Seen]:
    """Return a block's links, and its text without them."""
    plain: list[tuple[Word, ...]] = []
    of_plain: list[TextLine] = []
    found: list[Seen] = []
    for line in block:
        for is_link, words in _same(line.words):
            if is_link:
                found.append(_seen_text("link", [words], [line]))
            else:
                plain.append(words)
                of_plain.append(line)
    if plain:
        found.insert(0, _seen_text("paragraph", plain, of_plain))
    return found


def _same(words: Sequence[Word]) -> list[tuple[bool, tuple[Word, ...]]]:
    """Return words in stretches that are all links or all none."""
    edges = [n for n, (one, two) in enumerate(pairwise(words), 1) if one.is_link != two.is_link]
    cuts = [0, *edges, len(words)]
    return [(words[start].is_link, tuple(words[start:end])) for start, end in pairwise(cuts)]


def _seen_text(role: str, parts: Sequence[Sequence[Word]], lines: Sequence[TextLine]) -> Seen:
    words = [word for part in parts for word in part]
    text = " ".join(word.text for word in words)
    left, right = min(word.left for word in words), max(word.right for word in words)
    top, bottom = min(line.top for line in lines), max(line.bottom for line in lines)
    name = text if role == "link" else ""
    element = Element(role=role, box=_whole(left, top, right, bottom), name=name, text=text)
    return Seen(element, min(word.confidence for word in words))


def _box(widget: WidgetBox) -> Box:
    return _whole(widget.left, widget.top, widget.right, widget.bottom)


def _whole(left: float, top: float, right: float, bottom: float) -> Box:
    x, y = max(0, round(left)), max(0, round(top))
    return x, y, max(1, round(right) - x), max(1, round(bottom) - y)


def _in_order(seen: Sequence[Seen]) -> list[Seen]:
    """Return things row by row, and from left to right in each."""

    def middle(each: Seen) -> float:
        _, y, _, height = each.element.box
        # a tall thing is where it begins
        return y + min(height, 24) / 2

    ordered: list[Seen] = []
    row: list[Seen] = []
    for each in sorted(seen, key=middle):
        if row and middle(each) - middle(row[0]) > _ROW_PX:
            ordered += sorted(row, key=lambda one: one.element.box[0])
            row = []
        row.append(each)
    return ordered + sorted(row, key=lambda one: one.element.box[0])
