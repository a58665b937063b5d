"""Baselines do what their names say, and hold no surprise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from policy.baselines import CopyLast, NearestNeighbour, NoOp, Prior, TextMatch
from policy.errors import DataError
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Controller,
    Done,
    Drag,
    Element,
    Episode,
    Observation,
    Step,
    TypeText,
    Wait,
)


def seen(
    goal: str = "",
    *elements: Element,
    pixels: NDArray[np.uint8] | int = 0,
) -> Observation:
    """Return an observation; a number is the grey of a screen."""
    screen = np.full((40, 60, 3), pixels, np.uint8) if isinstance(pixels, int) else pixels
    return Observation(screen, (0, 0), 0, goal, elements)


def episode(*steps: tuple[Observation, Action]) -> Episode:
    """Return an episode."""
    return Episode(
        steps=[
            Step(observation=o, action=a, controller=Controller.SCRIPT, t_ns=n, end_ns=n)
            for n, (o, a) in enumerate(steps)
        ],
        recording="r",
    )


def element(
    role: str,
    y: int,
    name: str = "",
    *,
    text: str = "",
    value: str = "",
    states: Sequence[str] = (),
) -> Element:
    """Return an element 20 px high, across the screen."""
    return Element(
        role=role, box=(0, y, 60, 20), name=name, text=text, value=value, states=tuple(states)
    )


def played(observations: Sequence[Observation]) -> list[Action]:
    """Return what the text rule does, screen after screen."""
    rule = TextMatch()
    return [
        rule.decide([AgentContext("a", observation, step)])[0].action
        for step, observation in enumerate(observations)
    ]


HERE, THERE = Click(x=5, y=5), Click(x=50, y=30)


# Habits -------------------------------------------------------------------------------------------


def test_a_no_op_waits_and_is_sure_of_nothing() -> None:
    (decision,) = NoOp().decide([AgentContext("a", seen())])
    assert isinstance(decision.action, Wait)
    assert decision.p_accept == 0


def test_the_prior_is_what_was_done_most_often_about_there() -> None:
    actions = [THERE, TypeText(text="x"), HERE, Click(x=7, y=3), TypeText(text="y")]
    prior = Prior.from_episodes([episode(*((seen(), action) for action in actions))])
    (decision,) = prior.decide([AgentContext("a", seen(pixels=200))])
    assert decision.action == HERE
    assert decision.p_accept == pytest.approx(2 / 5)


def test_drags_with_the_same_ends_are_one_habit() -> None:
    drags = [Drag(path=((1, 1), (9, y), (40, 40))) for y in (3, 30)]
    steps = [(seen(), action) for action in (HERE, *drags)]
    assert Prior.from_episodes([episode(*steps)]).action == drags[0]


def test_a_habit_costs_fewer_bits_than_a_surprise() -> None:
    prior = Prior.from_episodes([episode(*[(seen(), HERE)] * 20)])
    usual, rare = prior.bits(episode((seen(), HERE), (seen(), TypeText(text="ab"))))
    assert usual["kind"] < 1 < rare["kind"]
    assert sum(usual.values()) < sum(rare.values())
    assert rare["key"] > 2 * 6


def test_copy_last_does_the_same_again_and_each_agent_its_own() -> None:
    copy = CopyLast.from_episodes([episode((seen(), HERE), (seen(), THERE), (seen(), THERE))])
    start = [AgentContext(name, seen()) for name in ("a", "b")]
    assert [each.action for each in copy.decide(start)] == [HERE, HERE]
    copy.follow("b", Done())
    later = [AgentContext(name, seen(), step=1) for name in ("a", "b")]
    assert [each.action for each in copy.decide(later)] == [HERE, Done()]
    assert [each.action for each in copy.decide(start)] == [HERE, HERE]


@pytest.mark.parametrize("policy", [Prior, CopyLast, NearestNeighbour])
@pytest.mark.parametrize("episodes", [[], [episode()]])
def test_nothing_is_learned_from_nothing(
    policy: type[Prior | CopyLast | NearestNeighbour], episodes: list[Episode]
) -> None:
    with pytest.raises(DataError, match="no steps"):
        policy.from_episodes(episodes)


# The nearest neighbour ----------------------------------------------------------------------------


def test_the_neighbour_is_near_in_what_it_shows_and_in_its_goal() -> None:
    other = np.zeros((40, 60, 3), np.uint8)
    other[:, 30:] = 255
    near = NearestNeighbour.from_episodes(
        [
            episode((seen("press one"), HERE)),
            episode((seen("press two"), THERE)),
            episode((seen("press one", pixels=other), Done())),
        ]
    )
    asked = [seen("Press ONE"), seen("press two"), seen("press one", pixels=other)]
    decisions = near.decide([AgentContext("a", each) for each in asked])
    assert [each.action for each in decisions] == [HERE, THERE, Done()]
    assert near.decide([]) == []


def test_a_neighbour_is_surer_where_those_around_agree() -> None:
    steps = [(seen("go", pixels=g), HERE) for g in range(6)]
    steps += [(seen("go", pixels=200 + g), Click(x=9 * g, y=0)) for g in range(6)]
    near = NearestNeighbour.from_episodes([episode(each) for each in steps])
    asked = [AgentContext("a", seen("go", pixels=grey)) for grey in (2, 202)]
    sure, unsure = near.decide(asked)
    assert sure.p_accept == 1
    assert unsure.p_accept < 0.5


def test_what_is_unlike_all_that_was_seen_is_novel() -> None:
    greys = range(0, 100, 2)
    near = NearestNeighbour.from_episodes(episode((seen(pixels=g), HERE)) for g in greys)
    usual, strange = near.decide([AgentContext("a", seen(pixels=grey)) for grey in (51, 255)])
    assert usual.novelty > 0.9
    assert strange.novelty == pytest.approx(1 / 51)


def test_a_screen_smaller_than_a_thumbnail_has_neighbours_too() -> None:
    tiny = seen(pixels=np.full((3, 5, 3), 9, np.uint8))
    near = NearestNeighbour.from_episodes([episode((tiny, HERE)), episode((seen(), THERE))])
    assert near.decide([AgentContext("a", tiny)])[0].action == HERE


# The rule -----------------------------------------------------------------------------------------


def test_the_rule_clicks_what_the_goal_names_in_its_order_and_then_says_done() -> None:
    goal = "Select green and red, then click Submit."
    boxes = {"red": 0, "blue": 20, "green": 40}

    def page(*checked: str) -> Observation:
        return seen(
            goal,
            *(
                element("checkbox", y, name, states=["checked"] if name in checked else [])
                for name, y in boxes.items()
            ),
            element("button", 60, "Submit"),
        )

    shown = [page(), page("green"), page("green", "red"), page("green", "red")]
    clicks = [Click(x=30, y=y) for y in (50, 10, 70)]
    assert played(shown) == [*clicks, Done()]


def test_the_rule_types_what_is_quoted_into_empty_fields_one_after_another() -> None:
    goal = 'Enter "ann" and "s3" and press Login.'
    login = element("button", 60, "Login")

    def page(*values: str) -> Observation:
        fields = [element("textbox", 20 * n, value=value) for n, value in enumerate(values)]
        return seen(goal, *fields, login)

    shown = [page("", ""), page("", ""), page("ann", ""), page("ann", ""), page("ann", "s3")]
    assert played(shown) == [
        Click(x=30, y=10),
        TypeText(text="ann"),
        Click(x=30, y=30),
        TypeText(text="s3"),
        Click(x=30, y=70),
    ]


def test_a_quoted_word_that_is_shown_is_clicked_and_not_typed() -> None:
    page = seen('Click on "ok"', element("textbox", 0), element("button", 40, "ok"))
    assert played([page]) == [Click(x=30, y=50)]


def test_the_goal_on_the_screen_is_not_clicked() -> None:
    goal = "Press the big button now"
    page = seen(goal, element("generic", 0, text=goal), element("button", 40, "big"))
    assert played([page]) == [Click(x=30, y=50)]


def test_what_a_thing_is_counts_less_than_what_it_says() -> None:
    page = seen("Press the link", element("link", 0, "home"), element("button", 20, "link"))
    assert played([page]) == [Click(x=30, y=30)]
    page = seen("Press the link", element("button", 0, "home"), element("link", 20, "more"))
    assert played([page]) == [Click(x=30, y=30)]


def test_the_rule_is_less_sure_between_equals() -> None:
    one, two = element("button", 0, "go"), element("button", 20, "go")
    sure = TextMatch().decide([AgentContext("a", seen("press go", one))])[0]
    unsure = TextMatch().decide([AgentContext("a", seen("press go", one, two))])[0]
    assert (sure.p_accept, unsure.p_accept) == (1, 0.5)


def test_a_new_episode_begins_afresh() -> None:
    rule, page = TextMatch(), seen("press go", element("button", 0, "go"))
    kinds = [type(rule.decide([AgentContext("a", page, step)])[0].action) for step in (0, 1, 0, 1)]
    assert kinds == [Click, Done, Click, Done]
