"""Pages on which a box or a circle is to be dragged."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from random import Random

from harness.tasks.experts.deciding import drag
from harness.tasks.experts.dom import Expert, Page, Spot, spot, submit
from recorder.schema import Action

_FAR_PX = 20  # how far a circle is dragged
_DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_BORDER_PX = 2  # least distance between the edges of two boxes


async def box_into_box(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Drag the small box into the middle of the large one, and submit."""
    small, large = await spot(page, "#draggableSmall"), await spot(page, "#draggableLarge")
    assert small
    assert large
    if not _contains(large, small):
        yield drag(small.center, large.center)
    async for action in submit(page):
        yield action


def _contains(outer: Spot, inner: Spot) -> bool:
    return (
        outer.left + _BORDER_PX < inner.left
        and outer.top + _BORDER_PX < inner.top
        and inner.left + inner.width < outer.left + outer.width - _BORDER_PX
        and inner.top + inner.height < outer.top + outer.height - _BORDER_PX
    )


async def circle(page: Page, rng: Random) -> AsyncIterator[Action]:
    """Drag the circle in the direction that the goal names, and submit."""
    found = re.search(r"circle (\w+)", page.goal)
    across, down = _DIRECTIONS[found[1]] if found else (0, 0)
    target = await spot(page, "#area circle")
    assert target
    moved = re.findall(r"-?[\d.]+", target.attributes.get("transform", "0,0"))
    right, low = (round(float(shift)) for shift in moved)
    if across * right + down * low <= 0:
        x, y = target.center
        yield drag((x, y), (x - right + across * _FAR_PX, y - low + down * _FAR_PX))
    async for action in submit(page):
        yield action


EXPERTS: dict[str, Expert] = {
    "drag-box": box_into_box,
    "drag-circle": circle,
}
