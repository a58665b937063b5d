"""Small pages and episodes to learn from, without a browser."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recorder.schema import Action, Click, Controller, Element, Episode, Observation, Step, TypeText

WORDS = ("apple", "river", "stone", "cloud", "tiger", "lemon", "piano", "grape", "wheel", "candle")


def page(seed: int, *, typed: str = "") -> Observation:
    """Return a page with three buttons and a field."""
    rng = np.random.default_rng(seed)
    names = rng.choice(WORDS, 3, replace=False).tolist()
    boxes = [(10, 60 + 40 * row, 60, 20) for row in rng.permutation(3).tolist()]
    pixels = np.full((210, 160, 3), 255, np.uint8)
    for left, top, width, height in boxes:
        pixels[top : top + height, left : left + width] = rng.integers(0, 200, 3)
    elements = [
        Element(role="button", box=box, name=name, text=name)
        for name, box in zip(names, boxes, strict=True)
    ]
    field = Element(role="textbox", box=(10, 180, 100, 20), value=typed, states=("focused",))
    return Observation(
        pixels,
        (5, 5),
        0,
        goal=f'Type "{names[1]}" and press {names[0]}.',
        elements=(*elements, field),
    )


def middle(element: Element) -> Click:
    """Return a click on the middle of an element."""
    x, y, width, height = element.box
    return Click(x=x + width // 2, y=y + height // 2)


def episode(seed: int, task: str = "press") -> Episode:
    """Return an episode that types the second word of its page and presses the first."""
    before = page(seed)
    word = before.elements[1].name
    return made_of(
        [(before, TypeText(text=word)), (page(seed, typed=word), middle(before.elements[0]))],
        seed,
        task,
    )


def made_of(
    steps: Sequence[tuple[Observation, Action]], seed: int = 0, task: str = "press"
) -> Episode:
    """Return an episode of these steps, half a second apart."""
    return Episode(
        steps=[
            Step(
                observation=observation,
                action=action,
                controller=Controller.SCRIPT,
                t_ns=number * 500_000_000,
                end_ns=number * 500_000_000 + 1,
            )
            for number, (observation, action) in enumerate(steps)
        ],
        recording=f"recording-{seed}",
        goal=steps[0][0].goal if steps else "",
        task=task,
        seed=str(seed),
        success=True,
    )
