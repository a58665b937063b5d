"""Decides at each step whether an agent goes on by itself or asks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from policy.calibrate.thresholds import Thresholds
from recorder.schema import (
    Action,
    AgentContext,
    Ask,
    Click,
    Decision,
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

_CANNOT_BE_UNDONE = re.compile(
    r"\b(delete|erase|discard|remove|destroy|wipe|trash|unsubscribe|"
    r"buy|purchase|pay|order|transfer|send|publish|overwrite|deactivate|terminate)\b",
    re.IGNORECASE,
)


class Reason(StrEnum):
    """Why an agent asks; the first that holds is named."""

    ASKED = "asked"
    """The policy itself chose to ask."""
    NOVELTY = "novelty"
    """The screen is unlike those it knows."""
    LOOP = "loop"
    """It did the same on the same screen again and again."""
    IRREVERSIBLE = "irreversible"
    """It is not sure enough for what cannot be undone."""
    RISK = "risk"
    """It is not sure enough."""
    LINGERING = "lingering"
    """It asked just before, and is not yet sure enough to take the controls back."""


@dataclass(frozen=True, slots=True)
class Stance:
    """Where an agent stands in its episode."""

    is_asking: bool = False
    deeds: tuple[str, ...] = ()
    """Digest of frame and action of each step so far."""


def take_stance(
    before: Stance, decision: Decision, observation: Observation, thresholds: Thresholds
) -> tuple[Stance, Reason | None]:
    """Return where an agent stands after a decision, and why it asks, if it does."""
    deed = digest(observation, decision.action)
    times = 1 + before.deeds.count(deed)
    reason = _reason(before, decision, observation, thresholds)
    if reason in (None, Reason.RISK, Reason.LINGERING) and times >= thresholds.repeats:
        reason = Reason.LOOP
    return replace(before, is_asking=reason is not None, deeds=(*before.deeds, deed)), reason


def _reason(
    before: Stance, decision: Decision, observation: Observation, thresholds: Thresholds
) -> Reason | None:
    acceptance = decision.p_accept
    if isinstance(decision.action, Ask):
        return Reason.ASKED
    if decision.novelty < thresholds.novel_below:
        return Reason.NOVELTY
    if acceptance < thresholds.irreversible_below and is_irreversible(
        decision.action, observation.elements
    ):
        return Reason.IRREVERSIBLE
    if acceptance < thresholds.ask_below:
        return Reason.RISK
    if before.is_asking and acceptance < thresholds.resume_above:
        return Reason.LINGERING
    return None


class Gate:
    """Keeps the stance of each agent, by its name."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self._stances: dict[str, Stance] = {}

    def reason(self, context: AgentContext, decision: Decision) -> Reason | None:
        """Return why the agent should ask now instead of acting, or None when it need not."""
        before = self._stances.get(context.agent, Stance()) if context.step else Stance()
        after, reason = take_stance(before, decision, context.observation, self.thresholds)
        self._stances[context.agent] = after
        return reason


def digest(observation: Observation, action: Action) -> str:
    """Return what stands for one action on one frame."""
    found = hashlib.blake2b(observation.pixels.tobytes(), digest_size=16)
    found.update(repr(action).encode())
    return found.hexdigest()


def is_irreversible(action: Action, elements: Sequence[Element]) -> bool:
    """Say whether the words on what an action presses say that it cannot be undone.

    >>> bin_it = Element(role="button", box=(0, 0, 40, 20), text="Delete all")
    >>> is_irreversible(Click(x=5, y=5), [bin_it]), is_irreversible(Click(x=50, y=5), [bin_it])
    (True, False)
    """
    match action:
        case Click():
            words = _words_at(action.x, action.y, elements)
        case Drag():
            words = _words_at(*action.path[-1], elements)
        case KeyChord():
            focused = [each for each in elements if "focused" in each.states]
            words = _words(focused) if action.key in ("Enter", " ") else action.key
        case Wait() | Move() | ScrollBy() | TypeText() | Done() | Ask():
            return False
    return _CANNOT_BE_UNDONE.search(words) is not None


def _words_at(x: int, y: int, elements: Sequence[Element]) -> str:
    hit = [
        each
        for each in elements
        if each.box[0] <= x < each.box[0] + each.box[2]
        and each.box[1] <= y < each.box[1] + each.box[3]
    ]
    # the smallest is what is pressed; what contains it holds the words of its neighbours as well
    hit.sort(key=lambda each: each.box[2] * each.box[3])
    return _words(hit[:1])


def _words(elements: Sequence[Element]) -> str:
    # a field's value and the goal's own words are content, not what the control does
    return " ".join(
        f"{each.name} {each.text}" for each in elements if each.role not in ("textbox", "text")
    )
