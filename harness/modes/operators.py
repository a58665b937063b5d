"""People who help agents: what they are asked, what they can do, and one who is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, fields
from typing import Protocol, Self, TypeAlias, assert_never

import msgspec

from harness.errors import ConfigError, ExpertError
from harness.gate import Reason
from harness.measure.events import ContactKind, Initiator, PlannedEpisode
from harness.modes.draws import draws
from harness.tasks.experts.asking import expert_action
from harness.tasks.experts.playing import Deed, Manner, PlayedPage, deeds
from harness.tasks.registry import web_task
from recorder.schema import (
    Action,
    Decision,
    Move,
    Observation,
    Wait,
    accepts,
    element_at,
    points_of,
)

_TAKEN_OVER = frozenset({Reason.NOVELTY, Reason.LOOP})
"""Reasons for which one action would not be enough."""
_RULES = frozenset({Reason.IRREVERSIBLE, Reason.LOOP})
"""Reasons that have nothing to do with how sure the agent is by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorConfig:
    """Parameters of the simulated person; where no source is named, they are assumptions.

    All are numbers, so that a manifest can hold them.
    """

    notice_median_s: float = 2.0
    """From when their attention is free to when they look at a request; log-normal, for times to
    take over are skewed like that (Eriksson and Stanton, Human Factors 59, 2017)."""
    notice_sd_log: float = 0.5
    switch_s: float = 3.0
    """To find their way into what another agent does: the lag of resuming (Altmann and Trafton,
    Cognitive Science 26, 2002)."""
    memory_s: float = 30.0
    """Away for so long, they have forgotten all; before that, in proportion."""
    words_per_minute: float = 240.0
    """Silent reading (Brysbaert, Journal of Memory and Language 109, 2019: 238 for English)."""
    diagnose_s: float = 1.35
    """To judge what was read: M of the keystroke-level model (Card, Moran and Newell, 1980)."""
    answer_s: float = 0.28
    """To say yes: K of the same model."""
    verify_s: float = 1.0
    """To see that it was right, before they let go."""
    slips: float = 0.015
    """Share of their clicks and texts that go wrong."""
    wrong_approvals: float = 0.01
    """Probability to take a wrong action for right."""
    wrong_rejections: float = 0.01
    """Probability to take a right action for wrong."""
    most_actions: int = 15
    """Actions of one takeover, unless the page is done before."""
    patience: int = 3
    """The request on the same page that makes them take over, counted from 1."""
    harm_s: float = 60.0
    """Seconds to bring back what an agent destroyed."""

    def __post_init__(self) -> None:
        shares = ("slips", "wrong_approvals", "wrong_rejections")
        for name in shares:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; allowed: 0 to 1")
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ConfigError(f"{field.name} is {getattr(self, field.name)}; allowed: 0 and up")
        if not self.words_per_minute or not self.memory_s:
            raise ConfigError("words_per_minute and memory_s must be above 0")

    def to_mapping(self) -> dict[str, float]:
        """Return the parameters by name, for a manifest."""
        return {name: float(value) for name, value in asdict(self).items()}

    @classmethod
    def from_mapping(cls, values: Mapping[str, float]) -> Self:
        """Return the parameters that a manifest holds; those it does not name are the usual ones.

        Raises:
            ConfigError: there is no parameter of some name, or a value is out of range.
        """
        known = [field.name for field in fields(cls)]
        if strange := sorted(values.keys() - known):
            raise ConfigError(f"no parameter {', '.join(strange)}; allowed: {', '.join(known)}")
        try:
            return msgspec.convert(values, cls, strict=False)  # counts were made floats
        except msgspec.ValidationError as error:
            raise ConfigError(f"no parameters of a person: {error}") from error


def switch_s(config: OperatorConfig, *, is_same_agent: bool, away_s: float) -> float:
    """Return how long a person takes to find their way into an agent's work.

    Args:
        config: of the person.
        is_same_agent: they attended to no other since.
        away_s: seconds since they let go of it.

    >>> [switch_s(OperatorConfig(), is_same_agent=True, away_s=each) for each in (0, 15, 60)]
    [0.0, 1.5, 3.0]
    """
    if not is_same_agent:
        return config.switch_s
    return config.switch_s * min(1.0, max(0.0, away_s) / config.memory_s)


# What they are asked ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """An agent asks about what it would do next."""

    agent: str
    planned: PlannedEpisode
    number: int
    """Questions of this episode before it."""
    on_page: int
    """Questions on the page that is shown, this one included."""
    step: int
    """Steps done in the episode."""
    t_ms: int
    observation: Observation
    decision: Decision
    reason: Reason

    @property
    def asked_ms(self) -> int:
        """When it asked."""
        return self.t_ms

    @property
    def initiator(self) -> Initiator:
        """Whether the agent itself asks, or a rule on its behalf."""
        return Initiator.RULE if self.reason in _RULES else Initiator.AGENT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """A person is to do the whole episode."""

    agent: str
    planned: PlannedEpisode
    t_ms: int
    observation: Observation

    @property
    def asked_ms(self) -> None:
        """When somebody asked for them: nobody did."""
        return

    @property
    def initiator(self) -> Initiator:
        """They come by themselves."""
        return Initiator.HUMAN


Request: TypeAlias = Question | Assignment


