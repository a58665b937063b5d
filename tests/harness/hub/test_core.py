"""Who may come, who may decide, who may act, and what is never done twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.hub.errors import ProtocolError, RefusedError
from harness.hub.events import HeldReason, MomentMarked
from harness.hub.messages import (
    Act,
    Hold,
    Look,
    MarkMoment,
    MarkRequest,
    Perform,
    ReleaseLatch,
    Resume,
    StopAll,
    TakeAway,
    TakeControls,
    Void,
)
from harness.hub.messages import HandBack as LetGo
from harness.hub.proposals import ChooseAlternative, EditText, PickPoint, deed_of
from harness.hub.reducer import fold
from harness.hub.requests import (
    Aftermath,
    Answer,
    Approve,
    Correct,
    Defer,
    Escalate,
    Reject,
    RequestMark,
    Stage,
    TakeOver,
)
from harness.hub.shift_log import read_shift
from recorder.schema import Click, TypeText
from tests.harness.hub.bench import DRIVER, VIEWER, WORKER, Bench, request


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
def busy(bench: Bench) -> Bench:
    """Return a bench with a driver and two agents at work, of which one asks."""
    bench.drive()
    bench.work()
    bench.ask(request("r1"))
    return bench


def held(bench: Bench, agent: str = "a") -> HeldReason | None:
    return bench.state.agent(agent).held


# Who drives ---------------------------------------------------------------------------------------


def test_one_drives_and_another_is_refused_or_takes_over(bench: Bench) -> None:
    bench.drive(1)
    with pytest.raises(RefusedError, match="me drives"):
        bench.drive(4)
    bench.work()
    bench.drive(4, takes_over=True)
    assert bench.hung_up() == [1]
    assert bench.leased() == ("a", "b")
    assert bench.order(Hold(number=1, agent="a"), peer=4) == ""


def test_who_only_looks_can_do_nothing_but_stop_all(busy: Bench) -> None:
    busy.view()
    card = busy.look("r1")
    busy.pass_ms(600)
    for order in (
        Look(number=1, request="r1"),
        busy.decided(card, Approve()),
        Hold(number=2, agent="b"),
        Resume(number=3, agent="b"),
        TakeControls(number=4, agent="b"),
        Act(number=5, agent="b", deed=deed_of(Click(x=1, y=1))),
        LetGo(number=6, agent="b"),
        ReleaseLatch(number=7),
    ):
        assert busy.order(order, VIEWER) == "only who drives may do that"
    assert busy.deliveries() == []
    assert busy.order(StopAll(number=9), VIEWER) == ""
    assert busy.leased() == ()


def test_without_anybody_who_drives_no_agent_acts(bench: Bench) -> None:
    bench.work()
    bench.view()
    bench.pass_ms(500)
    assert bench.leased() == ()
    bench.drive()
    assert bench.leased() == ("a", "b")


@pytest.mark.parametrize("is_gone", [True, False])
def test_who_drives_and_gives_no_sign_of_life_loses_all_agents(
    busy: Bench, *, is_gone: bool
) -> None:
    if is_gone:
        busy.leave(DRIVER)
    else:
        busy.pass_ms(2100, beating=False)
        assert busy.hung_up() == [DRIVER]
    assert busy.leased() == ()
    assert held(busy, "b") is HeldReason.DEADMAN
    busy.drive(5)
    assert busy.leased() == ()  # not before each is let go
    busy.order(Resume(number=1, agent="b"), peer=5)
    assert busy.leased() == ("b",)


def test_a_lease_never_outlives_the_last_sign_of_life(busy: Bench) -> None:
    beat_ns = busy.now_ns
    busy.beat()
    for _ in range(60):
        busy.pass_ms(50, beating=False)
        assert busy.leased() == () or busy.now_ns <= beat_ns + 2_000_000_000


# What decides -------------------------------------------------------------------------------------


def test_an_answer_takes_a_card_that_was_seen_long_enough_by_quiet_hands(busy: Bench) -> None:
    card = busy.look("r1")
    busy.pass_ms(550)
    assert "shown for 550 ms" in busy.order(busy.decided(card, Approve()))
    busy.pass_ms(50)
    assert "quiet for 399 ms" in busy.order(busy.decided(card, Approve(), quiet_ms=399))
    assert "focused for 499" in busy.order(busy.decided(card, Approve(), focused_ms=499))
    assert "another screen" in busy.order(busy.decided(card, Approve(), frame="f2"))
    assert busy.deliveries() == []
    assert busy.order(busy.decided(card, Approve())) == ""
    assert busy.deliveries() == ["r1"]
    assert "sent; nothing to decide" in busy.order(busy.decided(card, Approve()))


def test_a_card_of_another_showing_or_request_decides_nothing(busy: Bench) -> None:
    busy.ask(request("r2", "b"))
    old = busy.look("r1")
    busy.look("r2")
    new = busy.look("r1")
    busy.pass_ms(600)
    assert "shown anew" in busy.order(busy.decided(old, Approve()))
    busy.look("r2")
    busy.pass_ms(600)
    assert "not in front of you" in busy.order(busy.decided(new, Approve()))
    assert busy.deliveries() == []


def test_what_cannot_be_undone_takes_its_digit_as_well(bench: Bench) -> None:
    bench.drive()
    bench.work()
    bench.ask(request("r1", risky=True))
    card = bench.look("r1")
    bench.pass_ms(600)
    assert "digit" in bench.order(bench.decided(card, Approve(), digit=card.digit % 9 + 1))
    assert bench.order(bench.decided(card, Approve())) == ""


def test_a_request_that_went_away_just_before_the_key_is_not_answered(busy: Bench) -> None:
    card = busy.look("r1")
    busy.pass_ms(600)
    busy.withdrawn("r1")
    busy.ask(request("r2", frame="f2"))
    assert "superseded; nothing to decide" in busy.order(busy.decided(card, Approve()))
    assert busy.state.ticket("r2").stage is Stage.QUEUED
    assert busy.deliveries() == []


@pytest.mark.parametrize(
    ("answer", "deed"),
    [
        (Approve(), deed_of(Click(x=1, y=2))),
        (Reject(), ""),
        (Correct(PickPoint(7, 8)), deed_of(Click(x=7, y=8))),
        (Correct(EditText("Ä")), deed_of(TypeText(text="Ä"))),
        (Correct(ChooseAlternative(0)), deed_of(Click(x=9, y=9))),
        (TakeOver(), ""),
    ],
)
def test_each_answer_reaches_the_agent_once_with_what_is_to_be_done(
    busy: Bench, answer: Answer, deed: str
) -> None:
    assert busy.answer("r1", answer) == ""
    ticket = busy.state.ticket("r1")
    assert busy.deliveries() == ["r1"]
    assert ticket.deed == deed
    busy.applied("r1")
    assert busy.state.ticket("r1").stage is Stage.APPLIED
    stages = [each.stage for each in busy.state.ticket("r1").receipts]
    assert stages == [Stage.QUEUED, Stage.SEEN, Stage.ANSWERED, Stage.SENT, Stage.APPLIED]


def test_an_alternative_that_is_none_is_refused(busy: Bench) -> None:
    assert "no alternative 3" in busy.answer("r1", Correct(ChooseAlternative(3)))
    assert busy.state.ticket("r1").stage is Stage.SEEN


def test_deferred_goes_to_the_end_and_escalated_to_the_front(busy: Bench) -> None:
    busy.ask(request("r2", "b"))
    busy.answer("r1", Defer())
    assert [each.request.id for each in busy.state.queue] == ["r2", "r1"]
    busy.answer("r1", Escalate())
    assert [each.request.id for each in busy.state.queue] == ["r1", "r2"]
    assert busy.deliveries() == []


def test_time_approves_of_nothing_but_holds(busy: Bench) -> None:
    busy.pass_ms(10_000)
    assert busy.state.ticket("r1").stage is Stage.EXPIRED
    assert held(busy) is HeldReason.EXPIRED
    assert [each.request for each in busy.sent(WORKER, Void)] == ["r1"]
    assert busy.deliveries() == []


def test_who_wants_again_what_was_refused_is_held(busy: Bench) -> None:
    busy.answer("r1", Reject())
    busy.applied("r1")
    busy.ask(request("r2"))
    assert held(busy) is HeldReason.REJECTED
    assert busy.state.ticket("r1").aftermath is Aftermath.RE_ASKED
    busy.order(Resume(number=1, agent="a"))
    busy.ask(request("r3", frame="f3"))
    assert busy.state.ticket("r3").stage is Stage.QUEUED


def test_what_a_person_thinks_of_the_asking_is_kept_with_its_place(busy: Bench) -> None:
    busy.order(MarkRequest(number=1, request="r1", mark=RequestMark.NOT_NEEDED))
    busy.order(MarkMoment(number=2, agent="b", mark=RequestMark.EARLIER))
    assert busy.state.ticket("r1").marks == (RequestMark.NOT_NEEDED,)
    last = list(read_shift(busy.folder / "run"))[-1]
    assert isinstance(last, MomentMarked)
    assert (last.agent, last.step, last.mark) == ("b", 0, RequestMark.EARLIER)


def test_what_was_seen_by_somebody_who_is_gone_waits_again(busy: Bench) -> None:
    busy.look("r1")
    busy.drive(5, takes_over=True)
    assert busy.state.ticket("r1").stage is Stage.QUEUED
    busy.say(Look(number=1, request="r1"), 5)
    busy.leave(5)
    assert busy.state.ticket("r1").stage is Stage.QUEUED
    busy.drive(6)
    busy.say(Look(number=1, request="r1"), 6)
    busy.restart()
    assert busy.state.ticket("r1").stage is Stage.QUEUED


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
    assert [held(busy, name) for name in "ab"] == [HeldReason.RESTART] * 2
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
    assert held(busy) is HeldReason.CRASHED
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
    assert held(busy, "b") is HeldReason.HANDBACK
    assert "b" not in busy.leased()
    busy.order(Resume(number=6, agent="b"), 7)
    assert "b" in busy.leased()
    assert busy.state.agent("b").watched == 3


def test_who_takes_over_and_does_nothing_loses_the_controls_again(busy: Bench) -> None:
    busy.order(TakeControls(number=1, agent="a"))
    assert busy.state.ticket("r1").stage is Stage.WITHDRAWN
    busy.pass_ms(30_050)
    assert held(busy) is HeldReason.HANDBACK


def test_an_action_that_is_none_is_never_passed_on(busy: Bench) -> None:
    busy.order(TakeControls(number=1, agent="b"))
    assert "not an action" in busy.order(Act(number=2, agent="b", deed='{"kind":"rm\x1b"}'))
    assert busy.sent(WORKER, Perform) == []


@pytest.mark.parametrize("name", ["", "../x", "a b", "a\x1b[2J", "x" * 63, ".hidden"])
def test_a_name_that_is_no_file_or_no_word_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(RefusedError, match="no agent can be called"):
        bench.work(name, begins=False)
