"""Decides at each step whether an agent goes on by itself or asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from harness.actions import digest, is_irreversible
from recorder.schema import AgentContext, Ask, Decision, Observation, Thresholds

SILENT = Thresholds(ask_below=0, resume_above=0, novel_below=0, irreversible_below=0)
"""Under these, no doubt makes an agent ask: only its policy's own wish, or a loop."""


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
