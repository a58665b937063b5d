"""Words and sentences to make instances of tasks from."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

import numpy as np


def pick(rng: np.random.Generator, group: str, count: int) -> list[str]:
    """Return so many different words of a group, such as `city`."""
    words = _words()[group]
    return [words[number] for number in rng.permutation(len(words))[:count]]


def errand(rng: np.random.Generator) -> str:
    """Return a line as people write it on a list: `call the plumber on Monday at 10`."""
    deed, person, day = (pick(rng, group, 1)[0] for group in ("deed", "person", "day"))
    return f"{deed} {person} on {day} at {rng.integers(8, 19)}"


def errands(rng: np.random.Generator, count: int) -> list[str]:
    """Return so many different errands."""
    found: list[str] = []
    while len(found) < count:
        line = errand(rng)
        if line not in found:
            found.append(line)
    return found


@cache
def _words() -> dict[str, list[str]]:
    return json.loads((files("harness.tasks.desktop") / "words.json").read_text("utf-8"))
