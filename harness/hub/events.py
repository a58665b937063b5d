"""The events of a live shift: all that the hub keeps, and all that its screens are made of.

Times `t_ms` are integer milliseconds since the shift was opened. What workers tell carries a
`number` of theirs, by agent, so that what they tell twice is kept once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from harness.hub.proposals import Deed
from harness.hub.requests import Answer, HelpRequest, RequestMark, Stage
from harness.hub.untrusted import Shown
from harness.measure.events import Manifest, RunEvent
from recorder.schema import Controller


class HeldReason(StrEnum):
    """Why an agent must not act."""

    HUMAN = "human"
    """A person holds it."""
    LATCH = "latch"
    """The stop latch was set."""
    DEADMAN = "deadman"
    """Whoever supervised it is gone."""
    RESTART = "restart"
    """The hub was."""
    EXPIRED = "expired"
    """Nobody answered in time."""
    REJECTED = "rejected"
    """It wants the same again that a person refused."""
    HANDBACK = "handback"
    """A person let go of it; they have still to say that it may go on."""
    CRASHED = "crashed"
    """Its worker is gone, or another one came in its place."""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=True):
    t_ms: int


# The shift ----------------------------------------------------------------------------------------


class ShiftOpened(_Event, frozen=True):
    """The first line of a log."""

    manifest: Manifest
    realtime_ns: int
    """Of `t_ms` 0, since the epoch."""


class HubRestarted(_Event, frozen=True):
    """A hub went on from the log; until a person says otherwise, no agent acts."""


class ShiftClosed(_Event, frozen=True):
    """It is over."""


class DriverCame(_Event, frozen=True):
    """Somebody drives."""

    name: Shown


class DriverLeft(_Event, frozen=True):
    """Nobody drives."""

    why: Shown


class Latched(_Event, frozen=True):
    """Everybody was stopped."""


class Unlatched(_Event, frozen=True):
    """Everybody may be released, one by one."""


# Agents -------------------------------------------------------------------------------------------


class AgentJoined(_Event, frozen=True):
    """A worker runs an agent."""

    agent: str
    worker: str
    """Unique to one life of one process."""


class AgentLost(_Event, frozen=True):
    """The worker of an agent is not connected."""

    agent: str


class AgentFound(_Event, frozen=True):
    """The same worker is connected again."""

    agent: str


class Held(_Event, frozen=True):
    """An agent must not act."""

    agent: str
    reason: HeldReason


class Released(_Event, frozen=True):
    """It may again."""

    agent: str


class Happened(_Event, frozen=True):
    """Something of the run that is measured; its times are the agent's."""

    agent: str
    number: int
    event: RunEvent


class TookOver(_Event, frozen=True):
    """A person has the controls of an agent."""

    agent: str


class HandedBack(_Event, frozen=True):
    """They let go."""

    agent: str
    is_idle: bool = False
    """Because they did nothing for too long."""


class HumanStep(_Event, frozen=True, kw_only=True):
    """A person did one action at an agent's controls; enough to learn from."""

    agent: str
    number: int
    episode: str
    goal: str
    """As it was on the screen, for training; never to be shown."""
    request: str = ""
    """That it answers; empty where they took over."""
    deed: Deed
    words: Shown
    controller: Controller = Controller.HUMAN
    frame: str
    """Hash of the screen strictly before it, and name of its picture."""
    cursor: tuple[int, int]
    elements: str = "[]"
    """What was on that screen, as JSON."""
    t_ns: int
    """When it began, by the monotonic clock."""
    end_ns: int


# Requests -----------------------------------------------------------------------------------------


class Raised(_Event, frozen=True):
    """An agent asks."""

    number: int
    request: HelpRequest


class Seen(_Event, frozen=True):
    """A person has a request in front of them."""

    request: str


class Unseen(_Event, frozen=True):
    """They turned away from it."""

    request: str


class Answered(_Event, frozen=True):
    """A person decided; nothing can be decided on this request any more, unless it stays open."""

    request: str
    answer: Answer
    deed: Deed = ""
    """What is to be done, where the answer is an approval or a correction."""


class Sent(_Event, frozen=True):
    """The answer is on its way."""

    request: str


class Applied(_Event, frozen=True):
    """It was carried out."""

    request: str
    agent: str
    number: int


class Dropped(_Event, frozen=True):
    """It was not, and will not be."""

    request: str
    why: Shown


class DroppedByWorker(_Event, frozen=True):
    """Likewise, by the word of the worker."""

    request: str
    agent: str
    number: int
    why: Shown


class Closed(_Event, frozen=True):
    """A request ended without an answer."""

    request: str
    stage: Stage


class Withdrawn(_Event, frozen=True):
    """Likewise, by the word of the worker: its screen changed, or it needs no help any more."""

    request: str
    agent: str
    number: int
    stage: Stage


class Outrun(_Event, frozen=True):
    """A worker told what a person's decision had overtaken; nothing changes."""

    agent: str
    number: int


class RequestMarked(_Event, frozen=True):
    """A person labelled a request."""

    request: str
    mark: RequestMark


class MomentMarked(_Event, frozen=True):
    """A person labelled what an agent does while it does not ask."""

    agent: str
    episode: str
    step: int
    mark: RequestMark


HubEvent: TypeAlias = (
    ShiftOpened
    | HubRestarted
    | ShiftClosed
    | DriverCame
    | DriverLeft
    | Latched
    | Unlatched
    | AgentJoined
    | AgentLost
    | AgentFound
    | Held
    | Released
    | Happened
    | TookOver
    | HandedBack
    | HumanStep
    | Raised
    | Seen
    | Unseen
    | Answered
    | Sent
    | Applied
    | Dropped
    | DroppedByWorker
    | Closed
    | Withdrawn
    | Outrun
    | RequestMarked
    | MomentMarked
)
WorkerEvent: TypeAlias = (
    Happened | HumanStep | Raised | Applied | DroppedByWorker | Withdrawn | Outrun
)
"""What workers tell; each has the name of the agent, directly or in its request, and a number."""
DECISIONS = (Answered, Applied, Dropped, DroppedByWorker, Held, Released, TookOver, HumanStep)
"""What must survive a power cut."""
