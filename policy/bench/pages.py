"""Pages to measure with: made up here, so that the benchmark needs no browser and no recording."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from random import Random

import numpy as np
from numpy.typing import NDArray

from recorder.schema import AgentContext, Click, Controller, Element, Episode, Observation, Step

WIDTH_PX, HEIGHT_PX = 160, 210
ELEMENTS = 12
STEPS = 3
"""Steps of each episode."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_STEP_NS = 1_000_000_000


def page(chance: Random) -> Observation:
    """Return a form of a size that MiniWoB++ has: a goal, fields and buttons with words of its own.

    Words are drawn as blocks of noise: what a picture costs does not depend on what it shows.
    """
    words = ["".join(chance.choices(_LETTERS, k=chance.randint(3, 9))) for _ in range(ELEMENTS)]
    pixels = np.full((HEIGHT_PX, WIDTH_PX, 3), 255, np.uint8)
    elements: list[Element] = []
    for number, word in enumerate(words):
        left, top = 5 + 80 * (number % 2), 52 + 26 * (number // 2)
        role = ("textbox", "button", "checkbox", "link")[number % 4]
        elements.append(Element(role=role, box=(left, top, 70, 20), name=word, text=word))
        pixels[top + 4 : top + 16, left : left + 7 * len(word)] = _noise(chance, 7 * len(word))
    goal = f'Enter "{words[0]}" into {words[4]}, check {words[2]} and press {words[1]}.'
    pixels[4:16] = _noise(chance, WIDTH_PX)
    cursor = chance.randrange(WIDTH_PX), chance.randrange(HEIGHT_PX)
    return Observation(pixels, cursor, 0, goal, tuple(elements))


def turns(agents: int, seed: int) -> Iterator[list[AgentContext]]:
    """Yield what a number of agents see, turn by turn without end; each screen is another."""
    chance = Random(seed)
    for turn in count():
        yield [AgentContext(f"agent-{agent}", page(chance), turn) for agent in range(agents)]


def contexts(turns_wanted: int, agents: int, seed: int) -> list[list[AgentContext]]:
    """Return the first of these turns."""
    return [*islice(turns(agents, seed), turns_wanted)]


def episodes(wanted: int, seed: int) -> list[Episode]:
    """Return demonstrations in which some element of each page is clicked."""
    chance = Random(seed)
    return [_episode(chance, number) for number in range(wanted)]


def _episode(chance: Random, number: int) -> Episode:
    steps: list[Step] = []
    for turn in range(1, STEPS + 1):
        observation = page(chance)
        left, top, width, height = chance.choice(observation.elements).box
        steps.append(
            Step(
                observation=observation,
                action=Click(x=left + width // 2, y=top + height // 2),
                controller=Controller.SCRIPT,
                t_ns=turn * _STEP_NS,
                end_ns=turn * _STEP_NS + 1,
            )
        )
    goal = steps[0].observation.goal
    name = f"made-{number}"
    return Episode(steps=steps, recording=name, goal=goal, task="made", seed=str(number))


def _noise(chance: Random, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(chance.randbytes(12 * width * 3), np.uint8).reshape(12, width, 3)
