"""Tasks in a file manager (pcmanfm): rename, move and delete."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from harness.tasks.desktop.folder import Texts, compare, write
from harness.tasks.desktop.moves import (
    Actions,
    Finder,
    click,
    ctrl,
    dismiss_dialogs,
    fill,
    named,
    opened,
    wait_for_path,
)
from harness.tasks.desktop.task import Elements, Expert, Launch, Scene, Screen, Verdict
from harness.tasks.desktop.words import errand, pick
from recorder.schema import Done, Element, KeyChord

_MANAGER = (Launch(("pcmanfm", "--no-desktop", "."), gtk2=True),)


def _some_files(rng: np.random.Generator) -> dict[str, str]:
    names = pick(rng, "file", int(rng.integers(4, 8)))
    return {f"{name}.txt": errand(rng) for name in names}


def rename_file(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: give one of several files another name."""
    texts = _some_files(rng)
    write(folder, texts)
    old = str(rng.choice(list(texts)))
    new = f"{pick(rng, 'adjective', 1)[0]}-{pick(rng, 'day', 1)[0].lower()}.txt"
    wanted = {name if name != old else new: text for name, text in texts.items()}

    async def solve(screen: Screen) -> Actions:
        async for action in dismiss_dialogs(screen):
            yield action
        if not (screen.folder / new).exists():
            yield click(await screen.wait_for(_entry(old), old))
            yield KeyChord(key="F2")
            async for action in fill(screen, _in_dialog, new, "the new name"):
                yield action
            yield KeyChord(key="Enter")
            await wait_for_path(screen, screen.folder / new, exists=True)
        yield Done()

    return _scene(f"Rename the file {old} to {new}.", wanted, solve)


def move_file(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: move one of several files into a folder."""
    texts = _some_files(rng)
    places = pick(rng, "folder", 2)
    write(folder, {**texts, **{f"{place}/keep.txt": "keep\n" for place in places}})
    name, place = str(rng.choice(list(texts))), places[0]
    moved = {f"{place}/{name}" if name == found else found: text for found, text in texts.items()}
    wanted = {**moved, **{f"{place}/keep.txt": "keep\n" for place in places}}

    async def solve(screen: Screen) -> Actions:
        async for action in dismiss_dialogs(screen):
            yield action
        if not (screen.folder / place / name).exists():
            yield click(await screen.wait_for(_entry(name), name))
            yield ctrl("x")
            async for action in opened(screen, _entry(place), named("window", place), place):
                yield action
            yield ctrl("v")
            await wait_for_path(screen, screen.folder / place / name, exists=True)
        yield Done()

    return _scene(f"Move the file {name} into the folder {place}.", wanted, solve)


def delete_file(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: delete one of several files; another one would be lost for good."""
    texts = _some_files(rng)
    write(folder, texts)
    name = str(rng.choice(list(texts)))
    wanted = {found: text for found, text in texts.items() if found != name}

    def spoiled(folder: Path) -> Verdict:
        lost = sorted(found for found in wanted if not (folder / found).exists())
        return Verdict(f"{lost[0]} is gone" if lost else "")

    async def solve(screen: Screen) -> Actions:
        async for action in dismiss_dialogs(screen):
            yield action
        if (screen.folder / name).exists():
            yield click(await screen.wait_for(_entry(name), name))
            yield KeyChord(key="Delete")
            yield click(await screen.wait_for(_agree, "the question whether to delete"))
            await wait_for_path(screen, screen.folder / name, exists=False)
        yield Done()

    scene = _scene(f"Delete the file {name}, and no other.", wanted, solve)
    return replace(scene, spoiled=spoiled)


# Steps --------------------------------------------------------------------------------------------


def _scene(goal: str, wanted: Texts, expert: Expert) -> Scene:
    check = partial(compare, wanted=wanted)
    return Scene(goal=goal, launches=_MANAGER, check=check, expert=expert)


def _entry(name: str) -> Finder:
    """Return what finds a file or folder in the list."""
    return named("gridcell", name)


def _in_dialog(elements: Elements) -> Element | None:
    """Return the field of the open dialog."""
    dialog = named("dialog")(elements)
    inside = (item for item in elements if item.role == "textbox" and dialog is not None)
    return next((item for item in inside if _is_within(item, dialog)), None)


def _agree(elements: Elements) -> Element | None:
    return named("button", "Yes", "OK", "Delete")(elements)


def _is_within(item: Element, frame: Element | None) -> bool:
    if frame is None:
        return False
    x, y, width, height = frame.box
    return x <= item.box[0] < x + width and y <= item.box[1] < y + height
