"""Who may come, who may decide, who may act, and what an answer takes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.hub.errors import ProtocolError, RefusedError
from harness.hub.events import Happened, HeldReason, MomentMarked
from harness.hub.messages import (
    Act,
    Hold,
    Look,
    MarkMoment,
    MarkRequest,
    ReleaseLatch,
    Resume,
    StopAll,
    TakeControls,
    Void,
)
from harness.hub.messages import HandBack as LetGo
from harness.hub.naming import check_plan
from harness.hub.proposals import ChooseAlternative, EditText, PickPoint, deed_of
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
from harness.measure.events import EpisodeStarted, Manifest, PlannedEpisode
from recorder.schema import Click, TypeText
from tests.harness.hub.bench import DRIVER, VIEWER, WORKER, Bench, request
from tests.harness.hub.counters import planned

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
    assert busy.held("b") is HeldReason.DEADMAN
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
    assert busy.held() is HeldReason.EXPIRED
    assert [each.request for each in busy.sent(WORKER, Void)] == ["r1"]
    assert busy.deliveries() == []


def test_who_wants_again_what_was_refused_is_held(busy: Bench) -> None:
    busy.answer("r1", Reject())
    busy.applied("r1")
    busy.ask(request("r2"))
    assert busy.held() is HeldReason.REJECTED
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


# What comes in ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "../x", "a b", "a\x1b[2J", "x" * 63, ".hidden"])
def test_a_name_that_is_no_file_or_no_word_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(RefusedError, match="no agent can be called"):
        bench.work(name, begins=False)


BAD = "count\x1b]52;c;aGk=\x07"


def test_a_task_whose_name_cannot_be_shown_is_not_begun(bench: Bench) -> None:
    bench.work("a", begins=False)
    began = EpisodeStarted(t_ms=0, planned=replace(planned("a"), task=BAD), agent="a")
    with pytest.raises(ProtocolError, match="a name that cannot be shown: count␛"):
        bench.tell(Happened(t_ms=0, agent="a", number=1, event=began))
    assert bench.state.run.running == {}


def test_a_worker_tells_of_nobody_else_under_the_name_of_its_agent(bench: Bench) -> None:
    bench.work("a", begins=False)
    began = EpisodeStarted(t_ms=0, planned=planned("a"), agent="[red]b")
    with pytest.raises(ProtocolError, match="a tells of"):
        bench.tell(Happened(t_ms=0, agent="a", number=1, event=began))


def test_a_request_whose_name_cannot_be_shown_is_not_raised(busy: Bench) -> None:
    with pytest.raises(ProtocolError, match="cannot be shown"):
        busy.ask(request("r2\x9b31m", "b"))
    assert list(busy.state.tickets) == ["r1"]


@pytest.mark.parametrize("plan", [(replace(planned("a"), task=BAD),), ()])
def test_a_plan_that_cannot_be_shown_is_refused(plan: tuple[PlannedEpisode, ...]) -> None:
    policy = "package:policy" if plan else BAD
    with pytest.raises(RefusedError, match="cannot be shown"):
        check_plan(Manifest(plan=plan, policy=policy))
