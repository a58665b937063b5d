"""What a policy is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.errors import ConfigError
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
    last: Action | None = None
    """What was done last in it, by anybody; None where nothing was, or it is not known."""


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


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When an agent asks and when it takes the controls back."""

    ask_below: float
    """Ask when acceptance is below this."""
    resume_above: float
    """Once asking, go on when acceptance is at least this; not below `ask_below`."""
    novel_below: float
    """Ask when the p-value of novelty is below this."""
    irreversible_below: float
    """Ask when acceptance of what cannot be undone is below this; not below `ask_below`."""
    repeats: int = 3
    """Ask when the same action is done on the same frame this many times."""

    def __post_init__(self) -> None:
        if min(self.resume_above, self.irreversible_below) < self.ask_below:
            raise ConfigError(
                f"resume at {self.resume_above}, irreversible below {self.irreversible_below}; "
                f"allowed: at least ask_below, which is {self.ask_below}"
            )
        if self.repeats < 2:
            raise ConfigError(f"a loop of {self.repeats} repeats; allowed: at least 2")
