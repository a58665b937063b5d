"""Plays episodes to their end and notes what came of each."""

from __future__ import annotations

import base64
import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from PIL import Image

from policy.calibrate import Evidence, HelpBudget
from policy.evaluate.environments import Environments, Gate, Policy, Scene
from policy.evaluate.records import EpisodeRecord, Mistake, StepRecord, Trial
from recorder.schema import (
    Action,
    AgentContext,
    Decision,
    Observation,
    Wait,
    accepts,
    points_of,
)

_WASTED = 0.5  # of acceptance, that each help before counts for in the same episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How an evaluation is played."""

    gate: Gate | None = None
    """Watches every episode; it is noted when it would ask."""
    usual: tuple[float, ...] = ()
    """Acceptances on typical pages, which budgets of help begin with."""
    has_experts: bool = True
    """Ask an expert at each step what it would do."""
    longest: int = 50
    """Steps after which an episode has failed, where its task does not end it before."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """An episode that is over, with the evidence of its steps where the policy gave any."""

    record: EpisodeRecord
    evidence: tuple[Evidence, ...]
    failure: str = ""
    """What broke in the environment; then the record is worth nothing."""


@dataclass(slots=True, eq=False)
class _Playing:
    """An episode that is not over."""

    trial: Trial
    agent: str
    scene: Scene
    chance: random.Random
    is_shifted: bool
    """As its page said when it was begun; what comes after knows nothing of it."""
    steps: list[StepRecord] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    last: Action | None = None
    mistake: Mistake | None = None

    @property
    def context(self) -> AgentContext:
        return AgentContext(self.agent, self.scene.observation, len(self.steps), self.last)


def play(
    policy: Policy,
    environments: Environments,
    trials: Sequence[Trial],
    rules: Rules | None = None,
) -> Iterator[Played]:
    """Yield each episode when it is over; as many are played at once as there are places."""
    watch = _Watch(rules or Rules())
    waiting = iter(trials)
    playing: dict[int, _Playing] = {}
    while True:
        _fill(playing, waiting, environments)
        if not playing:
            return
        _step(playing, policy, environments, watch)
        for place in [place for place, each in playing.items() if _is_over(each, watch.rules)]:
            yield _ended(playing.pop(place))


class _Watch:
    """Who watches all episodes, and helps where it is asked to."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._budgets: dict[float, HelpBudget] = {}

    def reason(self, each: _Playing, decision: Decision) -> str:
        """Return why the gate would ask; empty where it would not."""
        gate = self.rules.gate
        return (gate.reason(each.context, decision) or "") if gate else ""

    def helps(self, each: _Playing, decision: Decision, reason: str) -> bool:
        """Say whether an expert acts in the policy's place."""
        share = each.trial.budget
        match each.trial.trigger:
            case "random":
                return each.chance.random() < share
            case "sure":
                if share not in self._budgets:
                    self._budgets[share] = HelpBudget(share, self.rules.usual)
                # whatever speaks for asking comes before how sure the policy is; and an episode
                # that help did not bring on its way may be past helping
                helped = sum(step.helped for step in each.steps)
                sureness = decision.p_accept - bool(reason) + _WASTED * helped
                return self._budgets[share].asks(sureness)
            case _:
                return False


def _is_over(each: _Playing, rules: Rules) -> bool:
    return each.scene.is_over or len(each.steps) >= rules.longest


def _fill(
    playing: dict[int, _Playing], waiting: Iterator[Trial], environments: Environments
) -> None:
    free = [place for place in range(environments.size) if place not in playing]
    new = dict(zip(free, islice(waiting, len(free)), strict=False))
    if not new:
        return
    scenes = environments.begin({place: trial.instance for place, trial in new.items()})
    for place, trial in new.items():
        chance = random.Random(f"{trial.task} {trial.seed} {trial.budget}")
        scene = scenes[place]
        playing[place] = _Playing(trial, f"place-{place}", scene, chance, scene.is_shifted)


def _step(
    playing: Mapping[int, _Playing],
    policy: Policy,
    environments: Environments,
    watch: _Watch,
) -> None:
    open_places = [place for place, each in playing.items() if not each.scene.is_over]
    found = considered(policy, [playing[place].context for place in open_places])
    wise: dict[int, Action | None] = {}
    if watch.rules.has_experts:
        wise = environments.expert_actions(open_places)
    actions: dict[int, Action] = {}
    for place, (decision, evidence) in zip(open_places, found, strict=True):
        each, expert = playing[place], wise.get(place)
        reason = watch.reason(each, decision)
        observation = each.scene.observation
        agrees = accepts(decision.action, expert, observation) if expert else None
        is_helped = expert is not None and watch.helps(each, decision, reason)
        if agrees is False and each.mistake is None and not is_helped:
            each.mistake = _mistake(each, decision, expert, evidence)
        each.steps.append(
            StepRecord(
                action=repr(decision.action),
                p_accept=decision.p_accept,
                novelty=decision.novelty,
                agrees=agrees,
                reason=reason,
                helped=is_helped,
            )
        )
        each.evidence += [evidence] if evidence else []
        chosen = expert if expert is not None and is_helped else decision.action
        actions[place] = each.last = _within(chosen, observation)
    for place, scene in environments.act(actions).items():
        playing[place].scene = scene


def considered(
    policy: Policy, batch: Sequence[AgentContext]
) -> list[tuple[Decision, Evidence | None]]:
    """Return a policy's decisions, with their evidence where it gives any."""
    consider: Callable[[Sequence[AgentContext]], list[tuple[Decision, Evidence]]] | None
    consider = getattr(policy, "consider", None)
    if consider:
        return list(consider(batch))
    return [(decision, None) for decision in policy.decide(batch)]


def _within(action: Action, observation: Observation) -> Action:
    # a place outside the screen cannot be pressed: the step is lost, the episode goes on
    height, width = observation.pixels.shape[:2]
    if all(0 <= x < width and 0 <= y < height for x, y in points_of(action)):
        return action
    return Wait(duration_ms=100)


def _ended(each: _Playing) -> Played:
    is_lost = not each.scene.is_success and each.mistake is not None
    record = EpisodeRecord(
        trial=each.trial,
        success=each.scene.is_success,
        virtual_ms=each.scene.virtual_ms,
        is_shifted=each.is_shifted,
        steps=tuple(each.steps),
        mistakes=(each.mistake,) if each.mistake and is_lost else (),
    )
    return Played(record, tuple(each.evidence), each.scene.failure)


def _mistake(
    each: _Playing, decision: Decision, expert: Action | None, evidence: Evidence | None
) -> Mistake:
    observation = each.scene.observation
    heat = evidence.heat if evidence else ()
    return Mistake(
        step=len(each.steps),
        goal=observation.goal,
        chosen=repr(decision.action),
        expert=repr(expert),
        p_accept=decision.p_accept,
        png=_png(observation),
        heat=tuple(tuple(round(float(mass), 4) for mass in row) for row in heat),
        chosen_at=_press(decision.action),
        expert_at=_press(expert),
    )


def _press(action: Action | None) -> tuple[int, int] | None:
    return next(iter(points_of(action)), None) if action else None


def _png(observation: Observation) -> str:
    body = io.BytesIO()
    Image.fromarray(observation.pixels).save(body, "PNG", optimize=True)
    return base64.b64encode(body.getvalue()).decode()
