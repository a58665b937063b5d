"""A policy that knows an episode by heart: what to do, and what shows when it is time for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.actions import points_of
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Decision,
    Done,
    Element,
    KeyChord,
    TypeText,
    element_at,
)

_WINDOWS = frozenset({"window", "dialog"})
_SURE = 0.999
_KNOWN = 1.0  # novelty of a policy that knows of none


@dataclass(frozen=True, slots=True)
class Deed:
    """One action, and what it is done to."""

    action: Action
    target: Element | None
    """What lies where it points, or has the focus; None where nothing is listed there."""
    windows: tuple[str, ...] = ()
    """Titles of all windows, which tell one folder or file from another."""


@dataclass(frozen=True, slots=True)
class ByHeart:
    """Does what was rehearsed; it is sure of an action only while its target shows as it did then.

    It stands in for a trained policy in tests and measurements.
    """

    part: tuple[Deed, ...]
    sees_pixels = False

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the next action of each; `Ask` where its target does not show."""
        return [self._decision(each) for each in batch]

    def _decision(self, context: AgentContext) -> Decision:
        if context.step >= len(self.part):
            return Decision(Done(), _SURE, _KNOWN)
        deed = self.part[context.step]
        found = rehearsed(deed.action, context.observation.elements)
        if (_look(found.target), found.windows) != (_look(deed.target), deed.windows):
            return Decision(Ask(), 0.0, _KNOWN)
        return Decision(deed.action, _SURE, _KNOWN)


def rehearsed(action: Action, elements: Sequence[Element]) -> Deed:
    """Return an action with what it is done to, and the windows that show then."""
    windows = tuple(each.name for each in elements if each.role in _WINDOWS)
    if isinstance(action, KeyChord | TypeText):
        focused = next((each for each in elements if "focused" in each.states), None)
        return Deed(action, focused, windows)
    points = points_of(action)
    hit = element_at(points[0], elements) if points else None
    return Deed(action, None if hit is None else elements[hit], windows)


def _look(element: Element | None) -> tuple[object, ...] | None:
    """Return what of a target has to be as it was; its states change with what is done nearby."""
    return element and (element.role, element.name, element.box, element.value)
