"""The events of a run: all that is kept of it, and all that its figures are made of.

Times `t_…_ms` are integer milliseconds of virtual time. Within an episode they come from one clock;
where one person watches many agents, all their episodes share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import msgspec

from harness.tasks.task import HumanTime
from recorder.schema import Controller

METRICS_VERSION = 1
"""Raised whenever figures before and after cannot be compared."""


class ContactKind(StrEnum):
    """What a human does to an agent or its environment; of several, the first in this order."""

    TAKEOVER = "takeover"
    RESET = "reset"
    """Stopping an agent is one too."""
    REPAIR = "repair"
    """After a wrong claim to be done."""
    CORRECTION = "correction"
    CLARIFICATION = "clarification"
    APPROVAL = "approval"
    CLICK = "click"
    """Of the fast-forward light."""


class Initiator(StrEnum):
    """Who began a contact or asked for one."""

    AGENT = "agent"
    HUMAN = "human"
    RULE = "rule"
    """A safety rule."""


class Outcome(StrEnum):
    """How a fast-forward run that was clicked ended."""

    VERIFIED = "verified"
    STOPPED = "stopped"
    """At a mismatch or before something irreversible; the person goes on from there."""
    WRONG = "wrong"
    """Executed to its end, and what it reached is not what was wanted."""


class PlannedEpisode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One episode that a manifest asks for."""

    task: str
    seed: int
    human: HumanTime
    """Time that people take, frozen with the manifest; it is the worth of the episode."""
    faults: tuple[str, ...] = ()
    trigger: str = ""
    """What decides when help is asked for, with its threshold; empty for the policy's own."""

    @property
    def key(self) -> str:
        """The name of the episode within its run.

        >>> human = HumanTime(seconds=2, sd_log=0.4, n=30)
        >>> PlannedEpisode(task="miniwob-click-test", seed=7, human=human, faults=("popup",)).key
        'miniwob-click-test/7/popup/'
        """
        return f"{self.task}/{self.seed}/{'+'.join(self.faults)}/{self.trigger}"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was fixed before a run began; a run that differs in any of it is another run."""

    plan: tuple[PlannedEpisode, ...]
    policy: str
    """Where the policy comes from: `package:factory`, with its checkpoint."""
    policy_sha256: str = ""
    operator: Mapping[str, float] = {}
    """Parameters of the simulated person; empty where a real one was there."""
    thresholds: Mapping[str, float] = {}
    settings: Mapping[str, str] = {}
    """What else says how it is played: trigger, seed of all draws, agents, allocator."""
    tools: Mapping[str, str] = {}
    """Versions of browser, fonts and packages."""
    metrics_version: int = METRICS_VERSION

    @property
    def sha256(self) -> str:
        """Hash of the whole manifest, hexadecimal."""
        # read back first: a whole number in a field of floats is written differently after it
        read = msgspec.json.decode(msgspec.json.encode(self), type=Manifest)
        return hashlib.sha256(msgspec.json.encode(read, order="sorted")).hexdigest()


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class RunOpened(_Event, frozen=True, tag_field="kind", tag="run"):
    """The first line of each worker's log."""

    worker: str
    manifest: Manifest
    manifest_sha256: str


class RunClosed(_Event, frozen=True, tag_field="kind", tag="closed"):
    """The worker has nothing left to do; a log without it was cut off."""


class OnDuty(_Event, frozen=True, tag_field="kind", tag="duty"):
    """A person was there for the agents, busy or not."""

    t_start_ms: int
    t_end_ms: int


class EpisodeStarted(_Event, frozen=True, tag_field="kind", tag="start"):
    """An agent begins an episode."""

    t_ms: int
    planned: PlannedEpisode
    agent: str

    @property
    def episode(self) -> str:
        """Key of the episode."""
        return self.planned.key


class StepTaken(_Event, frozen=True, tag_field="kind", tag="step", omit_defaults=True):
    """One action was executed."""

    episode: str
    t_ms: int
    """When it began."""
    controller: Controller
    action: str
    """Kind of the action."""
    duration_ms: int
    p_accept: float | None = None
    """None where no policy decided."""
    novelty: float | None = None
    deed: str = ""
    """The whole action as JSON where a person did it, so that a shift can be replayed."""


