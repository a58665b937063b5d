"""A policy that learned nothing: it fills in forms whose goal says in quotes what to enter.

It stands in for a trained one in tests and measurements: it decides in well under a millisecond,
is sure only of what it can read, and knows no page with buttons or fields of any other kind.
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
    Thresholds,
    TypeText,
    element_at,
)

_FIELDS = frozenset({"textbox", "searchbox"})
_BOXES = frozenset({"checkbox", "radio"})
_SUBMIT = re.compile(r"^(submit|login|log in|ok|search)$", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]*)"')
_CHOSEN = re.compile(r"^Select (.+) and click Submit\.?$")
_QUESTION = "Exit to home page?"
"""Comes in between, with a button to stay."""
_STAY = "Cancel"
_SURE = 0.999
_KNOWN, _NOVEL = 1.0, 0.0
_THRESHOLDS = Thresholds(
    ask_below=0.5, resume_above=0.5, novel_below=0.05, irreversible_below=_SURE
)


class Reader:
    """Decides by what the goal says and what the page shows now; it remembers nothing."""

    sees_pixels = False
    thresholds = _THRESHOLDS

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return for each agent what to enter, tick or press next; `Ask` where there is none."""
        return [_decision(context.observation) for context in batch]


def reader() -> Reader:
    """Return the policy; the factory that `harness.modes.fast_forward.reader:reader` names."""
    return Reader()


def _decision(observation: Observation) -> Decision:
    action = next(_actions(observation), None)
    novelty = _KNOWN if _is_known(observation) else _NOVEL
    return Decision(action or Ask(), _SURE if action else 0.0, novelty)


def _is_known(observation: Observation) -> bool:
    """Say whether all buttons are of kinds that it presses, and nothing lies over what it fills in.

    Nothing but the question, that is.
    """
    elements = observation.elements
    names = {each.name or each.text for each in elements if each.role == "button"}
    if _is_asked(elements):
        names.discard(_STAY)
        fields: list[Element] = []
    else:
        fields = [each for each in elements if each.role in _FIELDS]
    is_bare = all(_hit(each, elements) is each for each in fields)
    return is_bare and all(map(_SUBMIT.match, names))


def _is_asked(elements: Sequence[Element]) -> bool:
    return any(each.text == _QUESTION for each in elements)


def _actions(observation: Observation) -> Iterator[Action]:
    """Yield what is still to be done, first things first."""
    goal = observation.goal
    if _is_asked(observation.elements):
        yield from (_click(each) for each in observation.elements if each.name == _STAY)
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
        if "disabled" not in each.states and _hit(each, elements):
            yield _click(each)


def _hit(element: Element, elements: Sequence[Element]) -> Element | None:
    """Return what a click on an element would meet."""
    found = element_at(_middle(element), elements)
    return None if found is None else elements[found]


def _click(element: Element) -> Click:
    x, y = _middle(element)
    return Click(x=x, y=y)


def _middle(element: Element) -> tuple[int, int]:
    left, top, width, height = element.box
    return left + width // 2, top + height // 2
