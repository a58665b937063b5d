"""Tasks in dialogs (zenity): fill in a form, tick the right things."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from harness.tasks.desktop.folder import compare, read
from harness.tasks.desktop.moves import Actions, Finder, click, fill, named, wait_for_file
from harness.tasks.desktop.task import Elements, Launch, Scene, Screen
from harness.tasks.desktop.words import pick
from recorder.schema import Done, Element

_ANSWER = "answer.txt"


def fill_form(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: enter a new contact."""
    del folder
    name = f"{pick(rng, 'given', 1)[0]} {pick(rng, 'family', 1)[0]}"
    contact = {
        "Name": name,
        "City": pick(rng, "city", 1)[0],
        "Phone": f"0{rng.integers(10, 100)} {rng.integers(100_000, 1_000_000)}",
    }
    answer = "|".join(contact.values())

    async def solve(screen: Screen) -> Actions:
        if read(screen.folder / _ANSWER) != answer:
            for field, text in contact.items():
                async for action in fill(screen, named("textbox", field), text, field):
                    yield action
            yield click(await screen.wait_for(named("button", "OK"), "OK"))
            await wait_for_file(screen, _ANSWER, answer)
        yield Done()

    fields = [part for field in contact for part in ("--add-entry", field)]
    asked = ", ".join(f"{field.lower()} {text}" for field, text in contact.items())
    return Scene(
        goal=f"Enter a new contact with {asked}, and confirm.",
        launches=(
            Launch(
                ("zenity", "--forms", "--title", "New contact", "--text", "Contact", *fields),
                answer=Path(_ANSWER),
            ),
        ),
        check=partial(compare, wanted={_ANSWER: answer}),
        expert=solve,
    )


def tick_items(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: tick some things in a list, and nothing else."""
    del folder
    goods = pick(rng, "goods", int(rng.integers(5, 8)))
    count = int(rng.integers(2, 4))
    chosen = [goods[number] for number in sorted(rng.permutation(len(goods))[:count])]
    answer = "|".join(chosen)
    rows = [part for thing in goods for part in ("FALSE", thing)]

    async def solve(screen: Screen) -> Actions:
        if read(screen.folder / _ANSWER) != answer:
            for thing in goods:
                box = await screen.wait_for(_box_of(thing), thing)
                if ("checked" in box.states) != (thing in chosen):
                    yield click(box)
                    is_set = partial(_has_state, thing, ticked=thing in chosen)
                    await screen.wait_for(is_set, f"the tick of {thing}")
            yield click(await screen.wait_for(named("button", "OK"), "OK"))
            await wait_for_file(screen, _ANSWER, answer)
        yield Done()

    options = ("--title", "Shopping", "--text", "What do we need?", "--height", "360")
    columns = ("--column", "Buy", "--column", "Item")
    return Scene(
        goal=f"Tick {' and '.join([', '.join(chosen[:-1]), chosen[-1]])} in the list, and confirm.",
        launches=(
            Launch(
                ("zenity", "--list", "--checklist", *options, *columns, *rows),
                answer=Path(_ANSWER),
            ),
        ),
        check=partial(compare, wanted={_ANSWER: answer}),
        expert=solve,
    )


def _box_of(thing: str) -> Finder:
    """Return what finds the box to tick in the row of a thing."""

    def find(elements: Elements) -> Element | None:
        cells = [item for item in elements if item.role == "gridcell"]
        rows = [cell.box[1] for cell in cells if cell.name == thing]
        boxes = (item for item in elements if item.role == "checkbox")
        return next((box for box in boxes if box.box[1] in rows), None)

    return find


def _has_state(thing: str, elements: Elements, *, ticked: bool) -> bool | None:
    box = _box_of(thing)(elements)
    return (box is not None and ("checked" in box.states) == ticked) or None
