"""The one way by which an agent's actions reach its screen: past the guard, then past the latch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from harness.env.page import Outcome
from harness.guard import NOWHERE, Guard, Place, Refusal
from harness.latch import Latch
from recorder.errors import ConfigError
from recorder.schema import Action, Observation


class Screen(Protocol):
    """Where an agent acts, such as a task page."""

    async def step(self, action: Action) -> Outcome:
        """Do one action and return what came of it."""
        ...


@dataclass(frozen=True, slots=True)
class Stopped:
    """A person stopped the agent, or all agents."""

    agent: str


@dataclass(frozen=True, slots=True)
class Impossible:
    """The screen has no way to do it, such as a key that no keyboard has."""

    why: str


Refused: TypeAlias = Refusal | Stopped | Impossible


Where: TypeAlias = Callable[[], Awaitable[Place]]
"""Finds out where an action would land now, whatever the agent saw before."""


async def nowhere() -> Place:
    """Return that nobody knows; rules about apps and sites then refuse everything."""
    return NOWHERE


class Actuator:
    """Acts for one agent on one screen; people act on the screen itself.

    Args:
        screen: where it acts.
        agent: its name.
        guard: keeps it to its rules.
        latch: stops it.
        where: asked before each action, if there are rules about apps or sites.
    """

    def __init__(
        self, screen: Screen, agent: str, guard: Guard, latch: Latch, where: Where = nowhere
    ) -> None:
        self._screen = screen
        self._agent = agent
        self._guard = guard
        self._latch = latch
        self._where = where

    def begin(self) -> None:
        """Begin a new episode."""
        self._guard.begin()

    async def act(
        self, action: Action, observation: Observation, now_ms: int, *, is_approved: bool = False
    ) -> Outcome | Refused:
        """Do an action, and return what came of it or why it was not done.

        Args:
            action: what the agent decided.
            observation: what it decided on.
            now_ms: time by the clock of the agent.
            is_approved: a person saw this very action.

        Raises:
            harness.errors.ConfigError: no episode is running.
        """
        place = await self._where() if self._guard.rules.needs_place else NOWHERE
        refusal = self._guard.check(action, observation, now_ms, place, is_approved=is_approved)
        if refusal is not None:
            return refusal
        # last, so that nothing but the action itself lies between this look and the screen
        if self._latch.is_stopped(self._agent):
            return Stopped(self._agent)
        try:
            return await self._screen.step(action)
        except ConfigError as error:
            return Impossible(str(error))
