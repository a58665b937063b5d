"""A run is what its events come to, whoever wrote them and however often it was interrupted."""

from __future__ import annotations

import functools
from itertools import permutations

import pytest

from harness.measure.errors import EventOrderError
from harness.measure.events import (
    ContactKind,
    Initiator,
    LightIgnored,
    LightLit,
    LightRun,
    Outcome,
    RunClosed,
    open_run,
)
from harness.measure.state import Run, fold, merge, reduce, unfinished
from recorder.schema import Controller
from tests.harness.measure.stories import Story, events_of, manifest, planned, run_of


def test_an_episode_counts_actions_and_knows_who_acted_last() -> None:
    story = Story().steps(2).engage().steps(3, Controller.HUMAN).release().steps(1, action="done")
    episode = story.episode()
    assert (episode.agent_actions, episode.n_steps) == (3, 6)
    assert episode.finisher is Controller.HUMAN
    assert episode.last_step == story.events[-1]


def test_reducing_changes_nothing_that_is_there() -> None:
    states = [Run()]
    for event in events_of([Story().steps(2).contact(500).done().end()]):
        before = repr(states[-1])
        states.append(reduce(states[-1], event))
        assert repr(states[-2]) == before


def test_folding_is_reducing_one_after_the_other() -> None:
    plan = [planned(seed=seed) for seed in range(3)]
    told = [Story(plan[0]).steps(1).end(broke="x"), Story(plan[0]).contact(9).end()]
    events = events_of([*told, Story(plan[1]).steps(2), Story(plan[2]).end()], duty_ms=9)
    assert fold(events) == functools.reduce(reduce, events, Run())


def test_a_contact_ends_with_its_episode() -> None:
    episode = Story().engage().pause(700).end(verified=False).episode()
    assert episode.open_contact is None
    assert episode.contacts[0].release_ms == 700


def test_a_contact_that_is_open_counts_already() -> None:
    episode = Story().engage().steps(2, Controller.HUMAN).episode()
    assert [each.release_ms for each in episode.all_contacts] == [200]


def test_an_agent_that_acts_within_a_contact_divides_it() -> None:
    story = Story().engage().pause(300).steps(2).steps(1, Controller.HUMAN).steps(4).release()
    (contact,) = story.episode().contacts
    assert [(each.start_ms, each.end_ms, each.agent_actions) for each in contact.touches] == [
        (0, 300, 0),
        (500, 600, 2),
    ]
    assert contact.release_ms == 1000


def test_a_second_contact_ends_the_first() -> None:
    story = Story().engage(ContactKind.APPROVAL).pause(400).engage(ContactKind.TAKEOVER).pause(100)
    first, second = story.release().episode().contacts
    assert (first.release_ms, second.release_ms) == (400, 500)


@pytest.mark.parametrize(
    ("story", "alarmed"),
    [
        (Story().done(), False),
        (Story().ask().done(), True),
        (Story().ask(Initiator.RULE).harm(), True),
        (Story().engage(initiator=Initiator.AGENT).release().done(), True),
        (Story().contact(100).done(), False),
        (Story().harm().ask().done(), False),
    ],
)
def test_an_alarm_comes_before_what_it_warns_of(story: Story, alarmed: bool) -> None:
    episode = story.episode()
    assert episode.committed_ms is not None
    assert episode.was_alarmed is alarmed


def test_what_a_person_claims_is_not_the_agents_claim() -> None:
    assert Story().done(Controller.HUMAN).episode().committed_ms is None


def test_a_light_is_lit_then_clicked_or_ignored() -> None:
    story = Story()
    run = LightRun(
        episode=story.key, t_click_ms=1, exec_ms=9, review_ms=0, outcome=Outcome.VERIFIED
    )
    lit = LightLit(episode=story.key, t_ms=0, left_s=4)
    story.events += [lit, LightIgnored(episode=story.key, t_ms=5), lit, run]
    ignored, clicked = story.episode().lights
    assert (ignored.is_ignored, ignored.run) == (True, None)
    assert clicked.run == run
    story.events.append(run)
    with pytest.raises(EventOrderError, match="no light"):
        story.episode()


def test_an_event_needs_its_episode() -> None:
    steps = Story().steps(1).events[1:]
    with pytest.raises(EventOrderError, match="not running"):
        fold(steps)
    with pytest.raises(EventOrderError, match="not running"):
        fold([*Story().end().events, *steps])
    with pytest.raises(EventOrderError, match="nobody holds it"):
        Story().release().episode()


def test_an_episode_counts_once() -> None:
    with pytest.raises(EventOrderError, match="counts once"):
        run_of([Story().end(), Story().end()])


@pytest.mark.parametrize("first", [Story().steps(2).contact(90), Story().end(broke="browser died")])
def test_an_episode_that_was_cut_off_or_broke_down_is_played_anew(first: Story) -> None:
    anew = Story().steps(1).done().end()
    assert run_of([first, anew]).ended == run_of([anew]).ended


def test_what_is_unfinished_is_the_plan_less_what_ended() -> None:
    plan = [planned(seed=seed) for seed in range(4)]
    stories = [Story(plan[1]).end(verified=False), Story(plan[2]).end(broke="x"), Story(plan[3])]
    assert unfinished(run_of(stories, plan)) == [plan[0], plan[2], plan[3]]
    with pytest.raises(EventOrderError, match="no manifest"):
        unfinished(Run())


def test_workers_add_up_whatever_their_order() -> None:
    plan = [planned(seed=seed) for seed in range(3)]
    told = [
        [Story(plan[0]).steps(1).done().end(), Story(plan[1]).steps(5)],
        [Story(plan[1]).steps(2).done().end(), Story(plan[2]).end(broke="a")],
        [Story(plan[2], now_ms=50).end(broke="b")],
    ]
    runs = [run_of(stories, plan, duty_ms=10 + n) for n, stories in enumerate(told)]
    wholes = [merge(order) for order in permutations(runs)]
    assert all(whole == wholes[0] for whole in wholes)
    assert list(wholes[0].ended) == sorted(each.key for each in plan)
    assert not wholes[0].running


def test_workers_of_different_runs_do_not_add_up() -> None:
    run = run_of([Story().end()])
    with pytest.raises(EventOrderError, match="two workers"):
        merge([run, run])
    with pytest.raises(EventOrderError, match="different manifests"):
        merge([run, fold([open_run("w2", manifest([])), RunClosed()])])
