"""Whom to call when an agent asks, and what to say: once for each thing that it asks."""

from __future__ import annotations

from harness.hub.requests import HelpRequest
from harness.hub.untrusted import Shown, shown

_BELL = "\a"
_LONGEST = 120


class Alerts:
    """Remembers what somebody was called for."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str, str]] = set()

    def is_new(self, request: HelpRequest) -> bool:
        """Say whether nobody was called yet for the same agent, reason and screen."""
        key = (request.agent, request.reason, request.frame)
        if key in self._known:
            return False
        self._known.add(key)
        return True


def call_for(request: HelpRequest) -> str:
    """Return what rings the terminal's bell and has it show a message of its own (OSC 9)."""
    words: Shown = shown(f"{request.agent} asks: {request.proposed.words.text}", _LONGEST)
    return f"{_BELL}\x1b]9;{words.text}{_BELL}"
