"""A policy that reads what a page asks for, and doubts the step that counts; sometimes it is wrong.

It knows pages on which something is to be pressed, or a text is to be entered and handed in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from recorder.schema import (
    Action,
    AgentContext,
    Click,
    Decision,
    Element,
    KeyChord,
    Thresholds,
    TypeText,
    Wait,
)

TASKS = (
    "miniwob-click-test",
    "miniwob-click-test-2",
    "miniwob-click-button",
    "miniwob-click-dialog-2",
    "miniwob-enter-text",
    "miniwob-enter-text-dynamic",
)
NOWHERE = Click(x=3, y=205)
"""Presses nothing on these pages."""
_SURE, _UNSURE = 0.95, 0.3
_WRONG = 0.3
"""Share of the pages whose last step it gets wrong at first."""
_QUOTED = re.compile(r'"([^"]+)"|button ([A-Z]+)\.')


class Apprentice:
    """Presses what the goal names, and asks before the last step of each page."""

    thresholds = Thresholds(
        ask_below=0.5, resume_above=0.5, novel_below=0.01, irreversible_below=0.5
    )

    def decide(self, batch: Sequence[AgentContext]) -> list[Decision]:
        """Return the next step on each page."""
        return [self._decision(each) for each in batch]

    def _decision(self, context: AgentContext) -> Decision:
        steps = list(_steps(context))
        if not steps:
            return Decision(Wait(duration_ms=100), p_accept=_SURE, novelty=0.5)
        step = steps[0]
        if len(steps) > 1:
            return Decision(step, p_accept=_SURE, novelty=0.5)
        if Random(context.agent).random() < _WRONG:
            return Decision(NOWHERE, p_accept=0.2, novelty=0.5, alternatives=((step, _UNSURE),))
        return Decision(step, p_accept=_UNSURE, novelty=0.5, alternatives=((NOWHERE, 0.1),))


def apprentice() -> Apprentice:
    """Return the policy."""
    return Apprentice()


def _steps(context: AgentContext) -> Iterator[Action]:
    """Yield what is still to be done on a page."""
    seen = context.observation
    found = _QUOTED.search(seen.goal)
    named = next(filter(None, found.groups()), "") if found else ""
    buttons = [each for each in seen.elements if each.role == "button"]
    field = next((each for each in seen.elements if each.role == "textbox"), None)
    if seen.goal.startswith("Enter") and field is not None:
        if field.value != named:
            if "focused" not in field.states:
                yield _press(field)
            if not named.startswith(field.value):
                yield KeyChord(key="Backspace", count=len(field.value))
                yield TypeText(text=named)
            else:
                yield TypeText(text=named[len(field.value) :])
        buttons = [each for each in buttons if each.text == "Submit"]
    elif named:
        buttons = [each for each in buttons if named in (each.text, each.name)]
    yield from (_press(each) for each in buttons[:1])


def _press(element: Element) -> Click:
    x, y, width, height = element.box
    return Click(x=x + width // 2, y=y + height // 2)
