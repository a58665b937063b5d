"""What happened to each agent, in few words: from the log of the shift, and from then on live."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from harness.errors import HarnessError
from harness.hub.events import (
    Answered,
    Applied,
    Closed,
    Dropped,
    DroppedByWorker,
    HandedBack,
    Happened,
    Held,
    HubEvent,
    HumanStep,
    Raised,
    Released,
    TookOver,
    Withdrawn,
)
from harness.hub.shift_log import read_shift
from harness.measure.events import EpisodeEnded, EpisodeStarted, RunEvent, StepTaken
from recorder.schema import Controller

_LATEST = 12
_OVERLAP = 64
_KEPT = 400
"""Of each agent; what is older is in the log."""


class Kind(StrEnum):
    """What sort of thing happened."""

    BEGAN = "began"
    STEP = "step"
    HUMAN = "human"
    ASKED = "asked"
    ANSWERED = "answered"
    CLOSED = "closed"
    HELD = "held"
    RELEASED = "released"
    TAKEN = "taken"
    BACK = "back"
    ENDED = "ended"


GLYPHS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.BEGAN: "○",
        Kind.STEP: "●",
        Kind.HUMAN: "☻",
        Kind.ASKED: "◐",
        Kind.ANSWERED: "◆",
        Kind.CLOSED: "◇",
        Kind.HELD: "‖",
        Kind.RELEASED: "▸",
        Kind.TAKEN: "☻",
        Kind.BACK: "↺",
        Kind.ENDED: "✔",
    }
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to one agent."""

    t_ms: int
    agent: str
    kind: Kind
    words: str
    """Not fit to be shown before `tui.plain.plain` has read it."""
    p: float | None = None
    """How sure the agent was, where it decided."""


class Chronicle:
    """The last things that happened to each agent."""

    def __init__(self) -> None:
        self._happenings: dict[str, deque[Happening]] = {}
        self._agents: dict[str, str] = {}

    def take(self, event: HubEvent) -> None:
        """Note an event, if it is one that happened to an agent."""
        happening = self._read(event)
        if happening is not None:
            kept = self._happenings.setdefault(happening.agent, deque(maxlen=_KEPT))
            kept.append(happening)

    def take_all(self, events: Iterable[HubEvent]) -> None:
        """Note many."""
        for each in events:
            self.take(each)

    def recall(self, logged: Sequence[HubEvent], since: Sequence[HubEvent]) -> None:
        """Begin anew with what was logged, and what happened while the log was read.

        Args:
            logged: all events of the log; its end may hold some of the others already.
            since: events that came meanwhile.
        """
        self._happenings.clear()
        self.take_all(logged)
        tail = logged[-len(since) - _OVERLAP :]
        self.take_all(each for each in since if each not in tail)

    def of(self, agent: str, until_ms: int) -> Sequence[Happening]:
        """Return what happened to an agent until some time of the run, the oldest first."""
        return [each for each in self._happenings.get(agent, ()) if each.t_ms <= until_ms]

    def latest(self, agent: str, until_ms: int) -> Sequence[Happening]:
        """Return the last few of them."""
        happenings = self._happenings.get(agent, deque())
        recent = islice(reversed(happenings), _LATEST)
        return [each for each in recent if each.t_ms <= until_ms][::-1]

    def _read(self, event: HubEvent) -> Happening | None:
        match event:
            case Happened(agent=agent, event=told):
                return _of_run(event.t_ms, agent, told)
            case Raised(request=request):
                self._agents[request.id] = request.agent
                words, p = request.proposed.words.text, request.proposed.p
                return Happening(event.t_ms, request.agent, Kind.ASKED, words, p)
            case Answered(request=request, answer=answer):
                words = type(answer).__name__.lower()
                return self._on(event.t_ms, request, Kind.ANSWERED, words)
            case Applied(request=request):
                return self._on(event.t_ms, request, Kind.CLOSED, "done as answered")
            case Dropped(request=request, why=why) | DroppedByWorker(request=request, why=why):
                return self._on(event.t_ms, request, Kind.CLOSED, f"not done: {why.text}")
            case Closed(request=request, stage=stage) | Withdrawn(request=request, stage=stage):
                return self._on(event.t_ms, request, Kind.CLOSED, stage.value)
            case _:
                return _of_controls(event)

    def _on(self, t_ms: int, request: str, kind: Kind, words: str) -> Happening | None:
        agent = self._agents.get(request)
        return None if agent is None else Happening(t_ms, agent, kind, words)


def logged_so_far(folder: Path) -> list[HubEvent]:
    """Return the events in the log of a shift, which may be written meanwhile; none without one."""
    events: list[HubEvent] = []
    # the last line may not be whole yet; what it says comes from the hub as well
    with suppress(HarnessError, OSError):
        events.extend(read_shift(folder))
    return events


def _of_run(t_ms: int, agent: str, told: RunEvent) -> Happening | None:
    match told:
        case EpisodeStarted():
            return Happening(t_ms, agent, Kind.BEGAN, told.planned.task)
        case StepTaken(controller=Controller.POLICY):
            return Happening(t_ms, agent, Kind.STEP, told.action, told.p_accept)
        case EpisodeEnded():
            words = "verified" if told.is_verified else "not verified"
            return Happening(t_ms, agent, Kind.ENDED, told.infrastructure_error or words)
        case _:
            return None


def _of_controls(event: HubEvent) -> Happening | None:
    match event:
        case HumanStep(words=words):
            return Happening(event.t_ms, event.agent, Kind.HUMAN, words.text)
        case Held(reason=reason):
            return Happening(event.t_ms, event.agent, Kind.HELD, reason.value)
        case Released():
            return Happening(event.t_ms, event.agent, Kind.RELEASED, "goes on")
        case TookOver():
            return Happening(event.t_ms, event.agent, Kind.TAKEN, "taken over")
        case HandedBack():
            return Happening(event.t_ms, event.agent, Kind.BACK, "handed back")
        case _:
            return None
