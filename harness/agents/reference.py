"""Agents that know nothing: a figure that they reach as well is worth nothing."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from harness.errors import ConfigError
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Decision,
    KeyChord,
    Observation,
    TypeText,
    Wait,
)

_WAIT_MS = 10_000
_CLICK, _TYPE = 0.7, 0.9  # up to here it clicks, up to here it types, else it presses a key
_KEYS = ("Enter", "Tab", "Backspace", "ArrowDown", "ArrowUp")


class Null:
    """Waits for ever, and never claims to be done."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a wait for each agent."""
        return [Decision(Wait(duration_ms=_WAIT_MS), 1.0, 1.0) for _ in batch]


class Random:
    """Clicks, types and presses keys at random, and is always sure of it.

    What it does is drawn by its seed, the step and the screen alone: the same whoever else acts, in
    whatever order, and whatever the agent is called.

    Args:
        seed: a whole number, or its digits.

    Raises:
        ConfigError: the seed is none.
    """

    def __init__(self, seed: int | str = 0) -> None:
        try:
            self._seed = int(seed)
        except ValueError as error:
            raise ConfigError(f"no seed {seed!r}; allowed: a whole number") from error

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return something for each agent."""
        return [Decision(self._action(context), 1.0, 1.0) for context in batch]

    def _action(self, context: AgentContext) -> Action:
        seen = context.observation
        screen = hashlib.blake2b(seen.pixels.tobytes(), digest_size=8).hexdigest()
        draws = random.Random(f"{self._seed}/{context.step}/{seen.goal}/{screen}")
        share = draws.random()
        if share < _CLICK:
            height, width = seen.pixels.shape[:2]
            return Click(x=draws.randrange(width), y=draws.randrange(height))
        if share < _TYPE:
            return TypeText(text=draws.choice(_words(seen)))
        return KeyChord(key=draws.choice(_KEYS))


def _words(seen: Observation) -> list[str]:
    return seen.goal.split() or ["a"]
