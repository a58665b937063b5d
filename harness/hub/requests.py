"""A request for help, from when it is raised to what came of it: a state machine as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from harness.errors import TransitionError
from harness.gate import Reason
from harness.hub.proposals import Correction, Deed, Proposal
from harness.hub.untrusted import NOTHING, Shown
from harness.measure.events import Initiator
from recorder.schema import Box


class HelpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an agent asks a person, bound to what was on its screen."""

    id: str
    """Unique in the run; one decision at most is ever made on it."""
    agent: str
    episode: str
    step: int
    """Of the episode."""
    reason: Reason
    initiator: Initiator
    proposed: Proposal
    alternatives: tuple[Proposal, ...] = ()
    novelty: float
    """Conformal p-value of the screen; small means unlike what the agent knows."""
    frame: str
    """Hash of the screen, and name of its picture."""
    surroundings: str = ""
    """Hash of what of it the answer is bound to; empty for all of it."""
    size: tuple[int, int]
    """Width and height of it, px."""
    target: Box | None = None
    """What the action lands on, on that screen; the person is shown it 1:1."""
    target_text: Shown = NOTHING
    goal: Shown = NOTHING
    title: Shown = NOTHING
    url: Shown = NOTHING
    is_irreversible: bool
    """Approving takes the digit that is shown with it as well."""
    deadline_ms: int
    """Time of the run at which the agent is held instead; nothing is ever approved by waiting."""


# Answers ------------------------------------------------------------------------------------------


class Objection(StrEnum):
    """Why a person says no."""

    WRONG_TARGET = "wrong target"
    WRONG_VALUE = "wrong value"
    NOT_NOW = "not now"
    NEVER = "never"


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Do it."""


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Don't."""

    objection: Objection = Objection.WRONG_TARGET


class Correct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Do something else."""

    correction: Correction


class TakeOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Leave it to me."""


class Defer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Later: it goes to the end of the queue, and its deadline stays."""


class Escalate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    """Somebody else should say: it is marked so, and stays."""


Answer: TypeAlias = Approve | Reject | Correct | TakeOver | Defer | Escalate
FinalAnswer: TypeAlias = Approve | Reject | Correct | TakeOver
"""After which nothing else can be answered."""


class RequestMark(StrEnum):
    """What a person thinks of the asking itself; a label for what decides when to ask."""

    NOT_NEEDED = "should not have asked"
    EARLIER = "should have asked earlier"


# Life ---------------------------------------------------------------------------------------------


class Stage(StrEnum):
    """How far a request has come."""

    QUEUED = "queued"
    SEEN = "seen"
    """A person has it in front of them."""
    ANSWERED = "answered"
    SENT = "sent"
    """The answer is on its way to the agent."""
    APPLIED = "applied"
    """The agent says that it did what the answer says."""
    DROPPED = "dropped"
    """The answer was not carried out: the screen had changed, or the agent was held."""
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """The screen changed before anybody answered."""
    WITHDRAWN = "withdrawn"
    """The agent no longer needs it."""
    LOST = "lost"
    """Who asked is gone."""


_ENDINGS = frozenset({Stage.EXPIRED, Stage.SUPERSEDED, Stage.WITHDRAWN, Stage.LOST})
ALLOWED: Mapping[Stage, frozenset[Stage]] = MappingProxyType(
    {
        Stage.QUEUED: frozenset({Stage.SEEN, *_ENDINGS}),
        Stage.SEEN: frozenset({Stage.QUEUED, Stage.SEEN, Stage.ANSWERED, *_ENDINGS}),
        Stage.ANSWERED: frozenset({Stage.SENT, Stage.DROPPED, Stage.LOST}),
        # sent again where the worker says that it never came
        Stage.SENT: frozenset({Stage.SENT, Stage.APPLIED, Stage.DROPPED, Stage.LOST}),
    }
    | {each: frozenset[Stage]() for each in (Stage.APPLIED, Stage.DROPPED, *_ENDINGS)}
)
"""Where each stage can lead."""
OPEN = frozenset({Stage.QUEUED, Stage.SEEN})
"""Somebody has to answer."""
PENDING = frozenset({Stage.ANSWERED, Stage.SENT})
"""Answered, and nobody knows yet what came of it."""


class Aftermath(StrEnum):
    """What came of an answer in the end."""

    OK = "ok"
    """The episode was verified, and it did not ask again soon."""
    FAILED = "failed"
    RE_ASKED = "re-asked"
    """It asked again within a few steps."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """When a request came to a stage."""

    stage: Stage
    t_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request and all that happened to it."""

    request: HelpRequest
    stage: Stage = Stage.QUEUED
    receipts: tuple[Receipt, ...]
    """In the order in which they came; the first says when it was raised."""
    answer: FinalAnswer | None = None
    deed: Deed = ""
    """What is to be done, where the answer is an approval or a correction."""
    why: Shown = NOTHING
    """Why it was not carried out."""
    is_escalated: bool = False
    place: int = 0
    """In the queue: a deferred request goes behind those that were there."""
    marks: tuple[RequestMark, ...] = ()
    aftermath: Aftermath | None = None
    """None while that is open."""

    @property
    def raised_ms(self) -> int:
        """Time of the run at which it was raised."""
        return self.receipts[0].t_ms

    def when(self, stage: Stage) -> int | None:
        """Return the time of the run at which it came to a stage first, None if never."""
        return next((each.t_ms for each in self.receipts if each.stage is stage), None)


def advance(ticket: Ticket, stage: Stage, t_ms: int, why: Shown | None = None) -> Ticket:
    """Return a ticket that came to its next stage.

    Raises:
        TransitionError: the one does not lead to the other.
    """
    if stage not in ALLOWED[ticket.stage]:
        allowed = ", ".join(each for each in Stage if each in ALLOWED[ticket.stage]) or "nothing"
        raise TransitionError(
            f"request {ticket.request.id} cannot go from {ticket.stage} to {stage}; "
            f"allowed: {allowed}"
        )
    receipts = (*ticket.receipts, Receipt(stage, t_ms))
    return replace(ticket, stage=stage, receipts=receipts, why=why or ticket.why)
