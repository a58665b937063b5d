"""What the experts of desktop tasks share: they look again at what an app made of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from harness.errors import InfrastructureError
from harness.tasks.desktop.moves import Actions, named, opened
from harness.tasks.desktop.task import Elements, Scene, Screen, nothing_spoiled
from recorder.schema import Click, Element

Found = TypeVar("Found")

ENTRY = Element(role="gridcell", name="Research", box=(10, 20, 100, 16))
WINDOW = Element(role="window", name="Research", box=(0, 0, 640, 480))


def research(screen: Screen) -> Actions:
    entry, window = named("gridcell", "Research"), named("window", "Research")
    return opened(screen, entry, window, "Research", patience_s=0.01)


class DeafApp:
    """A file manager that does not hear the first double clicks."""

    scene = Scene(
        goal="Open the folder Research.", launches=(), check=nothing_spoiled, expert=research
    )
    folder = Path()

    def __init__(self, swallows: int) -> None:
        self.swallows = swallows

    def take(self, action: object) -> None:
        assert action == Click(x=60, y=28, count=2)
        self.swallows -= 1

    async def elements(self) -> Elements:
        return (ENTRY, WINDOW) if self.swallows < 0 else (ENTRY,)

    async def wait_for(self, find: Callable[[Elements], Found | None], what: str) -> Found:
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            found = find(await self.elements())
            if found is not None:
                return found
        raise InfrastructureError(f"{what} did not appear")


async def opens(app: DeafApp) -> int:
    """Return how often an entry was double-clicked until it was open."""
    count = 0
    async for action in app.scene.expert(app):
        app.take(action)
        count += 1
    return count


@pytest.mark.parametrize("swallows", [0, 1, 2])
async def test_a_folder_is_double_clicked_until_it_is_open(swallows: int) -> None:
    assert await opens(DeafApp(swallows)) == swallows + 1


async def test_an_app_that_hears_nothing_is_what_is_broken() -> None:
    with pytest.raises(InfrastructureError, match="the window of Research did not appear"):
        await opens(DeafApp(9))
