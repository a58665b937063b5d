"""Baselines that do not look: nothing, the usual, and the same again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from policy.actions import Codebook, encode
from policy.errors import DataError
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Decision,
    Drag,
    Episode,
    Move,
    ScrollBy,
    Step,
    Wait,
)

_CELL_PX = 16
_UNKNOWN = 1.0  # novelty of a policy that knows of none
_WAIT_MS = 100


@dataclass(frozen=True, slots=True)
class NoOp:
    """Waits, whatever it sees."""

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return a wait for each agent."""
        return [Decision(Wait(duration_ms=_WAIT_MS), 0.0, _UNKNOWN) for _ in batch]


@dataclass(frozen=True, slots=True)
class Prior:
    """Does what was done most often, whatever it sees."""

    action: Action
    share: float
    """How much of what was done is like it."""
    codebook: Codebook = field(default_factory=Codebook.uniform)

    @classmethod
    def from_episodes(cls, episodes: Iterable[Episode]) -> Prior:
        """Return the habit of some episodes; places within 16 px of a grid count as one.

        Raises:
            DataError: there are no steps.
        """
        counts: Counter[Action] = Counter()
        examples: dict[Action, Action] = {}
        steps = [step for episode in episodes for step in episode.steps]
        if not steps:
            raise DataError("no habit to learn: the episodes have no steps")
        for step in steps:
            counts[rough := _rough(step.action)] += 1
            examples.setdefault(rough, step.action)
        rough, count = counts.most_common(1)[0]
        events = (each for step in steps for each in encode(step.action, step.observation))
        return cls(examples[rough], count / len(steps), Codebook.fit(events))

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the same action for each agent."""
        return [Decision(self.action, self.share, _UNKNOWN) for _ in batch]

    def bits(self, episode: Episode) -> list[dict[str, float]]:
        """Return what each step of an episode costs under how often each class came, by part."""
        return [self._step_bits(step) for step in episode.steps]

    def _step_bits(self, step: Step) -> dict[str, float]:
        total: Counter[str] = Counter()
        for event in encode(step.action, step.observation):
            total.update(self.codebook.costs(event, step.observation))
        return dict(total)


def _rough(action: Action) -> Action:
    match action:
        case Move() | Click() | ScrollBy():
            return replace(action, x=action.x // _CELL_PX, y=action.y // _CELL_PX)
        case Drag():
            path = tuple((x // _CELL_PX, y // _CELL_PX) for x, y in action.path)
            return replace(action, path=path[:1] + path[1:][-1:])
        case _:
            return action


@dataclass(slots=True)
class CopyLast:
    """Does again what was done last, and begins as most episodes do."""

    first: Prior
    _last: dict[str, Action] = field(default_factory=dict[str, Action])

    @classmethod
    def from_episodes(cls, episodes: Iterable[Episode]) -> CopyLast:
        """Return one that begins as some episodes do.

        Raises:
            DataError: there are no steps.
        """
        return cls(Prior.from_episodes(replace(each, steps=each.steps[:1]) for each in episodes))

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the last action of each agent."""
        decisions: list[Decision] = []
        for context in batch:
            if context.step == 0 or context.agent not in self._last:
                self._last[context.agent] = self.first.action
            action = self._last[context.agent]
            decisions.append(Decision(action, self.first.share, _UNKNOWN))
        return decisions

    def follow(self, agent: str, action: Action) -> None:
        """Note what was done in the agent's last step, where that was not what was decided."""
        self._last[agent] = action
