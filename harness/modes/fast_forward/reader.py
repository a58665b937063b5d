"""A policy that learned nothing: it fills in forms whose goal says in quotes what to enter.

It stands in for a trained one in tests and measurements: it decides in well under a millisecond,
and is sure only of what it can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
    Element,
    KeyChord,
    Observation,
    TypeText,
    element_at,
)

_FIELDS = frozenset({"textbox", "searchbox"})
_BOXES = frozenset({"checkbox", "radio"})
_SUBMIT = re.compile(r"^(submit|login|log in|ok|search)$", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]*)"')
_CHOSEN = re.compile(r"^Select (.+) and click Submit\.?$")
_SURE = 0.999
_KNOWN = 1.0  # novelty of a policy that knows of none


class Reader:
    """Decides by what the goal says and what the page shows now; it remembers nothing."""

    sees_pixels = False

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return for each agent what to enter, tick or press next; `Ask` where there is none."""
        return [_decision(context.observation) for context in batch]


def reader() -> Reader:
    """Return the policy; the factory that `harness.modes.fast_forward.reader:reader` names."""
    return Reader()


def _decision(observation: Observation) -> Decision:
    action = next(_actions(observation), None)
    return Decision(action or Ask(), _SURE if action else 0.0, _KNOWN)


def _actions(observation: Observation) -> Iterator[Action]:
    """Yield what is still to be done, first things first."""
    goal = observation.goal
    fields = [each for each in observation.elements if each.role in _FIELDS]
    texts = _QUOTED.findall(goal)
    if fields and texts:
        # one text for all fields is to be repeated
        wanted = texts if len(texts) == len(fields) else texts[:1] * len(fields)
        for field, text in zip(fields, wanted, strict=True):
            yield from _filled(field, text)
        yield from _pressed(observation.elements)
    elif found := _CHOSEN.match(goal):
        names = {name.strip() for name in found[1].split(",")}
        yield from _ticked(observation.elements, names)
        yield from _pressed(observation.elements)


def _filled(field: Element, text: str) -> Iterator[Action]:
    if field.value == text:
        return
    if "focused" not in field.states:
        yield _click(field)
    elif field.value:
        yield KeyChord(key="a", modifiers=("ctrl",))
    else:
        yield TypeText(text=text)


def _ticked(elements: Sequence[Element], names: set[str]) -> Iterator[Action]:
    for number, each in enumerate(elements):
        is_wanted = (each.name or _label_of(number, elements)) in names
        is_on = "checked" in each.states
        # the other radio buttons go out by themselves
        if each.role in _BOXES and is_wanted != is_on and (is_wanted or each.role == "checkbox"):
            yield _click(each)


def _label_of(number: int, elements: Sequence[Element]) -> str:
    following = elements[number + 1 : number + 2]
    return following[0].text if following and following[0].role == "label" else ""


def _pressed(elements: Sequence[Element]) -> Iterator[Action]:
    buttons = [each for each in elements if _SUBMIT.match(each.name or each.text)]
    for each in buttons[:1]:
        if "disabled" not in each.states and element_at(_middle(each), elements) is not None:
            yield _click(each)


def _click(element: Element) -> Click:
    x, y = _middle(element)
    return Click(x=x, y=y)


def _middle(element: Element) -> tuple[int, int]:
    left, top, width, height = element.box
    return left + width // 2, top + height // 2
