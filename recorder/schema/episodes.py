"""What is learned from: steps, and episodes made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recorder.schema.actions import Action
from recorder.schema.screen import Controller, Element, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action and what was on screen strictly before it began."""

    observation: Observation
    action: Action
    controller: Controller
    t_ns: int
    """When the action began."""
    end_ns: int
    agent: str = ""
    weight: float = 1.0
    """Share in training; interventions up, steps just before an intervention down."""
    redacted: bool = False
    """True when part of the action was left out for privacy."""
    target: Element | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One attempt at a task, derived from a recording; `steps` may decode lazily."""

    steps: Sequence[Step]
    recording: str
    goal: str = ""
    task: str = ""
    seed: str = ""
    """Which instance of the task; empty when there is but one."""
    success: bool | None = None
    """What the task's own check said at the end; None when there was none."""
    terminated: bool = False
    """Ended by the task."""
    truncated: bool = False
    """Ended by a limit or by the end of the recording."""
