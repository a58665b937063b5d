"""What makes an agent ask: its own gate, or a rule to compare it with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, TypeAlias

from harness.errors import ConfigError
from harness.gate import Gate, Reason
from harness.measure.events import PlannedEpisode
from harness.modes.draws import draws
from harness.tasks.experts.asking import expert_action
from harness.tasks.experts.playing import PlayedPage
from harness.tasks.registry import web_task
from recorder.schema import AgentContext, Decision, Thresholds, accepts

TriggerName: TypeAlias = str
"""`own`, `own:0.7` (asks below this acceptance), `never`, `always`, `random:0.1` (in this share of
steps), `oracle`."""


class OperatorMode(StrEnum):
    """What the person does."""

    HELPS = "helps"
    """Comes when an agent asks."""
    DOES_ALL = "does-all"
    """Does every episode from its beginning to its end."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """An agent has decided and not yet acted."""

    planned: PlannedEpisode
    page: PlayedPage
    context: AgentContext
    decision: Decision


class Trigger(Protocol):
    """Says at each step of one episode whether the agent asks."""

    async def reason(self, moment: Moment) -> Reason | None:
        """Return why it asks, or None when it goes on by itself."""
        ...


class _Own:
    def __init__(self, thresholds: Thresholds) -> None:
        self._gate = Gate(thresholds)

    async def reason(self, moment: Moment) -> Reason | None:
        return self._gate.reason(moment.context, moment.decision)


@dataclass(frozen=True, slots=True)
class _Share:
    """Asks in a share of steps, whatever they are."""

    share: float
    seed: int

    async def reason(self, moment: Moment) -> Reason | None:
        rng = draws(self.seed, moment.planned.key, moment.context.step, "trigger")
        return Reason.RISK if rng.random() < self.share else None


class _Oracle:
    """Asks exactly when an expert would do something else, or knows no way."""

    async def reason(self, moment: Moment) -> Reason | None:
        task, seed = web_task(moment.planned.task), moment.planned.seed
        wise = await expert_action(moment.page, task, seed)
        is_right = wise is not None and accepts(
            moment.decision.action, wise, moment.context.observation
        )
        return None if is_right else Reason.RISK


def trigger(name: TriggerName, thresholds: Thresholds, seed: int) -> Trigger:
    """Return a fresh trigger for one episode.

    Args:
        name: of the trigger, with its threshold or share after a colon.
        thresholds: of the policy's own gate.
        seed: of the run.

    Raises:
        ConfigError: there is no such trigger, or its number is not from 0 to 1.
    """
    match name.partition(":"):
        case ("own", "", _):
            return _Own(thresholds)
        case ("own", _, text):
            return _Own(_asking_below(_share(name, text), thresholds))
        case ("never", "", _):
            return _Share(0.0, seed)
        case ("always", "", _):
            return _Share(1.0, seed)
        case ("random", ":", text):
            return _Share(_share(name, text), seed)
        case ("oracle", "", _):
            return _Oracle()
        case _:
            allowed = "own, own:NUMBER, never, always, random:NUMBER, oracle"
            raise ConfigError(f"no trigger {name!r}; allowed: {allowed}")


def _share(name: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError as error:
        raise ConfigError(f"no number after the colon of trigger {name!r}") from error
    if not 0 <= share <= 1:
        raise ConfigError(f"the number of trigger {name!r} is out of range; allowed: 0 to 1")
    return share


def _asking_below(acceptance: float, thresholds: Thresholds) -> Thresholds:
    return replace(
        thresholds,
        ask_below=acceptance,
        resume_above=max(acceptance, thresholds.resume_above),
        irreversible_below=max(acceptance, thresholds.irreversible_below),
    )
