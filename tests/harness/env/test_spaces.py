"""Schema words as Gymnasium samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.env.spaces import (
    BUTTONS,
    KEYS,
    MODIFIERS,
    action_space,
    from_action,
    from_observation,
    observation_space,
    to_action,
    to_observation,
)
from harness.errors import ConfigError
from recorder.browser.keyboard import code_of
from recorder.schema import (
    Action,
    Ask,
    Click,
    Done,
    Drag,
    Element,
    KeyChord,
    Move,
    Observation,
    ScrollBy,
    TypeText,
    Wait,
)

SIZE = (160, 210)

xs, ys = st.integers(0, SIZE[0] - 1), st.integers(0, SIZE[1] - 1)
buttons = st.sampled_from(BUTTONS)
modifiers = st.sets(st.sampled_from(MODIFIERS)).map(lambda held: tuple(sorted(held)))
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, categories=["L", "N", "P"]))
counts = st.integers(1, 9)
turns = st.floats(-100, 100, allow_nan=False)
actions = st.one_of(
    st.builds(Wait, duration_ms=st.integers(0, 60_000)),
    st.builds(Move, x=xs, y=ys),
    st.builds(Click, x=xs, y=ys, button=buttons, count=counts, modifiers=modifiers),
    st.builds(
        Drag,
        path=st.lists(st.tuples(xs, ys), min_size=1, max_size=9).map(tuple),
        button=buttons,
        modifiers=modifiers,
    ),
    st.builds(ScrollBy, x=xs, y=ys, dx=turns, dy=turns, unit=st.sampled_from(["notch", "pixel"])),
    st.builds(KeyChord, key=st.sampled_from(KEYS), modifiers=modifiers, count=counts),
    st.builds(TypeText, text=texts),
    st.builds(Ask, question=texts),
    st.just(Done()),
)


@given(actions)
def test_every_action_survives_the_way_into_the_space_and_back(action: Action) -> None:
    sample = from_action(action)
    assert action_space(SIZE).contains(sample)
    assert to_action(sample) == action


@given(st.integers(0, 2**32 - 1))
def test_every_sample_of_the_space_is_an_action(seed: int) -> None:
    space = action_space(SIZE)
    space.seed(seed)
    action = to_action(space.sample())
    assert to_action(from_action(action)) == action


def test_every_key_of_the_space_exists_on_a_keyboard() -> None:
    assert [key for key in KEYS if not code_of(key)] == []


def test_an_observation_survives_the_way_into_the_space_and_back() -> None:
    element = Element(
        role="textbox", box=(-3, 1, 20, 9), name="a", value="b", states=("focused", "required")
    )
    observation = Observation(
        pixels=np.full((SIZE[1], SIZE[0], 3), 7, np.uint8),
        cursor=(1, 2),
        t_ns=3,
        goal="Click “OK”",
        elements=(element,),
    )
    sample = from_observation(observation, elements=True)
    assert observation_space(SIZE, elements=True).contains(sample)
    back = to_observation(sample)
    assert (back.cursor, back.t_ns, back.goal, back.elements) == (
        (1, 2),
        3,
        "Click “OK”",
        (element,),
    )
    assert np.array_equal(back.pixels, observation.pixels)


def test_a_sample_shares_no_memory_with_its_observation() -> None:
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    observation = Observation(pixels=pixels, cursor=(0, 0), t_ns=0)
    sample = from_observation(observation, elements=False)
    pixels[:] = 255
    assert not sample["pixels"].any()


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (KeyChord(key="Hyper"), "no key 'Hyper'"),
        (TypeText(text="x" * 1001), "1000 characters"),
        (TypeText(text="\x07"), "not"),
        (Drag(path=((0, 0),) * 257), "at most 256"),
    ],
)
def test_what_the_space_cannot_hold_is_refused_with_the_reason(action: Action, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        from_action(action)
