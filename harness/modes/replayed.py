"""A person who was recorded: the same requests get the same help, at the same pace."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.errors import DivergedError
from harness.measure.events import (
    ContactClosed,
    ContactKind,
    ContactOpened,
    RunEvent,
    StepTaken,
)
from harness.modes.operators import Desk, Question, Request
from recorder.codec import action_from_dict
from recorder.schema import Controller


@dataclass(slots=True)
class _Help:
    """One contact as it was recorded."""

    opened: ContactOpened
    step: int
    """Steps done in the episode before it."""
    deeds: list[StepTaken] = field(default_factory=list[StepTaken])
    release_ms: int = 0


class ReplayedOperator:
    """Helps as somebody did in a run that was logged.

    Within a contact all takes as long as it took then; when it begins is for the queue to say. So
    the same agents on the same work meet the same events, and others are told where they part.

    Args:
        events: of that run.

    Raises:
        DivergedError: on handling, no such request was recorded, or another one.
    """

    def __init__(self, events: Iterable[RunEvent]) -> None:
        self._left: dict[str, deque[_Help]] = {}
        self._read(events)

    async def handle(self, request: Request, desk: Desk) -> ContactKind:
        """Do what was done then and return what it was."""
        help_then = self._next(request)
        opened = help_then.opened
        zero_ms = desk.now_ms - opened.t_notice_ms
        _wait_until(desk, zero_ms + opened.t_engage_ms)
        desk.engage()
        for deed in help_then.deeds:
            _wait_until(desk, zero_ms + deed.t_ms)
            await desk.act(action_from_dict(json.loads(deed.deed)), deed.duration_ms)
        _wait_until(desk, zero_ms + help_then.release_ms)
        return opened.contact

    def _read(self, events: Iterable[RunEvent]) -> None:
        steps: dict[str, int] = {}
        for event in events:
            match event:
                case ContactOpened(episode=key):
                    found = self._left.setdefault(key, deque())
                    found.append(_Help(event, steps.get(key, 0)))
                case StepTaken(episode=key):
                    steps[key] = steps.get(key, 0) + 1
                    if event.controller is Controller.HUMAN:
                        self._left[key][-1].deeds.append(event)
                case ContactClosed(episode=key):
                    self._left[key][-1].release_ms = event.t_release_ms
                case _:
                    pass

    def _next(self, request: Request) -> _Help:
        key = request.planned.key
        step = request.step if isinstance(request, Question) else 0
        asked = f"{key}: a request of {request.initiator} after {step} steps"
        left = self._left.get(key)
        if not left:
            raise DivergedError(f"{asked}; recorded: none that is left")
        then = left.popleft()
        if (then.step, then.opened.initiator) != (step, request.initiator):
            raise DivergedError(
                f"{asked}; recorded: one of {then.opened.initiator} after {then.step} steps"
            )
        return then


def _wait_until(desk: Desk, t_ms: int) -> None:
    desk.spend(max(0, t_ms - desk.now_ms) / 1000)
