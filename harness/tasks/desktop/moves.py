"""What the experts of desktop tasks have in common: to find things, and to point at them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TypeAlias

from harness.tasks.desktop.folder import read
from harness.tasks.desktop.task import Elements, Screen
from recorder.schema import Action, Click, Element, KeyChord, TypeText

_TRIES = 3

Actions: TypeAlias = AsyncGenerator[Action, None]
Finder: TypeAlias = Callable[[Elements], Element | None]


def named(role: str, *names: str) -> Finder:
    """Return what finds the first element of a role, with one of these names if any are given."""

    def find(elements: Elements) -> Element | None:
        fitting = (
            item for item in elements if item.role == role and (not names or item.name in names)
        )
        return next(fitting, None)

    return find


def click(element: Element, *, count: int = 1) -> Click:
    """Return a click in the middle of an element."""
    x, y, width, height = element.box
    return Click(x=x + width // 2, y=y + height // 2, count=count)


def ctrl(key: str) -> KeyChord:
    """Return a key with ctrl held."""
    return KeyChord(key=key, modifiers=("ctrl",))


async def opened(
    screen: Screen, entry: Finder, window: Finder, what: str, *, patience_s: float = 3.0
) -> Actions:
    """Double-click an entry until its window is there: an app at work may swallow a click."""
    for _ in range(_TRIES):
        yield click(await screen.wait_for(entry, what), count=2)
        if await screen.wait_for(_is_there_by(time.monotonic() + patience_s, window), what):
            return
    await screen.wait_for(window, f"the window of {what}")


def _is_there_by(until_s: float, find: Finder) -> Callable[[Elements], bool | None]:
    """Return what says whether something is there, as soon as it is or its time is over."""
    return lambda elements: bool(find(elements)) or (None if time.monotonic() < until_s else False)


async def dismiss_dialogs(screen: Screen) -> Actions:
    """Close dialogs and menus that are in the way."""
    for _ in range(5):
        elements = await screen.elements()
        if not named("dialog")(elements) and not named("menuitem")(elements):
            return
        yield KeyChord(key="Escape")


async def fill(screen: Screen, field: Finder, text: str, what: str) -> Actions:
    """Put a text into a field, whatever is in it."""
    found = await screen.wait_for(field, what)
    if found.value == text:
        return
    if "focused" not in found.states:
        yield click(found)
    yield ctrl("a")
    yield TypeText(text=text)
    await screen.wait_for(
        lambda elements: (now := field(elements)) and (now.value == text or None),
        f"{what} that says {text!r}",
    )


async def wait_for_file(screen: Screen, name: str, text: str) -> None:
    """Return as soon as a file says what it should."""
    wanted = text.rstrip("\n")
    await screen.wait_for(
        lambda _: read(screen.folder / name) == wanted or None, f"the text of {name}"
    )


async def wait_for_path(screen: Screen, path: Path, *, exists: bool) -> None:
    """Return as soon as there is such a file or folder, or as soon as there is none."""
    await screen.wait_for(
        lambda _: path.exists() == exists or None,
        f"{path.name} {'in' if exists else 'gone from'} {path.parent.name}",
    )
