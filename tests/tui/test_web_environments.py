"""Web tasks can be evaluated in, as they are and as they should not be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from policy.evaluate.environments import Instance, Scene, Shift
from recorder.schema import Action, Click, Drag, Element, Wait
from tui.web_environments import SCALE, WebEnvironments, to_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BUTTON = "miniwob-click-button"
TEXT = "miniwob-enter-text"
SEED = 7


@pytest.fixture(scope="module")
def places() -> Iterator[WebEnvironments]:
    """Return two places in one browser."""
    with WebEnvironments(2) as found:
        yield found


def by_expert(places: WebEnvironments, instance: Instance) -> Scene:
    """Return how an episode ends in which the expert is asked anew at each step."""
    scene = places.begin({0: instance})[0]
    for _ in range(12):
        if scene.is_over:
            break
        action = places.expert_actions([0])[0]
        scene = places.act({0: action or Wait(duration_ms=100)})[0]
    return scene


def has_point(element: Element, x: int, y: int) -> bool:
    left, top, width, height = element.box
    return left <= x < left + width and top <= y < top + height


@pytest.mark.parametrize("shift", [shift for shift in Shift if shift is not Shift.DELETED])
def test_an_expert_that_is_asked_at_each_step_gets_past_every_shift(
    places: WebEnvironments, shift: Shift
) -> None:
    scene = by_expert(places, Instance(BUTTON, SEED, shift))
    assert scene.is_success
    assert not scene.failure
    assert scene.virtual_ms > 0


@pytest.mark.parametrize(
    "shift", [Shift.DARK, Shift.FONT, Shift.POPUP, Shift.DELETED, Shift.MISSPELLED]
)
def test_a_shifted_page_looks_different(places: WebEnvironments, shift: Shift) -> None:
    scenes = places.begin({0: Instance(BUTTON, SEED), 1: Instance(BUTTON, SEED, shift)})
    assert scenes[1].is_shifted
    assert not np.array_equal(scenes[0].observation.pixels, scenes[1].observation.pixels)
    assert scenes[0].observation.goal == scenes[1].observation.goal


@pytest.mark.parametrize("task", [BUTTON, "miniwob-click-tab", "miniwob-click-option"])
def test_a_target_that_is_deleted_is_neither_listed_nor_there_to_press(
    places: WebEnvironments, task: str
) -> None:
    plain = places.begin({0: Instance(task, SEED)})[0]
    action = places.expert_actions([0])[0]
    assert isinstance(action, Click)
    gone = places.begin({0: Instance(task, SEED, Shift.DELETED)})[0]
    assert len(gone.observation.elements) < len(plain.observation.elements)
    assert not places.act({0: action})[0].is_success
    before, after = (
        {(each.role, each.name, each.text) for each in scene.observation.elements}
        for scene in (plain, gone)
    )
    assert before > after
    x, y = action.x, action.y
    under = [each for each in gone.observation.elements if has_point(each, x, y)]
    assert not any(each.role in {"button", "tab", "radio"} for each in under)


@pytest.mark.parametrize("task", [BUTTON, "miniwob-click-link", "miniwob-click-checkboxes"])
def test_one_letter_of_a_misspelled_target_is_another(places: WebEnvironments, task: str) -> None:
    instances = {0: Instance(task, SEED), 1: Instance(task, SEED, Shift.MISSPELLED)}
    plain, wrong = (scene.observation for scene in places.begin(instances).values())
    said = [" ".join(each.name or each.text for each in seen.elements) for seen in (plain, wrong)]
    assert plain.goal == wrong.goal
    names = [
        (one.name or one.text, other.name or other.text)
        for one, other in zip(plain.elements, wrong.elements, strict=True)
    ]
    changed = {(one, other) for one, other in names if one != other}
    assert changed, said
    for one, other in changed:
        assert sum(a != b for a, b in zip(one, other, strict=True)) == 1
    # what is meant is still what was meant before it said anything else
    assert places.expert_actions([0])[0] == places.expert_actions([1])[1]


def test_a_page_that_is_pointed_at_differs_in_nothing_but_the_pointer(
    places: WebEnvironments,
) -> None:
    instances = {0: Instance(BUTTON, SEED), 1: Instance(BUTTON, SEED, Shift.POINTED)}
    plain, pointed = (scene.observation for scene in places.begin(instances).values())
    again = places.begin({0: instances[1]})[0].observation
    assert plain.cursor == (0, 0) != pointed.cursor == again.cursor
    assert plain.elements == pointed.elements


def test_what_has_a_twin_is_not_deleted(places: WebEnvironments) -> None:
    # of several fields without a name, the next would be taken for the one that is gone
    scene = places.begin({0: Instance("miniwob-focus-text-2", SEED, Shift.DELETED)})[0]
    assert not scene.is_shifted


def test_a_scaled_page_is_larger_in_all_that_is_seen_and_done(places: WebEnvironments) -> None:
    scenes = places.begin({0: Instance(BUTTON, SEED), 1: Instance(BUTTON, SEED, Shift.SCALE)})
    plain, large = scenes[0].observation, scenes[1].observation
    assert large.pixels.shape[1] == plain.pixels.shape[1] * SCALE
    for one, other in zip(plain.elements, large.elements, strict=True):
        assert other.box == tuple(round(edge * SCALE) for edge in one.box)
    actions = places.expert_actions([0, 1])
    assert isinstance(actions[0], Click)
    assert isinstance(actions[1], Click)
    assert actions[1].x == pytest.approx(actions[0].x * SCALE, abs=1)
    again = places.begin({1: Instance(BUTTON, SEED)})[1].observation
    assert again.pixels.shape == plain.pixels.shape


def test_texts_are_typed_and_places_are_apart(places: WebEnvironments) -> None:
    scenes = places.begin({0: Instance(TEXT, SEED), 1: Instance(BUTTON, SEED)})
    assert not scenes[0].is_over
    assert by_expert(places, Instance(TEXT, SEED)).is_success
    assert places.expert_actions([1])[1] is not None


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Click(x=199, y=262), Click(x=159, y=209)),
        (Drag(path=((0, 0), (10, 20))), Drag(path=((0, 0), (8, 16)))),
        (Wait(duration_ms=5), Wait(duration_ms=5)),
    ],
)
def test_places_on_a_scaled_screen_are_brought_back_to_the_page(
    action: Action, expected: Action
) -> None:
    assert to_page(action, SCALE) == expected
