"""Tasks with a calculator (galculator): compute, and put the result into a note."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from harness.tasks.desktop.folder import compare, write
from harness.tasks.desktop.moves import Actions, click, ctrl, named
from harness.tasks.desktop.notes import EDITOR, Edit, edit
from harness.tasks.desktop.task import Elements, Launch, Scene, Screen
from harness.tasks.desktop.words import pick
from recorder.schema import Done, Element, TypeText

_CALCULATOR = Launch(("galculator",))


def note_product(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: compute a product and a sum, and write the result at the end of a note."""
    first, second, third = (int(number) for number in rng.integers(12, 100, 3))
    terms = f"{first}*{second}+{third}"
    goal = (
        f"Compute {first} times {second} plus {third} with the calculator, write the result at "
        "the end of result.txt and save it."
    )
    write(folder, {"result.txt": "Result: "})
    return _scene(goal, "result.txt", "Result: ", terms)


def note_total(folder: Path, rng: np.random.Generator) -> Scene:
    """Prepare: add up the numbers of a list, and write their total under it."""
    goods = pick(rng, "goods", int(rng.integers(3, 6)))
    amounts = [int(amount) for amount in rng.integers(11, 500, len(goods))]
    rows = [f"{thing}: {amount}\n" for thing, amount in zip(goods, amounts, strict=True)]
    before = "".join([*rows, "total: "])
    write(folder, {"amounts.txt": before})
    goal = (
        "Add up the amounts in amounts.txt with the calculator, write the sum after 'total: ' at "
        "the end and save the file."
    )
    return _scene(goal, "amounts.txt", before, _plus(amounts))


def _plus(amounts: Sequence[int]) -> str:
    return "+".join(str(amount) for amount in amounts)


def _scene(goal: str, name: str, before: str, terms: str) -> Scene:
    result = str(sum(_product(term) for term in terms.split("+")))
    wanted = Edit(name, before, before + result, (ctrl("End"), TypeText(text=result)))

    async def solve(screen: Screen) -> Actions:
        async for action in _compute(screen, terms, result):
            yield action
        async for action in edit(screen, wanted):
            yield action
        yield Done()

    return Scene(
        goal=goal,
        launches=(Launch((*EDITOR, name)), _CALCULATOR),
        check=partial(compare, wanted={name: before + result}),
        expert=solve,
    )


def _product(term: str) -> int:
    """Return the value of a term.

    >>> _product("12*3")
    36
    """
    product = 1
    for factor in term.split("*"):
        product *= int(factor)
    return product


async def _compute(screen: Screen, terms: str, result: str) -> Actions:
    if _shows(result, await screen.elements()):
        return
    for key in ("AC", *terms, "="):
        yield click(await screen.wait_for(named("button", key), f"{key} on the calculator"))
    await screen.wait_for(partial(_shows, result), f"{result} on the calculator")


def _shows(result: str, elements: Elements) -> Element | None:
    fields = (item for item in elements if item.role == "textbox")
    return next((item for item in fields if item.value.strip() == result), None)
