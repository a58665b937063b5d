"""A shift: agents that take work from one queue, and one person who attends to one at a time.

All share one virtual clock. Agents run side by side for as long as they need nobody; whatever
happens between them (who takes which work, who is attended to when) happens in the order of virtual
time, because it waits until every agent that still runs has come past it. So a shift is the same
however its parts were scheduled. This is conservative simulation of discrete events (Chandy and
Misra, IEEE Transactions on Software Engineering 5, 1979), each agent's clock being its promise.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias, assert_never

from harness.env.page import TaskPage
from harness.errors import ConfigError, InfrastructureError
from harness.gate import Reason
from harness.measure.events import OnDuty, PlannedEpisode, RunEvent
from harness.modes.agent import Agent, Role
from harness.modes.allocators import ALLOCATORS
from harness.modes.cell import Stage
from harness.modes.contacts import attend
from harness.modes.draws import draws
from harness.modes.episodes import PAGE
from harness.modes.operators import Operator, Question, Request, SimulatedOperator
from harness.modes.outlook import Outlook
from harness.modes.triggers import OperatorMode, TriggerName, trigger


@dataclass(frozen=True, slots=True)
class ShiftCell:
    """One shift, from its first piece of work to its last.

    Raises:
        ConfigError: there is no agent, or no allocator of that name.
    """

    name: str
    items: tuple[PlannedEpisode, ...]
    """The work, in the order in which agents take it."""
    n_agents: int
    allocator: str
    """Who is attended to first; a name in `ALLOCATORS`."""
    trigger: TriggerName = "own"
    mode: OperatorMode = OperatorMode.HELPS
    patience_s: float | None = None
    """An agent that waited so long goes on alone, its alarm raised; None waits for ever."""
    person: Operator | None = None
    """Who helps; None for the simulated person of the stage."""

    def __post_init__(self) -> None:
        if self.n_agents < 1:
            raise ConfigError(f"a shift of {self.n_agents} agents; allowed: 1 or more")
        if self.allocator not in ALLOCATORS:
            raise ConfigError(
                f"no allocator {self.allocator!r}; allowed: {', '.join(sorted(ALLOCATORS))}"
            )

    @property
    def key(self) -> str:
        """Its name in the run."""
        return self.name

    @property
    def plan(self) -> tuple[PlannedEpisode, ...]:
        """The work."""
        return self.items

    async def play(self, stage: Stage) -> list[RunEvent]:
        """Play it and return all that happened, episode by episode, the time on duty last."""
        return await _Shift(self, stage).play()


# Places -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Free:
    """It can take work from then on."""

    t_ms: int


@dataclass(frozen=True, slots=True)
class _Running:
    """Somebody acts, the agent or the person: nothing else happens before its clock."""

    agent: Agent


@dataclass(frozen=True, slots=True)
class _Asking:
    """It stands still."""

    agent: Agent
    request: Request


@dataclass(slots=True, eq=False)
class _Place:
    """Where agents work, one piece of work after another."""

    number: int
    page: TaskPage
    state: _Free | _Running | _Asking = _Free(0)


# Turns --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Assign:
    """An agent takes the next piece of work."""

    t_ms: int
    place: _Place


@dataclass(frozen=True, slots=True)
class _Attend:
    """The person turns to somebody who waits."""

    t_ms: int


@dataclass(frozen=True, slots=True)
class _GoOn:
    """An agent has waited long enough."""

    t_ms: int
    place: _Place
    agent: Agent
    question: Question


@dataclass(frozen=True, slots=True)
class _GiveUp:
    """Nobody will ever come to an agent."""

    t_ms: int
    place: _Place
    agent: Agent


_Turn: TypeAlias = _Assign | _Attend | _GoOn | _GiveUp


class _Shift:
    def __init__(self, cell: ShiftCell, stage: Stage) -> None:
        self._cell = cell
        self._stage = stage
        self._left = deque(cell.items)
        self._places = [
            _Place(number, TaskPage(stage.browsers, PAGE)) for number in range(cell.n_agents)
        ]
        self._ended: list[Agent] = []
        self._allocator = ALLOCATORS[cell.allocator]()
        simulated = SimulatedOperator(stage.operator, stage.seed, beside=_name(0))
        self._operator = cell.person or simulated
        self._outlook = Outlook(stage.operator)
        self._is_busy = False
        self._free_ms = 0
        """When the person is free, unless they are busy."""
        self._last: int | None = None
        self._picks = 0
        self._declined: frozenset[int] = frozenset()
        """Those that the allocator left waiting when it was asked last."""
        self._now_ms = 0
        self._changed = asyncio.Event()

    async def play(self) -> list[RunEvent]:
        try:
            async with asyncio.TaskGroup() as group:
                while turn := await self._next():
                    if work := self._take(turn):
                        group.create_task(work)
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        finally:
            await asyncio.gather(*(place.page.close() for place in self._places))
        played = sorted(self._ended, key=lambda each: (each.role.start_ms, each.role.name))
        events: list[RunEvent] = [event for agent in played for event in agent.events]
        end_ms = max((agent.now_ms for agent in played), default=0)
        return [*events, OnDuty(t_start_ms=0, t_end_ms=end_ms)]

    # What comes next ------------------------------------------------------------------------------

    async def _next(self) -> _Turn | None:
        """Return what comes next once nothing can come before it; None when all is done."""
        while True:
            turn = self._earliest()
            running = [each.state for each in self._places if isinstance(each.state, _Running)]
            if turn and all(each.agent.now_ms > turn.t_ms for each in running):
                return turn
            if not turn and not running:
                return self._nobody_comes()
            self._changed.clear()
            await self._changed.wait()

    def _earliest(self) -> _Turn | None:
        turns: list[_Turn] = []
        for place in self._places:
            match place.state:
                case _Free(t_ms) if self._left:
                    turns.append(_Assign(t_ms, place))
                case _Asking(agent, Question() as question) if self._cell.patience_s is not None:
                    until_ms = question.t_ms + round(1000 * self._cell.patience_s)
                    # what cannot be undone waits for as long as it takes
                    if question.reason is not Reason.IRREVERSIBLE:
                        turns.append(_GoOn(until_ms, place, agent, question))
                case _:
                    pass
        fresh_ms = [
            state.request.t_ms for number, state in self._asking() if number not in self._declined
        ]
        if fresh_ms and not self._is_busy:
            turns.insert(0, _Attend(max(min(fresh_ms), self._free_ms, self._now_ms)))
        return min(turns, key=attrgetter("t_ms"), default=None)  # of equals the first

    def _asking(self) -> list[tuple[int, _Asking]]:
        return [
            (place.number, place.state)
            for place in self._places
            if isinstance(place.state, _Asking)
        ]

    def _nobody_comes(self) -> _GiveUp | None:
        for number, state in self._asking():
            return _GiveUp(self._now_ms, self._places[number], state.agent)
        return None

    # What is done about it ------------------------------------------------------------------------

    def _take(self, turn: _Turn) -> Coroutine[Any, Any, None] | None:
        """Change what has to be changed at once, and return the work that follows from it."""
        self._now_ms = turn.t_ms
        match turn:
            case _Assign(t_ms, place):
                agent = self._agent(place, self._left.popleft(), t_ms)
                place.state = _Running(agent)
                return self._begin(place, agent)
            case _Attend(t_ms):
                return self._turn_to_somebody(t_ms)
            case _GoOn(t_ms, place, agent, question):
                agent.pass_time(t_ms - agent.now_ms)
                agent.allow(question.decision)
                self._declined -= {place.number}
                place.state = _Running(agent)
                return self._work(place, agent)
            case _GiveUp(t_ms, place, agent):
                agent.pass_time(t_ms - agent.now_ms)
                agent.end()
                self._settle(place, agent, None)
                return None
            case _:
                assert_never(turn)

    def _agent(self, place: _Place, planned: PlannedEpisode, t_ms: int) -> Agent:
        stage, cell = self._stage, self._cell
        role = Role(
            name=_name(place.number),
            planned=planned,
            trigger=trigger(cell.trigger, stage.thresholds, stage.seed),
            mode=cell.mode,
            start_ms=t_ms,
        )
        return Agent(role, place.page, stage, self._changed.set)

    def _turn_to_somebody(self, t_ms: int) -> Coroutine[Any, Any, None] | None:
        asking = [(number, it) for number, it in self._asking() if it.request.t_ms <= t_ms]
        waiting = [self._outlook.waiting(number, it.agent, it.request) for number, it in asking]
        self._picks += 1
        draw = draws(self._stage.seed, self._cell.key, self._picks, "pick").random()
        chosen = self._allocator.pick(waiting, now_ms=t_ms, last_agent=self._last, draw=draw)
        if chosen is None:
            self._declined = frozenset(number for number, _ in asking)
            return None
        number, state = asking[chosen]
        place, self._declined = self._places[number], frozenset[int]()
        place.state = _Running(state.agent)
        self._is_busy, self._last = True, number
        return self._attend(place, state, t_ms)

    async def _begin(self, place: _Place, agent: Agent) -> None:
        await agent.begin()
        await self._work(place, agent)

    async def _attend(self, place: _Place, state: _Asking, t_ms: int) -> None:
        agent, before_ms = state.agent, state.agent.hands_on_ms
        try:
            await attend(agent, state.request, self._operator, t_ms)
        except InfrastructureError as error:
            agent.end(str(error))
        self._outlook.learn(state.request, (agent.hands_on_ms - before_ms) / 1000)
        self._is_busy, self._free_ms = False, agent.now_ms
        await self._work(place, agent)

    async def _work(self, place: _Place, agent: Agent) -> None:
        self._settle(place, agent, await agent.work())

    def _settle(self, place: _Place, agent: Agent, request: Request | None) -> None:
        if request:
            place.state = _Asking(agent, request)
        else:
            place.state = _Free(agent.now_ms)
            self._ended.append(agent)
        self._changed.set()


def _name(number: int) -> str:
    return f"agent-{number}"
