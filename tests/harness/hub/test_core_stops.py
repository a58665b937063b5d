"""What stops, what survives a crash, and what a person's own hands do."""

from __future__ import annotations

import pytest

from harness.hub.errors import ProtocolError
from harness.hub.events import HeldReason
from harness.hub.messages import (
    Act,
    Hold,
    Perform,
    ReleaseLatch,
    Resume,
    TakeAway,
    TakeControls,
)
from harness.hub.messages import HandBack as LetGo
from harness.hub.proposals import deed_of
from harness.hub.reducer import fold
from harness.hub.requests import (
    Approve,
    Stage,
)
from harness.hub.shift_log import read_shift
from recorder.schema import Click
from tests.harness.hub.bench import DRIVER, WORKER, Bench, request

# What stops ---------------------------------------------------------------------------------------


def test_a_latch_set_by_anybody_holds_all_until_each_is_let_go(busy: Bench) -> None:
    busy.latch.stop()
    busy.pass_ms(50)
    assert busy.leased() == ()
    assert "the latch is set" in busy.order(Resume(number=1, agent="b"))
    assert busy.order(ReleaseLatch(number=2)) == ""
    assert busy.latch.stops().agents == ("a", "b")
    assert busy.order(Resume(number=3, agent="b")) == ""
    assert busy.leased() == ("b",)
    assert not busy.latch.is_stopped("b")
    assert busy.latch.is_stopped("a")


def test_a_pause_voids_an_answer_that_has_not_reached_its_agent(busy: Bench) -> None:
    busy.leave(WORKER)
    busy.work(begins=False)
    card = busy.look("r1")
    busy.pass_ms(600)
    busy.core.floor.peers.workers[WORKER].received.add("r1")  # so that nothing is sent
    busy.order(busy.decided(card, Approve()))
    busy.core.floor.peers.workers[WORKER].received.clear()
    for _ in range(2):
        busy.order(Hold(number=1, agent="a"))
        busy.order(Resume(number=2, agent="a"))
    assert busy.state.ticket("r1").stage is Stage.DROPPED
    assert busy.deliveries() == []


def test_nothing_is_approved_of_for_an_agent_that_is_held(busy: Bench) -> None:
    busy.order(Hold(number=1, agent="a"))
    assert "a is held" in busy.answer("r1", Approve())


# What survives ------------------------------------------------------------------------------------


def test_a_killed_hub_comes_back_as_it_was_but_for_the_agents_that_are_held(busy: Bench) -> None:
    busy.answer("r1", Approve())
    before = busy.state
    busy.restart()
    assert busy.state.tickets == before.tickets
    assert busy.state.driver is None
    assert [busy.held(name) for name in "ab"] == [HeldReason.RESTART] * 2
    assert fold(read_shift(busy.folder / "run")) == busy.state


@pytest.mark.parametrize("received", [(), ("r1",)])
def test_after_a_crash_an_answer_is_sent_again_only_to_who_never_got_it(
    busy: Bench, received: tuple[str, ...]
) -> None:
    busy.answer("r1", Approve())
    busy.restart()
    busy.effects.clear()
    busy.work(begins=False, received=received)
    busy.drive()
    assert busy.deliveries() == []  # it is held: nothing is done behind anybody's back
    busy.order(Resume(number=1, agent="a"))
    assert busy.deliveries() == ([] if received else ["r1"])
    busy.order(Hold(number=2, agent="b"))
    busy.pass_ms(500)
    assert len(busy.deliveries()) <= 1


def test_after_a_crash_a_pause_voids_what_was_never_received(busy: Bench) -> None:
    busy.answer("r1", Approve())
    busy.restart()
    busy.effects.clear()
    busy.work(begins=False)
    busy.drive()
    busy.order(Hold(number=1, agent="a"))
    busy.order(Resume(number=2, agent="a"))
    assert busy.deliveries() == []
    assert busy.state.ticket("r1").stage is Stage.DROPPED


def test_a_worker_that_was_killed_leaves_its_answer_undone_for_good(busy: Bench) -> None:
    busy.answer("r1", Approve())
    busy.leave(WORKER)
    busy.effects.clear()
    busy.work(life="another")
    assert busy.state.ticket("r1").stage is Stage.DROPPED
    assert busy.held() is HeldReason.CRASHED
    busy.order(Resume(number=1, agent="a"))
    assert busy.deliveries() == []


def test_what_a_worker_tells_twice_is_kept_once(busy: Bench) -> None:
    lines = busy.core.floor.lines
    again = busy.told["a"]
    busy.told["a"] = again - 1
    busy.ask(request("r1"))
    assert busy.core.floor.lines == lines
    busy.told["a"] = again + 1
    with pytest.raises(ProtocolError, match="tells number"):
        busy.applied("r1")


def test_a_withdrawal_that_crosses_an_answer_drops_it(busy: Bench) -> None:
    busy.answer("r1", Approve())
    busy.withdrawn("r1")
    assert busy.state.ticket("r1").stage is Stage.DROPPED
    busy.applied("r1")  # what comes after the end changes nothing
    assert busy.state.ticket("r1").stage is Stage.DROPPED


# Hands on -----------------------------------------------------------------------------------------


def test_a_takeover_survives_its_terminal_and_the_hub_and_ends_held(busy: Bench) -> None:
    click = deed_of(Click(x=1, y=1))
    assert "nobody has taken over" in busy.order(Act(number=1, agent="b", deed=click))
    assert busy.order(TakeControls(number=2, agent="b")) == ""
    busy.leave(DRIVER)
    busy.drive(6)
    assert busy.order(Act(number=3, agent="b", deed=click), 6) == ""
    busy.restart()
    busy.work(begins=False)
    assert busy.sent(WORKER, TakeAway)[-1].agent == "b"
    busy.drive(7)
    assert busy.order(Act(number=4, agent="b", deed=click), 7) == ""
    assert [each.agent for each in busy.sent(WORKER, Perform)] == ["b", "b"]
    assert busy.order(LetGo(number=5, agent="b"), 7) == ""
    assert busy.held("b") is HeldReason.HANDBACK
    assert "b" not in busy.leased()
    busy.order(Resume(number=6, agent="b"), 7)
    assert "b" in busy.leased()
    assert busy.state.agent("b").watched == 3


def test_who_takes_over_and_does_nothing_loses_the_controls_again(busy: Bench) -> None:
    busy.order(TakeControls(number=1, agent="a"))
    assert busy.state.ticket("r1").stage is Stage.WITHDRAWN
    busy.pass_ms(30_050)
    assert busy.held() is HeldReason.HANDBACK


def test_an_action_that_is_none_is_never_passed_on(busy: Bench) -> None:
    busy.order(TakeControls(number=1, agent="b"))
    assert "not an action" in busy.order(Act(number=2, agent="b", deed='{"kind":"rm\x1b"}'))
    assert busy.sent(WORKER, Perform) == []
