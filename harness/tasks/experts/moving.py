"""Experts for pages on which something is moved or marked: list items, shapes, edges, text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.deciding import deciding, drag, ordinal, pressed, told
from harness.tasks.experts.dom import Expert, Page, Spot, hit, spot, spots
from recorder.schema import Action, Click, Drag

_BEYOND_PX = 4  # past the middle of the item whose place is taken
_AWAY_PX = 30
_SLOT_PX = 11
_SLOTS = 5
_ABOVE, _BELOW = (20, 62), (20, 195)  # places that the lone box leaves free, one or the other
_MIDDLE_PX = 128

_SHAPES = {
    "rectangles": "#area_svg rect:not(#shape-container)",
    "circles": "#area_svg circle",
    "triangles": "#area_svg polygon",
}
_DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_CELLS = (
    *("top left", "top center", "top right"),
    *("center left", "center", "center right"),
    *("bottom left", "bottom center", "bottom right"),
)

_MARKED = """(css, index) => {
  const bare = (text) => text.replace(/\\s/g, "");
  return bare(String(getSelection())) === bare(document.querySelectorAll(css)[index].textContent);
}"""


def _onto(item: Spot, place: Spot) -> Drag:
    """Drag an item onto the place of another, so far that the other gives way."""
    (x, y), (to_x, to_y) = item.center, place.center
    straight = drag((x, y), (to_x + _beyond(to_x - x), to_y + _beyond(to_y - y)))
    if not (to_x > x and to_y < y):
        return straight
    # who comes from the left is put behind the other, who comes from the right before it
    return Drag(path=(*straight.path, (to_x, to_y), (to_x - _BEYOND_PX, to_y)))


def _beyond(way: int) -> int:
    return (way > 0) * _BEYOND_PX - (way < 0) * _BEYOND_PX


async def _item(page: Page) -> Action | None:
    """Drag an item of a list to where it is to be."""
    found = told(page.goal, r"Drag (.+?) ((?:up|down|to) .+)\.")
    items = await spots(page, "#sortable li")
    index = next(item.index for item in items if item.text == found[1])
    return _onto(items[index], items[_place(found[2], index, len(items))])


def _place(words: str, index: int, count: int) -> int:
    """Return where an item of a list is to go.

    >>> _place("up by one position", 3, 5)
    2
    """
    ends = {"to the top": 0, "to the bottom": count - 1}
    steps = {"up by one position": -1, "down by one position": 1}
    if words in steps:
        return index + steps[words]
    return ends[words] if words in ends else ordinal(words) - 1


async def _cell(page: Page) -> Action | None:
    """Drag an item of a grid to where it is to be."""
    found = told(page.goal, r"Drag (.+?) (?:to the (.+)|(\w+) by one)\.")
    items = await spots(page, "#sortable li")
    index = next(item.index for item in items if item.text == found[1])
    if found[2]:
        return _onto(items[index], items[_CELLS.index(found[2])])
    columns, rows = _DIRECTIONS[found[3]]
    return _onto(items[index], items[index + columns + 3 * rows])


async def _sorting(page: Page) -> Action | None:
    """Drag the least number that is out of order to its place, from the top on."""
    items = await spots(page, "#sortable li")
    numbers = [int(item.text) for item in items]
    for place, number in enumerate(sorted(numbers)):
        if numbers[place] != number:
            return _onto(items[numbers.index(number, place)], items[place])
    return await pressed(page, "#subbtn")


async def _boxes(page: Page) -> Action | None:
    """Drag each shape into the box that it belongs to, or out of the one that it does not."""
    boxes = await spots(page, "#shape-container")
    shapes = [(kind, shape) for kind, css in _SHAPES.items() for shape in await spots(page, css)]
    for kind, shape in sorted(shapes, key=lambda one: (one[1].top, one[1].left)):
        color = shape.attributes["fill"]
        is_meant = f"all {kind} " in page.goal or f"all {color} shapes " in page.goal
        home = boxes[0] if is_meant else boxes[1] if len(boxes) > 1 else None
        if home and not _is_inside(shape, home):
            inside = sum(_is_inside(other, home) for _, other in shapes)
            return drag(shape.center, _slot(home, inside))
        if not home and _is_inside(shape, boxes[0]):
            return drag(shape.center, _aside(boxes[0]))
    return await pressed(page, "#subbtn")


def _is_inside(shape: Spot, box: Spot) -> bool:
    return (
        box.left < shape.left < box.left + box.width and box.top < shape.top < box.top + box.height
    )


def _slot(box: Spot, number: int) -> tuple[int, int]:
    """Return a place in a box beside those that are taken."""
    return int(box.left) + _SLOT_PX * (1 + number % _SLOTS), box.center[1]


def _aside(box: Spot) -> tuple[int, int]:
    return _ABOVE if box.center[1] > _MIDDLE_PX else _BELOW


async def _single_shape(page: Page) -> Action | None:
    """Drag the shape in the direction that is asked for."""
    shape = (await spots(page, "svg .black-shape"))[0]
    found = told(page.goal, r"item (\w+) then")
    across, down = _DIRECTIONS[found[1]]
    moved = re.findall(r"-?[\d.]+", shape.attributes.get("transform", "translate(0,0)"))
    if float(moved[0]) * across + float(moved[1]) * down > 0:
        return await pressed(page, "#subbtn")
    x, y = shape.center
    return drag((x, y), (x + across * _AWAY_PX, y + down * _AWAY_PX))


async def resize_textarea(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Drag the edge that changes the width or the height."""
    is_width = "the width is" in page.goal
    way = _AWAY_PX if "larger than" in page.goal else -_AWAY_PX
    edge = await spot(page, ".ui-resizable-e" if is_width else ".ui-resizable-s")
    if grip := await hit(page, edge) if edge else None:
        x, y = grip.x, grip.y
        yield drag((x, y), (x + way, y) if is_width else (x, y + way))
    if action := await pressed(page, "#submit"):  # what was made larger may reach over its middle
        yield action


async def _marked(page: Page, css: str, place: int) -> Action | None:
    """Mark a paragraph by a triple click."""
    if await page.read(_MARKED, css, place):
        return await pressed(page, "#subbtn")
    x, y = (await spots(page, css))[place].center
    return Click(x=x, y=y, count=3)


async def _only_paragraph(page: Page) -> Action | None:
    """Mark the text."""
    return await _marked(page, "#randomText", 0)


async def _nth_paragraph(page: Page) -> Action | None:
    """Mark the paragraph that is asked for."""
    return await _marked(page, "#randomText p", ordinal(page.goal) - 1)


EXPERTS: dict[str, Expert] = {
    "drag-items": deciding(_item),
    "drag-items-grid": deciding(_cell),
    "drag-shapes": deciding(_boxes),
    "drag-shapes-2": deciding(_boxes),
    "drag-single-shape": deciding(_single_shape),
    "drag-sort-numbers": deciding(_sorting),
    "highlight-text": deciding(_only_paragraph),
    "highlight-text-2": deciding(_nth_paragraph),
    "resize-textarea": resize_textarea,
}
