"""What the experts of desktop tasks have in common: to find things, and to point at them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TypeAlias

from harness.tasks.desktop.folder import read
from harness.tasks.desktop.task import Elements, Screen
from recorder.schema import Action, Click, Element, KeyChord, TypeText

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