class HelpRequested(_Event, frozen=True, tag_field="kind", tag="ask"):
    """An agent, or a rule on its behalf, asked for a person: an alarm, answered or not."""

    episode: str
    t_ms: int
    initiator: Initiator


class ContactOpened(_Event, frozen=True, tag_field="kind", tag="contact"):
    """A human begins to act on an agent or its environment."""

    episode: str
    contact: ContactKind
    initiator: Initiator
    t_request_ms: int | None
    """When help was asked for; None where the person came unasked."""
    t_notice_ms: int
    """When the person turned to it; what lies before is waiting."""
    t_engage_ms: int
    """When they were there, after switching from what they did before."""


class ContactClosed(_Event, frozen=True, tag_field="kind", tag="release"):
    """The human lets go."""

    episode: str
    t_first_action_ms: int | None
    """None where looking was enough."""
    t_release_ms: int
    """After acting, and seeing that it was right."""
    n_actions: int


class IrreversibleAct(_Event, frozen=True, tag_field="kind", tag="irreversible"):
    """Something was done that cannot be undone."""

    episode: str
    t_ms: int
    controller: Controller


class DoneClaimed(_Event, frozen=True, tag_field="kind", tag="done"):
    """Somebody says that the task is finished."""

    episode: str
    t_ms: int
    controller: Controller


class LightLit(_Event, frozen=True, tag_field="kind", tag="lit"):
    """The fast-forward light comes on: the rest of the task is understood."""

    episode: str
    t_ms: int
    left_s: float
    """Human baseline seconds that the rest would take."""


class LightIgnored(_Event, frozen=True, tag_field="kind", tag="dark"):
    """The light goes out without a click."""

    episode: str
    t_ms: int


class TimeSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the time of a fast-forward run went, in ms."""

    capture_ms: float
    """Arming the guard and reading the page, pictures included."""
    decide_ms: float
    """Planning anew where the plan did not reach to the end."""
    inject_ms: float
    """From the first input to the last one's acknowledgement."""
    settle_ms: float
    """Until the page was at rest, by its own clock."""
    verify_ms: float
    """Reading the checker and comparing what was reached with what was expected."""

    @property
    def total_ms(self) -> float:
        """All of it."""
        seen_ms = self.capture_ms + self.decide_ms
        return seen_ms + self.inject_ms + self.settle_ms + self.verify_ms


class LightRun(_Event, frozen=True, tag_field="kind", tag="forward"):
    """The light was clicked and the run is over; its click is a contact besides."""

    episode: str
    t_click_ms: int
    exec_ms: float
    """From the click to the end of checking, capture included."""
    review_ms: float
    """That the person looked at it afterwards."""
    outcome: Outcome
    damage_s: float = 0.0
    """Human seconds that its harm costs beyond doing the task anew."""
    split: TimeSplit | None = None
    """Where `exec_ms` went; None where nobody measured it."""


class EpisodeEnded(_Event, frozen=True, tag_field="kind", tag="end"):
    """The checker, which the agent cannot touch, has spoken after the page settled."""

    episode: str
    t_ms: int
    is_verified: bool
    hands_on_s: float
    """Human seconds at the controls, as the harness measured them."""
    damage_s: float = 0.0
    """Human seconds that harm costs beyond doing the task twice."""
    infrastructure_error: str = ""
    """What broke that is no fault of the agent; empty where nothing did."""


EpisodeEvent: TypeAlias = (
    EpisodeStarted
    | StepTaken
    | HelpRequested
    | ContactOpened
    | ContactClosed
    | IrreversibleAct
    | DoneClaimed
    | LightLit
    | LightIgnored
    | LightRun
    | EpisodeEnded
)
RunEvent: TypeAlias = RunOpened | RunClosed | OnDuty | EpisodeEvent


def open_run(worker: str, manifest: Manifest) -> RunOpened:
    """Return the first event of a worker's log."""
    return RunOpened(worker=worker, manifest=manifest, manifest_sha256=manifest.sha256)
