"""Small screens and the actions on them, for tests of the codec."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from recorder.schema import (
    Action,
    Element,
    Observation,
    TypeText,
)
from tests.recorder.strategies import of_type
from tests.soak import repeats

# every code point, surrogates that stand alone among them, but more often what pages hold
TEXT = st.text(st.characters(), max_size=12) | st.text("aAbB \"'ſßİ.-", max_size=12)
ELEMENTS = st.lists(
    st.builds(
        Element, role=st.just("button"), box=st.just((0, 0, 9, 9)), name=TEXT, text=TEXT, value=TEXT
    ),
    max_size=3,
)
ACTIONS: st.SearchStrategy[Action] = of_type(Action) | st.builds(TypeText, text=TEXT)
MANY = settings(max_examples=repeats(200, 3_000))


def seen(goal: str = "", *elements: Element) -> Observation:
    """Return an observation of a small black screen."""
    return Observation(np.zeros((210, 160, 3), np.uint8), (0, 0), 0, goal, elements)


def element(role: str, box: tuple[int, int, int, int], name: str = "", text: str = "") -> Element:
    """Return an element of a page."""
    return Element(role=role, box=box, name=name, text=text)
