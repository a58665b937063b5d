"""How an agent is shown: derived from what is known of it, never from what it says of itself."""

from __future__ import annotations

from enum import StrEnum

from harness.control import Phase
from harness.hub.events import HeldReason
from harness.hub.state import AgentState

STALE_MS = 3000
"""Age of a frame from which on what is seen says nothing about what is."""


class Standing(StrEnum):
    """How an agent is shown."""

    STARTING = "starting"
    RUNNING = "running"
    WATCHED = "watched"
    ASKING = "asking"
    HELD = "held"
    HUMAN = "human"
    HANDBACK = "handback"
    STALE = "stale"
    """Nobody knows: its worker is not connected, or shows no new frames."""
    FAILED = "failed"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    """It says that it is done, or ended, and no checker says that it is right."""


def standing(agent: AgentState, frame_age_ms: int | None, *, stale_ms: int = STALE_MS) -> Standing:
    """Return how to show an agent.

    Args:
        agent: as the hub knows it.
        frame_age_ms: since its last frame was taken; None if there is none.
        stale_ms: age from which on what is seen says nothing about what is.
    """
    if agent.phase is Phase.ENDED:
        if agent.failure.text:
            return Standing.FAILED
        return Standing.VERIFIED if agent.is_verified else Standing.UNVERIFIED
    if not agent.is_connected:
        return Standing.STALE
    if agent.held is not None:
        return Standing.HANDBACK if agent.held is HeldReason.HANDBACK else Standing.HELD
    if not agent.episode:
        return Standing.STARTING
    if frame_age_ms is None or frame_age_ms > stale_ms:
        return Standing.STALE
    return _moving(agent)


def _moving(agent: AgentState) -> Standing:
    if agent.phase is Phase.TAKEOVER:
        return Standing.HUMAN
    if agent.phase is Phase.ASKING:
        return Standing.ASKING
    if agent.is_done_claimed:
        return Standing.UNVERIFIED
    return Standing.WATCHED if agent.watched else Standing.RUNNING
