"""What a task is: something to achieve, with a check of its own and the time that people take."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from harness.errors import UnknownTaskError

NAMESPACE = "understudy"

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanTime:
    """How long a practised person takes for one episode, successes only."""

    seconds: float
    """Geometric mean."""
    sd_log: float
    """Standard deviation of the logarithm of one person's time."""
    n: int
    """Episodes that were timed; 0 where the time is an estimate of the keystroke-level model."""

    @property
    def is_estimate(self) -> bool:
        """True where no person was timed."""
        return self.n == 0


class Task(Protocol):
    """What every task has, whatever it is done on."""

    @property
    def name(self) -> str:
        """Without namespace and version: `miniwob-click-button`."""
        ...

    @property
    def version(self) -> int:
        """Raised whenever scores before and after cannot be compared."""
        ...

    @property
    def human(self) -> HumanTime:
        """The time that people take."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTask:
    """A chain of pages, each to be brought to a raw reward of exactly 1.

    A MiniWoB++ task is a chain of one page; a longer one is a job, and each page of it a milestone.
    """

    name: str
    pages: tuple[str, ...]
    """Paths below the root that task pages are served from."""
    human: HumanTime
    version: int = 0
    max_steps: int = 50
    """Actions after which an episode is truncated."""
    max_seconds: float = 120.0
    """Virtual seconds after which an episode is truncated."""
    depends_on_seed: bool = True
    """False where every seed shows the same page at first."""
    tags: frozenset[str] = field(default_factory=frozenset)

    def page_seed(self, seed: str, page: int) -> str:
        """Return what chance on one of the pages goes by, in an episode with this seed."""
        return seed if len(self.pages) == 1 else f"{seed}/{page}"


def env_id(task: Task) -> str:
    """Return the Gymnasium id of a task.

    >>> human = HumanTime(seconds=1, sd_log=0.4, n=0)
    >>> env_id(WebTask(name="miniwob-click-test", pages=("x.html",), human=human))
    'understudy/miniwob-click-test-v0'
    """
    return f"{NAMESPACE}/{task.name}-v{task.version}"


def find_task(tasks: Mapping[str, Found], name: str, *, kind: str, otherwise: str) -> Found:
    """Return a task by its name, or by its Gymnasium id.

    Raises:
        UnknownTaskError: there is none; the message names the nearest, or ends with `otherwise`.
    """
    short = name.removeprefix(f"{NAMESPACE}/")
    for known in (short, short.rpartition("-v")[0]):
        if known in tasks:
            return tasks[known]
    near = difflib.get_close_matches(short, tasks, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else otherwise
    raise UnknownTaskError(f"no {kind} task {name!r}; {hint}")
