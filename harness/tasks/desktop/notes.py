"""Tasks in a text editor (mousepad): write, append, replace, change a line, edit a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from harness.tasks.desktop.folder import Texts, compare, read, write
from harness.tasks.desktop.moves import (
    Actions,
    click,
    ctrl,
    dismiss_dialogs,
    fill,
    named,
    wait_for_file,
)
from harness.tasks.desktop.task import Elements, Launch, Scene, Screen
from harness.tasks.desktop.words import errand, errands, pick
from recorder.schema import Action, Done, Element, KeyChord, TypeText

EDITOR = ("mousepad", "--disable-server")


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that is open in the editor, and how a person would change it."""

    name: str
    before: str
    after: str
    keys: tuple[Action, ...]
    """What turns `before` into `after`, with the text as it was opened."""

    def scene(self, goal: str, others: Texts) -> Scene:
        """Return the scene of this one edit."""
        return Scene(
            goal=goal,
            launches=(Launch((*EDITOR, self.name)),),
            check=partial(compare, wanted={**others, self.name: self.after}),
            expert=self.solve,
        )

    async def solve(self, screen: Screen) -> Actions:
        """Change the text and save it."""
        async for action in edit(screen, self):
            yield action
        yield Done()


async def edit(screen: Screen, wanted: Edit) -> Actions:
    """Change a text that is open in the editor, and save it."""
    if read(screen.folder / wanted.name) == wanted.after.rstrip("\n"):
        return
    async for action in dismiss_dialogs(screen):
        yield action
    page = await screen.wait_for(find_page, "the text")
    if "focused" not in page.states:
        yield click(page)
    if page.value == wanted.before:
        for action in wanted.keys:
            yield action
    elif not _same(page.value, wanted.after):
        yield ctrl("a")
        yield TypeText(text=wanted.after.rstrip("\n"))
    await screen.wait_for(partial(_says, wanted.after), f"{wanted.after!r}")
    yield ctrl("s")
    await wait_for_file(screen, wanted.name, wanted.after)


def find_page(elements: Elements) -> Element | None:
    """Return the editor's text, its largest field."""
    fields = [item for item in elements if item.role == "textbox" and item.box[3] > _LINE_PX]
    return max(fields, key=lambda item: item.box[2] * item.box[3], default=None)


_LINE_PX = 60


def _says(text: str, elements: Elements) -> bool | None:
    page = find_page(elements)
    return (page is not None and _same(page.value, text)) or None


def _same(found: str, wanted: str) -> bool:
    return found.rstrip("\n") == wanted.rstrip("\n")


# Tasks --------------------------------------------------------------------------------------------


def new_note(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: write a note and save it under a name."""
    name = f"{pick(rng, 'file', 1)[0]}.txt"
    text = errand(rng)
    del folder

    async def solve(screen: Screen) -> Actions:
        if read(screen.folder / name) != text:
            async for action in dismiss_dialogs(screen):
                yield action
            async for action in fill(screen, find_page, text, "the text"):
                yield action
            yield ctrl("s")
            async for action in _save_as(screen, name):
                yield action
            await wait_for_file(screen, name, text)
        yield Done()

    return Scene(
        goal=f'Write a note that says "{text}" and save it in Documents as {name}.',
        launches=(Launch(EDITOR),),
        check=partial(compare, wanted={name: text}),
        expert=solve,
    )


async def _save_as(screen: Screen, name: str) -> Actions:
    """Name the file in the dialog that asks for it, unless it has a name already."""
    dialog = named("dialog")
    saved = screen.folder / name
    await screen.wait_for(lambda items: dialog(items) or saved.exists() or None, "the dialog")
    if not dialog(await screen.elements()):
        return
    async for action in fill(screen, named("textbox", "Name"), name, "the name of the file"):
        yield action
    yield KeyChord(key="Enter")
    # while the dialog looks for files whose names begin so, it does not hear the key
    elements = await screen.elements()
    if dialog(elements) and not saved.exists() and (button := named("button", "Save")(elements)):
        yield click(button)


def append_line(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: add a line at the end of a list."""
    name, other = (f"{word}.txt" for word in pick(rng, "file", 2))
    *lines, line, stray = errands(rng, int(rng.integers(3, 7)) + 2)
    before = _text(lines)
    others = {other: stray}
    write(folder, {**others, name: before})
    keys = (ctrl("End"), TypeText(text=line))
    goal = f'Add the line "{line}" at the end of {name} and save it.'
    return Edit(name, before, before + line, keys).scene(goal, others)


def replace_word(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: replace a word wherever it stands."""
    name = f"{pick(rng, 'file', 1)[0]}.txt"
    old, new, *rest = pick(rng, "adjective", 6)
    things = pick(rng, "goods", int(rng.integers(4, 7)))
    count = int(rng.integers(2, 4))
    used = [old] * count + [str(rng.choice(rest)) for _ in things[count:]]
    words = [used[number] for number in rng.permutation(len(used))]
    before = _text([f"{word} {thing}" for word, thing in zip(words, things, strict=True)])
    write(folder, {name: before})
    keys: list[Action] = []
    for number, word in enumerate(words):
        if word == old:
            keys += [ctrl("Home"), *_down(number), _to_end_of_word(len(old)), TypeText(text=new)]
    goal = f'In {name}, replace every "{old}" with "{new}" and save the file.'
    return Edit(name, before, before.replace(old, new), tuple(keys)).scene(goal, {})


def change_line(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: give one line of a list another text."""
    name = f"{pick(rng, 'file', 1)[0]}.txt"
    *lines, line = errands(rng, int(rng.integers(4, 8)) + 1)
    number = int(rng.integers(len(lines)))
    write(folder, {name: _text(lines)})
    after = [*lines[:number], line, *lines[number + 1 :]]
    keys = (ctrl("Home"), *_down(number), _TO_END_OF_LINE, TypeText(text=line))
    goal = f'Change line {number + 1} of {name} to "{line}" and save the file.'
    return Edit(name, _text(lines), _text(after), keys).scene(goal, {})


def change_price(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: change one value in a table that is kept as text."""
    goods = pick(rng, "goods", int(rng.integers(4, 8)))
    prices = [f"{cents / 100:.2f}" for cents in rng.integers(50, 2000, len(goods) + 1)]
    new = prices.pop()
    number = int(rng.integers(len(goods)))
    rows = [f"{thing},{price}" for thing, price in zip(goods, prices, strict=True)]
    changed = [*rows[:number], f"{goods[number]},{new}", *rows[number + 1 :]]
    before, after = _text(["item,price", *rows]), _text(["item,price", *changed])
    write(folder, {"prices.csv": before})
    keys = (ctrl("Home"), *_down(number + 1), _TO_END_OF_LINE, TypeText(text=changed[number]))
    goal = f"In prices.csv, change the price of {goods[number]} to {new} and save the file."
    return Edit("prices.csv", before, after, keys).scene(goal, {})


_TO_END_OF_LINE = KeyChord(key="End", modifiers=("shift",))


def _to_end_of_word(length: int) -> KeyChord:
    return KeyChord(key="ArrowRight", modifiers=("shift",), count=length)


def _down(lines: int) -> tuple[Action, ...]:
    return (KeyChord(key="ArrowDown", count=lines),) if lines else ()


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
