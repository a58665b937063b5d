"""What a policy is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.schema.actions import Action
from recorder.schema.screen import Observation


@dataclass(frozen=True, slots=True, eq=False)
class AgentContext:
    """One agent that is to act: what it sees now, and where it stands in its episode."""

    agent: str
    """Name of the agent; what a policy remembers of an episode, it remembers by this."""
    observation: Observation
    step: int = 0
    """Steps done in this episode; 0 begins a new one, and whatever was remembered is void."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy would do, and how sure it is."""

    action: Action
    p_accept: float
    """Calibrated probability that a person would accept this whole action."""
    novelty: float
    """Conformal p-value of the observation under the training data; small means unlike it."""
    alternatives: tuple[tuple[Action, float], ...] = ()
    """Other actions with their probabilities, most probable first."""
