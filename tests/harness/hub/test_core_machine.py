"""Whatever peers do in whatever order, crashes included, what was promised holds."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from harness.control import Phase
from harness.hub.messages import (
    Act,
    Card,
    HandBack,
    Hold,
    LookAway,
    Perform,
    ReleaseLatch,
    Resume,
    StopAll,
    TakeControls,
)
from harness.hub.proposals import PickPoint, deed_of
from harness.hub.reducer import fold
from harness.hub.requests import (
    OPEN,
    PENDING,
    Answer,
    Approve,
    Correct,
    Defer,
    Reject,
    Stage,
    TakeOver,
)
from harness.hub.shift_log import read_shift
from recorder.schema import Click
from tests.harness.hub.bench import DRIVER, WORKER, Bench, request
from tests.soak import repeats

AGENTS = st.sampled_from("ab")
ANSWERS = st.sampled_from([Approve(), Reject(), Correct(PickPoint(3, 3)), TakeOver(), Defer()])
CLICK = deed_of(Click(x=1, y=1))


class Shifts(RuleBasedStateMachine):
    """A driver, a worker of two agents, and a hub that is killed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.bench = Bench(self.folder)
        self.bench.drive()
        self.bench.work()
        self.is_there = True
        self.received: dict[str, set[str]] = {"a": set(), "b": set()}
        """Answers that the agents really got."""
        self.pending: dict[str, str] = {}
        """By agent, what it was told to do and has neither done nor dropped."""
        self.done: Counter[str] = Counter()
        self.cards: list[Card] = []
        self.asked = 0
        self.life = 0

    def teardown(self) -> None:
        self.bench.close()
        shutil.rmtree(self.folder)

    # What peers do --------------------------------------------------------------------------------

    @precondition(lambda self: self.is_there)
    @rule(agent=AGENTS, frame=st.sampled_from(["f1", "f2"]))
    def ask(self, agent: str, frame: str) -> None:
        if agent in self.pending or not self.is_there:
            return
        self.asked += 1
        self.bench.ask(request(f"{agent}{self.asked}", agent, frame=frame))

    @precondition(lambda self: self.bench.state.queue and self.is_driven)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.bench.state.queue))
        self.cards.append(self.bench.look(ticket.request.id))

    @precondition(lambda self: self.cards and self.is_driven)
    @rule(data=st.data(), answer=ANSWERS)
    def decide(self, data: st.DataObject, answer: Answer) -> None:
        self.decide_on(data.draw(st.sampled_from(self.cards)), answer)

    def decide_on(self, card: Card, answer: Answer) -> None:
        """Answer a card, which may be an old one."""
        before = self.bench.state.tickets[card.request]
        why = self.bench.order(self.bench.decided(card, answer, frame=before.request.frame))
        after = self.bench.state.tickets[card.request]
        if why or before.stage not in OPEN:
            assert why
            assert after == before
        self._take_deliveries()

    @rule(
        agent=AGENTS,
        frame=st.sampled_from(["f1", "f2"]),
        answer=ANSWERS,
        is_done=st.sampled_from([None, True, False]),
    )
    def help(self, agent: str, frame: str, answer: Answer, *, is_done: bool | None) -> None:
        """Bring everything in order, as a person would, and help an agent that asks."""
        self.drive()
        self.find_worker()
        self.bench.order(ReleaseLatch(number=self.bench.number()))
        for name in "ab":
            self.bench.order(HandBack(number=self.bench.number(), agent=name))
            self.bench.order(Resume(number=self.bench.number(), agent=name))
        self._take_deliveries()
        self.ask(agent, frame)
        name = self.bench.state.agent(agent).request
        if name and self.bench.state.ticket(name).stage in OPEN:
            self.cards.append(self.bench.look(name))
            self.wait(600, beating=True)
            self.decide_on(self.cards[-1], answer)
            if is_done is not None:
                self.carry_out(agent, is_done=is_done)

    @precondition(lambda self: self.is_driven)
    @rule(agent=AGENTS, kind=st.sampled_from([Hold, Resume, TakeControls, HandBack]))
    def steer(self, agent: str, kind: type[Hold | Resume | TakeControls | HandBack]) -> None:
        self.bench.order(kind(number=self.bench.number(), agent=agent))
        self._take_deliveries()

    @precondition(lambda self: self.is_driven)
    @rule(agent=AGENTS)
    def act(self, agent: str) -> None:
        before = len(self.bench.sent(WORKER, Perform))
        why = self.bench.order(Act(number=self.bench.number(), agent=agent, deed=CLICK))
        is_taken = self.bench.state.agent(agent).phase is Phase.TAKEOVER
        assert (not why) == (is_taken and self.is_there)
        assert len(self.bench.sent(WORKER, Perform)) == before + (not why)

    @precondition(lambda self: self.is_driven)
    @rule(kind=st.sampled_from([StopAll, ReleaseLatch]))
    def switch(self, kind: type[StopAll | ReleaseLatch]) -> None:
        self.bench.order(kind(number=self.bench.number()))

    @precondition(lambda self: self.cards and self.is_driven)
    @rule()
    def look_away(self) -> None:
        request = self.cards[-1].request
        self.bench.order(LookAway(number=self.bench.number(), request=request))

    @rule(agent=AGENTS)
    def stop_from_a_shell(self, agent: str) -> None:
        self.bench.latch.stop(agent)

    @precondition(lambda self: self.is_there)
    @rule(agent=AGENTS, is_done=st.booleans())
    def carry_out(self, agent: str, *, is_done: bool) -> None:
        name = self.pending.pop(agent, None)
        if name is None:
            return
        if is_done:
            self.done[name] += 1
            self.bench.applied(name, agent)
        else:
            self.bench.dropped(name, agent)

    @precondition(lambda self: self.is_there)
    @rule(agent=AGENTS)
    def withdraw(self, agent: str) -> None:
        name = self.bench.state.agent(agent).request
        if name and agent not in self.pending:
            self.bench.withdrawn(name, agent)

    @rule(ms=st.sampled_from([50, 600, 2500]), beating=st.booleans())
    def wait(self, ms: int, *, beating: bool) -> None:
        self.bench.pass_ms(ms, beating=beating)

    # What breaks ----------------------------------------------------------------------------------

    @rule()
    def lose_driver(self) -> None:
        if self.is_driven:
            self.bench.leave(DRIVER)

    @rule()
    def drive(self) -> None:
        if not self.is_driven:
            self.bench.drive()

    @rule()
    def lose_worker(self) -> None:
        if self.is_there:
            self.bench.leave(WORKER)
            self.is_there = False

    @rule()
    def find_worker(self) -> None:
        if not self.is_there:
            self._connect()

    @rule()
    def replace_worker(self) -> None:
        if not self.is_there:
            self.life += 1
            self.pending.clear()
            self.is_there = True
            self.bench.effects.clear()
            self.bench.work(life=f"w{self.life}")
            self._take_deliveries()

    @rule()
    def kill_hub(self) -> None:
        self.bench.restart()
        self.cards.clear()
        self.is_there = False

    def _connect(self) -> None:
        self.bench.effects.clear()
        received = tuple(sorted(self.received["a"] | self.received["b"]))
        life = f"w{self.life}" if self.life else "w"
        self.bench.work(life=life, received=received, begins=False)
        self.is_there = True
        self._take_deliveries()

    def _take_deliveries(self) -> None:
        for name in self.bench.deliveries():
            assert name not in self.received[name[0]], "an answer came twice"
            self.received[name[0]].add(name)
            self.pending[name[0]] = name
        self.bench.effects = [each for each in self.bench.effects if self._is_kept(each)]

    @staticmethod
    def _is_kept(effect: object) -> bool:
        return "Deliver" not in repr(effect)

    @property
    def is_driven(self) -> bool:
        return self.bench.core.floor.peers.driver is not None

    # What holds -----------------------------------------------------------------------------------

    @invariant()
    def nothing_is_done_twice_or_unasked(self) -> None:
        assert set(self.done.values()) <= {1}
        for name in self.done:
            assert self.bench.state.tickets[name].answer is not None

    @invariant()
    def the_log_is_the_state(self) -> None:
        assert fold(read_shift(self.folder / "run")) == self.bench.state

    @invariant()
    def who_is_held_has_no_lease_and_a_set_latch(self) -> None:
        if not self.is_there:
            return
        leased = self.bench.leased()
        for agent in self.bench.state.agents.values():
            if agent.held is not None or self.bench.state.is_latched or not self.is_driven:
                assert agent.name not in leased
            if agent.held is not None:
                assert self.bench.latch.is_stopped(agent.name)

    @invariant()
    def who_waits_for_a_person_can_be_found_in_the_queue(self) -> None:
        queued = {each.request.agent for each in self.bench.state.queue}
        asking = {
            each.name for each in self.bench.state.agents.values() if each.phase is Phase.ASKING
        }
        assert asking == queued

    @invariant()
    def an_agent_has_one_request_at_most(self) -> None:
        for agent in self.bench.state.agents.values():
            mine = [
                it for it in self.bench.state.tickets.values() if it.request.agent == agent.name
            ]
            live = [it.request.id for it in mine if it.stage in OPEN | PENDING]
            assert live == ([agent.request] if agent.request else [])
            assert all(it.stage is not Stage.APPLIED or it.answer for it in mine)


Shifts.TestCase.settings = settings(max_examples=repeats(15, 1000), stateful_step_count=40)
TestPromisesHoldInAnyOrder = Shifts.TestCase
