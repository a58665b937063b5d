"""Contacts count by the clock and by what the agent did, however they are cut."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.events import ContactKind, Initiator
from harness.measure.interventions import active_s, hands_on_s, interventions, waits_s
from harness.measure.state import Contact
from recorder.schema import Controller
from tests.harness.measure.stories import MANY, PIECES, Piece, Story, tell


@pytest.mark.parametrize(
    ("gap_ms", "actions", "count"),
    [(4_999, 0, 1), (5_000, 0, 2), (4_900, 2, 1), (4_900, 3, 2), (0, 3, 2)],
)
def test_contacts_merge_within_5_s_and_3_actions(gap_ms: int, actions: int, count: int) -> None:
    story = Story().contact(100).steps(actions)
    story.pause(max(0, gap_ms - story.now_ms + 100)).contact(100)
    assert len(interventions(story.episode().contacts)) == count


@pytest.mark.parametrize("first", ContactKind)
@pytest.mark.parametrize("second", ContactKind)
def test_of_several_kinds_the_first_in_order_counts(
    first: ContactKind, second: ContactKind
) -> None:
    story = Story().contact(100, first).pause(10).contact(100, second)
    (found,) = interventions(story.episode().contacts)
    assert found.kind is min(first, second, key=list(ContactKind).index)


def test_who_came_first_began_it() -> None:
    story = Story().engage(initiator=Initiator.RULE).release().contact(10)
    (found,) = interventions(story.episode().contacts)
    assert found.initiator is Initiator.RULE


@MANY
@given(PIECES)
def test_what_is_counted_is_apart_and_leaves_nothing_out(pieces: list[Piece]) -> None:
    contacts = tell(pieces).episode().contacts
    found = interventions(contacts)
    for before, after in pairwise(found):
        is_late = after.start_ms - before.end_ms >= 5_000
        assert is_late or after.first_action - before.last_action >= 3
    for contact in contacts:
        assert any(
            each.start_ms <= contact.engage_ms <= contact.release_ms <= each.end_ms
            for each in found
        )


@MANY
@given(PIECES, st.integers(0, 4), st.data())
def test_a_contact_cut_in_two_is_one_again(
    pieces: list[Piece], which: int, data: st.DataObject
) -> None:
    contacts = tell(pieces).episode().contacts
    if not contacts:
        return
    which %= len(contacts)
    cut = contacts[which]
    at = data.draw(st.integers(cut.engage_ms, cut.release_ms))
    resumed = data.draw(st.integers(at, min(cut.release_ms, at + 4_999)))
    halves = _cut(cut, at, resumed)
    assert interventions([*contacts[:which], *halves, *contacts[which + 1 :]]) == interventions(
        contacts
    )


def _cut(contact: Contact, at_ms: int, resumed_ms: int) -> tuple[Contact, Contact]:
    (touch,) = contact.touches
    return (
        replace(contact, release_ms=at_ms, touches=(replace(touch, end_ms=at_ms),)),
        replace(
            contact,
            notice_ms=resumed_ms,
            engage_ms=resumed_ms,
            touches=(replace(touch, start_ms=resumed_ms),),
        ),
    )


def test_letting_go_for_a_blink_is_still_hands_on() -> None:
    story = Story().contact(2_000).pause(1_000).contact(3_000)
    assert hands_on_s(story.end().episode()) == 6.0


def test_the_longer_of_what_was_measured_and_what_was_logged_is_hands_on() -> None:
    assert hands_on_s(Story().contact(2_000).end(hands_on_s=5.0).episode()) == 5.0
    assert hands_on_s(Story().contact(2_000).end(hands_on_s=1.0).episode()) == 2.0


@pytest.mark.parametrize(
    ("actions", "pause_ms", "count"), [(3, 0, 2), (2, 0, 1), (1, 5_000, 2), (0, 9_000, 1)]
)
def test_a_contact_logged_across_the_agents_work_is_two(
    actions: int, pause_ms: int, count: int
) -> None:
    story = Story().engage().steps(1, Controller.HUMAN).steps(actions).pause(pause_ms)
    story.steps(1, Controller.HUMAN).release()
    assert len(interventions(story.episode().contacts)) == count


def test_watching_the_agent_go_on_before_letting_go_is_no_second_contact() -> None:
    story = Story().engage(ContactKind.APPROVAL).pause(6_000).steps(9).pause(6_000).release()
    assert len(interventions(story.episode().contacts)) == 1


def test_waiting_ends_with_notice_and_attention_begins_with_it() -> None:
    story = Story().engage(waited_ms=4_000, approach_ms=1_500).pause(500).release()
    contacts = story.contact(100).episode().contacts
    assert waits_s(contacts) == [4.0]
    assert active_s(contacts) == 2.1
