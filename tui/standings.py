"""How the standing of an agent looks: a glyph and a word, never colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harness.hub.standing import Standing
from harness.hub.state import AgentState

UNKNOWN = "\N{EN DASH}"
"""What stands for a figure that nobody knows."""
_SECOND_MS = 1000
_MINUTE_S = 60
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Look:
    """How one standing looks."""

    glyph: str
    """One cell wide."""
    word: str
    """Eight letters at most."""
    attention: int
    """Whom to look after first: the smallest."""

    @property
    def mark(self) -> str:
        """Glyph and word together."""
        return f"{self.glyph}{self.word}"


LOOKS: Mapping[Standing, Look] = MappingProxyType(
    {
        Standing.ASKING: Look("◐", "ask", 0),
        Standing.STALE: Look("?", "stale", 1),
        Standing.FAILED: Look("✖", "fail", 2),
        Standing.HANDBACK: Look("↺", "handback", 3),
        Standing.HUMAN: Look("☻", "you", 4),
        Standing.HELD: Look("‖", "held", 5),
        Standing.UNVERIFIED: Look("◌", "unsure", 6),
        Standing.WATCHED: Look("◉", "watched", 7),
        Standing.RUNNING: Look("●", "run", 8),
        Standing.STARTING: Look("○", "start", 9),
        Standing.VERIFIED: Look("✔", "done", 10),
    }
)
"""Each standing."""


def says_why(agent: AgentState) -> str:
    """Return why an agent is held; empty where it is not."""
    return "" if agent.held is None else agent.held.value


def aged(ms: float | None) -> str:
    """Return an age or a duration in words of four or five characters; a dash where unknown.

    >>> aged(None) == UNKNOWN
    True
    >>> aged(118), aged(9_400), aged(41_000), aged(252_000), aged(7_800_000)
    ('<1 s', '9 s', '41 s', '4:12', '2h10')
    """
    if ms is None:
        return UNKNOWN
    seconds = max(0.0, ms) / _SECOND_MS
    if seconds < 1:
        return "<1 s"  # tenths would only flicker
    if seconds < _MINUTE_S:
        return f"{int(seconds)} s"
    if seconds < _HOUR_S:
        return f"{int(seconds) // _MINUTE_S}:{int(seconds) % _MINUTE_S:02}"
    return f"{int(seconds) // _HOUR_S}h{int(seconds) % _HOUR_S // _MINUTE_S:02}"
