"""What hub, terminals and workers say to each other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from harness.hub.events import HubEvent, WorkerEvent
from harness.hub.proposals import Deed
from harness.hub.requests import Answer, FinalAnswer, RequestMark
from harness.hub.untrusted import Shown


class _Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag=True):
    pass


class _Order(_Message, frozen=True):
    number: int
    """Of whoever asks; the reply has the same."""


# Who comes ----------------------------------------------------------------------------------------


class Drive(_Message, frozen=True):
    """I decide."""

    name: str
    takes_over: bool = False
    """From whoever does now."""


class View(_Message, frozen=True):
    """I only look."""

    name: str


class Work(_Message, frozen=True):
    """I run agents."""

    worker: str
    """Unique to this life of the process."""
    agents: tuple[str, ...]
    received: tuple[str, ...] = ()
    """Requests whose answer has come."""
    waiting: tuple[str, ...] = ()
    """Requests for whose answer it waits."""


Hello: TypeAlias = Drive | View | Work

# What terminals say -------------------------------------------------------------------------------


class Beat(_Message, frozen=True):
    """I am still there: sent by the loop that reads the keys, so that it stops when that hangs."""

    t_ns: int
    """By the monotonic clock of the machine."""


class Look(_Order, frozen=True):
    """This request is in front of the person from now on."""

    request: str


class LookAway(_Order, frozen=True):
    """It no longer is."""

    request: str


class Decide(_Order, frozen=True, kw_only=True):
    """The person's answer to what is in front of them."""

    request: str
    frame: str
    """Hash of the screen that they saw."""
    nonce: str
    """From the card that this showing was given."""
    quiet_ms: int
    """Since a key was pressed that was meant for something else."""
    focused_ms: int
    """Since the terminal got the focus."""
    digit: int | None = None
    """The one on the card; only needed to approve of what cannot be undone."""
    answer: Answer


class MarkRequest(_Order, frozen=True):
    """A label for a request."""

    request: str
    mark: RequestMark


class MarkMoment(_Order, frozen=True):
    """A label for what an agent does now."""

    agent: str
    mark: RequestMark


class Hold(_Order, frozen=True):
    """Stop one agent."""

    agent: str


class Resume(_Order, frozen=True):
    """Let one agent go on, or say that it may after a hand-back."""

    agent: str


class StopAll(_Order, frozen=True):
    """Set the latch. Everybody may, also who only looks."""


class ReleaseLatch(_Order, frozen=True):
    """Unset it; the agents stay held, each for itself."""


class TakeControls(_Order, frozen=True):
    """Take over an agent."""

    agent: str


class Act(_Order, frozen=True):
    """Do this with its controls."""

    agent: str
    deed: Deed


class HandBack(_Order, frozen=True):
    """Let go of it."""

    agent: str


class CloseShift(_Order, frozen=True):
    """The shift is over."""


Order: TypeAlias = (
    Look
    | LookAway
    | Decide
    | MarkRequest
    | MarkMoment
    | Hold
    | Resume
    | StopAll
    | ReleaseLatch
    | TakeControls
    | Act
    | HandBack
    | CloseShift
)

# What workers say ---------------------------------------------------------------------------------


class Tell(_Message, frozen=True):
    """This happened; told again until it is known to be kept; the hub says when."""

    event: WorkerEvent


Incoming: TypeAlias = Hello | Beat | Order | Tell

# What the hub says --------------------------------------------------------------------------------


class Welcome(_Message, frozen=True):
    """Come in."""

    origin_ns: int
    """Of `t_ms` 0, by the monotonic clock of the machine."""
    folder: str
    """Of the run."""
    frames: str
    """Folder of what screens show now, a file for each agent."""
    lines: int
    """Of the log that are older than what is told from now on."""


class Refused(_Message, frozen=True):
    """Stay out, or go away."""

    why: Shown


class Card(_Message, frozen=True):
    """What comes with a showing."""

    request: str
    nonce: str
    digit: int


class Done(_Message, frozen=True):
    """It was done."""

    number: int
    card: Card | None = None


class Denied(_Message, frozen=True):
    """It was not."""

    number: int
    why: Shown


class Logged(_Message, frozen=True):
    """The next event."""

    line: int
    event: HubEvent


class Alive(_Message, frozen=True):
    """The hub is still there."""

    t_ns: int


class Lease(_Message, frozen=True):
    """Who may act, and until when; void as soon as another one comes."""

    until_ns: int
    """By the monotonic clock of the machine."""
    agents: tuple[str, ...]


class Deliver(_Message, frozen=True):
    """An answer."""

    request: str
    agent: str
    answer: FinalAnswer
    deed: Deed
    seen_ms: int
    """Time of the run at which the person turned to it."""


class Void(_Message, frozen=True):
    """There will be no answer."""

    request: str
    agent: str


class TakeAway(_Message, frozen=True):
    """A person takes over an agent."""

    agent: str


class Perform(_Message, frozen=True):
    """They do this."""

    agent: str
    deed: Deed


class GiveBack(_Message, frozen=True):
    """They let go."""

    agent: str


class Kept(_Message, frozen=True):
    """What an agent told up to this number is kept."""

    agent: str
    number: int


Outgoing: TypeAlias = (
    Welcome
    | Refused
    | Done
    | Denied
    | Logged
    | Alive
    | Lease
    | Deliver
    | Void
    | TakeAway
    | Perform
    | GiveBack
    | Kept
)
