"""What an evaluation needs: places that agents work in, a policy, and who watches over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from policy.calibrate import Evidence
from recorder.schema import Action, AgentContext, Decision, Observation


class Shift(StrEnum):
    """How a page differs from those that were learned from."""

    NONE = "none"
    DARK = "dark"
    """A dark theme."""
    MOVED = "moved"
    """What is to be pressed goes elsewhere when the pointer comes near."""
    RENAMED = "renamed"
    """A button says the same in another word."""
    POPUP = "popup"
    """A dialog lies over the target."""
    FONT = "font"
    """Another font."""
    SCALE = "scale"
    """A device-pixel ratio of 1.25."""
    POINTED = "pointed"
    """The pointer is anywhere on it, as on a page that another one led to."""
    DELETED = "deleted"
    """What is to be pressed first isn't there."""
    MISSPELLED = "misspelled"
    """What is to be pressed first says another letter in one place."""


@dataclass(frozen=True, slots=True, order=True)
class Instance:
    """One page to be brought to its goal."""

    task: str
    seed: int
    shift: Shift = Shift.NONE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Where an episode stands after a reset or an action."""

    observation: Observation
    virtual_ms: int = 0
    is_over: bool = False
    is_success: bool = False
    is_shifted: bool = True
    """False where the page has nothing that the shift could change."""
    failure: str = ""
    """What broke in the place itself; says nothing about the agent."""


class Environments(Protocol):
    """Places side by side, numbered from 0; each plays one episode at a time."""

    @property
    def size(self) -> int:
        """How many."""
        ...

    def begin(self, instances: Mapping[int, Instance]) -> dict[int, Scene]:
        """Begin an episode in each of these places."""
        ...

    def act(self, actions: Mapping[int, Action]) -> dict[int, Scene]:
        """Do one action in each of these places."""
        ...

    def expert_actions(self, places: Sequence[int]) -> dict[int, Action | None]:
        """Return what an expert would do next in each, or None where it knows no way."""
        ...


class Policy(Protocol):
    """Anything that decides."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a decision for each agent."""
        ...


class Gate(Protocol):
    """Decides at each step whether an agent should ask instead of acting."""

    def reason(self, context: AgentContext, decision: Decision) -> str | None:
        """Return why it should, None when it need not; step 0 begins a new episode."""
        ...


class ReasoningPolicy(Protocol):
    """A policy that says what speaks for and against what it decides."""

    def consider(self, batch: Sequence[AgentContext]) -> list[tuple[Decision, Evidence]]:
        """Return a decision for each agent, with its evidence."""
        ...
