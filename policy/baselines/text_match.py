"""The training-free rule: the first unchecked element whose text matches the goal best.

What stands in quotes is typed into empty fields, one after another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from policy.actions import words
from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Decision,
    Done,
    Element,
    Observation,
    TypeText,
)

_QUOTED = re.compile(r'"([^"]+)"')
_FIELDS = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})
_PASSIVE = frozenset(
    {"document", "label", "heading", "form", "main", "navigation", "table", "list"}
)
_FINISHED = frozenset({"checked", "selected", "disabled", "expanded"})
_UNKNOWN = 1.0  # novelty of a policy that knows of none
_ROLE_SCORE = 0.5  # of a match with what a thing is, next to 1 with what it says


class _Match(NamedTuple):
    """How an element matches; the smallest is the best."""

    miss: float
    place: int
    """Where in the goal its words begin."""
    number: int


@dataclass(slots=True)
class _Progress:
    """What was done to which elements in an episode."""

    clicked: set[tuple[str, str, int, int]] = field(default_factory=set[tuple[str, str, int, int]])
    typed: int = 0
    is_in_field: bool = False


@dataclass(slots=True)
class TextMatch:
    """Clicks what the goal names, in its order, and types what it quotes."""

    _progress: dict[str, _Progress] = field(default_factory=dict[str, _Progress])

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return for each agent what the rule says; `Done` when nothing is left that matches."""
        return [self._decide(context) for context in batch]

    def _decide(self, context: AgentContext) -> Decision:
        if context.step == 0:
            self._progress[context.agent] = _Progress()
        progress = self._progress.setdefault(context.agent, _Progress())
        action, sure = _next(context.observation, progress)
        return Decision(action, sure, _UNKNOWN)


def _next(observation: Observation, progress: _Progress) -> tuple[Action, float]:
    elements = [each for each in _below_goal(observation) if each.role not in _PASSIVE]
    open_ones = [each for each in elements if _key(each) not in progress.clicked]
    fields = [each for each in open_ones if each.role in _FIELDS and not each.value]
    # what can be read on something else is there to be clicked
    shown = {text for each in elements for text in (each.name, each.text)}
    quoted = [text for text in _QUOTED.findall(observation.goal) if text not in shown]
    if progress.is_in_field:
        progress.is_in_field = False
        if progress.typed < len(quoted):
            progress.typed += 1
            return TypeText(text=quoted[progress.typed - 1]), 1.0
    if fields and progress.typed < len(quoted):
        progress.is_in_field = True
        return _click(fields[0], progress), 1 / len(fields)
    wanted = [each for each in open_ones if not _FINISHED & set(each.states)]
    matches = sorted(
        _Match(*found, number)
        for number, each in enumerate(wanted)
        if (found := _match(each, observation.goal))
    )
    if not matches:
        return Done(), 0.0
    rivals = sum(each[:2] == matches[0][:2] for each in matches)
    return _click(wanted[matches[0].number], progress), (1 - matches[0].miss) / rivals


def _below_goal(observation: Observation) -> list[Element]:
    """Return the elements without those that show the goal itself, where it is on the screen."""
    goal = _word_set(observation.goal)
    shown = [
        each
        for each in observation.elements
        if each.role != "document" and len(goal & _word_set(each.text)) > len(goal) / 2
    ]
    if not shown:
        return list(observation.elements)
    left, top, width, height = shown[0].box
    return [
        each
        for each in observation.elements
        if not (
            left <= each.box[0] < left + width
            and top <= each.box[1]
            and each.box[1] + each.box[3] <= top + height
        )
    ]


def _match(element: Element, goal: str) -> tuple[float, int] | None:
    """Return how much of an element's text the goal lacks, and where in the goal it begins."""
    spoken = [goal[start:end].lower() for start, end in words(goal)]
    best: tuple[float, int] | None = None
    told = ((element.name or element.text or element.value, 1.0), (element.role, _ROLE_SCORE))
    for text, score in told:
        read = [text[start:end].lower() for start, end in words(text)]
        shared = [word for word in read if word in spoken]
        if shared:
            found = 1 - score * len(shared) / len(read), _place(read, shared, spoken)
            best = min(best or found, found)
    return best


def _place(read: Sequence[str], shared: Sequence[str], spoken: Sequence[str]) -> int:
    for place in range(len(spoken)):
        if list(spoken[place : place + len(read)]) == list(read):
            return place
    return spoken.index(shared[0])


def _word_set(text: str) -> set[str]:
    return {text[start:end].lower() for start, end in words(text)}


def _click(element: Element, progress: _Progress) -> Click:
    progress.clicked.add(_key(element))
    left, top, width, height = element.box
    return Click(x=left + width // 2, y=top + height // 2)


def _key(element: Element) -> tuple[str, str, int, int]:
    return element.role, element.name or element.text, element.box[0], element.box[1]
