"""What a desktop task is: files to work on, apps to work with, and a check of the result."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from harness.tasks.task import HumanTime
from recorder.schema import Action, Element

Found = TypeVar("Found")
Elements: TypeAlias = tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a task is achieved."""

    reason: str = ""
    """What is amiss; empty where nothing is."""

    @property
    def achieved(self) -> bool:
        """True where nothing is amiss."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Launch:
    """An app to start."""

    args: tuple[str, ...]
    """Program and arguments; a path is relative to the task's folder, where the app starts."""
    answer: Path | None = None
    """Where to keep what the app prints; None where that means nothing."""
    gtk2: bool = False
    """Such an app has to be told to describe itself to the accessibility bus."""


class Screen(Protocol):
    """What an expert works with: it may look at any time, and acts by yielding actions."""

    @property
    def scene(self) -> Scene:
        """The episode's instance of its task."""
        ...

    @property
    def folder(self) -> Path:
        """The files that the task is about."""
        ...

    async def elements(self) -> Elements:
        """Return what the accessibility tree shows now."""
        ...

    async def wait_for(self, find: Callable[[Elements], Found | None], what: str) -> Found:
        """Return what `find` finds in the elements, as soon as that is anything but None.

        Raises:
            InfrastructureError: it did not appear in time.
        """
        ...


Expert: TypeAlias = Callable[[Screen], AsyncGenerator[Action, None]]


def nothing_spoiled(folder: Path) -> Verdict:
    """Return that nothing is amiss: no act is irreversible."""
    del folder
    return Verdict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One instance of a task."""

    goal: str
    """What is to be achieved, in plain English."""
    launches: tuple[Launch, ...]
    """Apps to start, in this order; the last one has the keyboard."""
    check: Callable[[Path], Verdict]
    """Judges the folder when the agent says that it is done."""
    expert: Expert
    """Solves this instance from whatever state the screen is in; its last action is `Done`."""
    spoiled: Callable[[Path], Verdict] = nothing_spoiled
    """Judges the folder after each action; if anything is amiss for good, the episode ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopTask:
    """A task for real apps, with another instance for each seed."""

    name: str
    prepare: Callable[[Path, np.random.Generator], Scene]
    """Writes the files of an instance into an empty folder and returns the rest of it."""
    human: HumanTime
    version: int = 0
    max_steps: int = 50
    """Actions after which an episode is truncated."""


async def solve(screen: Screen) -> AsyncGenerator[Action, None]:
    """Yield the actions of the expert for the instance on a screen, each one to be done at once."""
    async for action in screen.scene.expert(screen):
        yield action