class Desk(Protocol):
    """What a person has in front of them during one contact; its clock is theirs."""

    @property
    def page(self) -> PlayedPage:
        """The page, for experts that act in a person's place."""
        ...

    @property
    def now_ms(self) -> int:
        """Virtual time."""
        ...

    @property
    def is_over(self) -> bool:
        """The episode has ended."""
        ...

    def spend(self, seconds: float) -> None:
        """Let the person's time pass; the page stands still."""
        ...

    def engage(self) -> None:
        """Note that they are there: what lies before was noticing and switching."""
        ...

    async def act(self, action: Action, ms: int) -> None:
        """Do one action by their hands, which takes them so long."""
        ...


class Operator(Protocol):
    """Somebody who helps agents, one at a time."""

    async def handle(self, request: Request, desk: Desk) -> ContactKind:
        """Do what a request needs and return what it was.

        `APPROVAL` lets the agent do what it proposed, `RESET` gives the episode up; after anything
        else the agent goes on from where the person left it.
        """
        ...


# The simulated person -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Attended:
    agent: str
    until_ms: int
    goal: str = ""
    """What was read there."""


class SimulatedOperator:
    """A person made of an expert, who is as slow as people, and errs as they do.

    Noticing, switching, reading, acting by the keystroke-level model at the page's pace, and
    verifying follow one another; there is one slot of attention, which whoever calls keeps to.

    Args:
        config: what they are like.
        seed: of the run; what they draw depends on it, the episode and the number of the question.
        beside: the agent that they look at in the beginning.
    """

    def __init__(self, config: OperatorConfig, seed: int, beside: str) -> None:
        self._config = config
        self._seed = seed
        self._last = _Attended(beside, 0)

    async def handle(self, request: Request, desk: Desk) -> ContactKind:
        """Do what a request needs and return what it was."""
        self._turn_to(request, desk)
        match request:
            case Question():
                kind = await self._answer(request, desk)
            case Assignment():
                # the pace of a page holds the time that people take to read it
                kind = await self._act(request, desk, most=None)
            case _:
                assert_never(request)
        desk.spend(self._config.verify_s)
        self._last = _Attended(request.agent, desk.now_ms, request.observation.goal)
        return kind

    def _turn_to(self, request: Request, desk: Desk) -> None:
        config, rng = self._config, draws(self._seed, request.planned.key, _number(request), "see")
        if isinstance(request, Question):  # who does it all need not be called
            desk.spend(config.notice_median_s * rng.lognormvariate(0.0, config.notice_sd_log))
        is_same = self._last.agent == request.agent
        away_s = (desk.now_ms - self._last.until_ms) / 1000
        desk.spend(switch_s(config, is_same_agent=is_same, away_s=away_s))
        desk.engage()

    async def _answer(self, question: Question, desk: Desk) -> ContactKind:
        config, task = self._config, web_task(question.planned.task)
        desk.spend(60 * self._words(question) / config.words_per_minute + config.diagnose_s)
        wise = await expert_action(desk.page, task, question.planned.seed)
        if wise is None:
            return self._give_up(question, desk)
        is_right = accepts(question.decision.action, wise, question.observation)
        if self._says_yes(question, is_right=is_right):
            desk.spend(config.answer_s)
            return ContactKind.APPROVAL
        if question.reason in _TAKEN_OVER or question.on_page >= config.patience:
            return await self._act(question, desk, most=config.most_actions)
        return await self._act(question, desk, most=1)

    def _words(self, question: Question) -> int:
        """Return how much there is to read: what the agent points at, and the goal if it is new."""
        seen, action = question.observation, question.decision.action
        hits = [element_at(point, seen.elements) for point in points_of(action)[-1:]]
        words = sum(len(seen.elements[hit].text.split()) for hit in hits if hit is not None)
        is_read = (self._last.agent, self._last.goal) == (question.agent, seen.goal)
        return words + (0 if is_read else len(seen.goal.split()))

    def _says_yes(self, question: Question, *, is_right: bool) -> bool:
        chance = draws(self._seed, question.planned.key, question.number, "judge").random()
        config = self._config
        return chance >= config.wrong_rejections if is_right else chance < config.wrong_approvals

    async def _act(self, request: Request, desk: Desk, *, most: int | None) -> ContactKind:
        """Do what an expert would, until the page is done, or for so many actions."""
        planned, page = request.planned, desk.page
        before, n_done = page.milestones, 0
        key = f"{self._seed}/{_number(request)}"
        manner = Manner(paced=True, slips=self._config.slips, draws=key)
        try:
            async with aclosing(deeds(page, web_task(planned.task), planned.seed, manner)) as found:
                async for deed in found:
                    await desk.act(deed.action, _takes_ms(deed))
                    n_done += not isinstance(deed.action, Move | Wait) and not deed.is_slip
                    has_passed = most is not None and page.milestones != before
                    if desk.is_over or has_passed or n_done == most:
                        return ContactKind.CORRECTION if most == 1 else ContactKind.TAKEOVER
        except ExpertError:
            pass
        return self._give_up(request, desk)

    def _give_up(self, request: Request, desk: Desk) -> ContactKind:
        """Find no way, in the time that the whole task would take."""
        desk.spend(request.planned.human.seconds)
        return ContactKind.RESET


def _number(request: Request) -> int:
    return request.number if isinstance(request, Question) else 0


def _takes_ms(deed: Deed) -> int:
    return sum(part.duration_ms for part in deed.parts if isinstance(part, Wait))
