"""Episodes told in a few words, and strategies for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st

from harness.measure.events import (
    ContactClosed,
    ContactKind,
    ContactOpened,
    DoneClaimed,
    EpisodeEnded,
    EpisodeEvent,
    EpisodeStarted,
    HelpRequested,
    Initiator,
    IrreversibleAct,
    Manifest,
    OnDuty,
    PlannedEpisode,
    RunEvent,
    StepTaken,
    open_run,
)
from harness.measure.state import Episode, Run, fold
from harness.tasks.task import HumanTime
from recorder.schema import Controller
from tests.soak import repeats

STEP_MS = 100
MANY = settings(max_examples=repeats(60, 500))
"""How hard the rules are tried; a loaded machine is no reason to fail."""


def planned(task: str = "sort", seed: int = 0, seconds: float = 20.0) -> PlannedEpisode:
    """An episode of a plan that takes a person so long."""
    human = HumanTime(seconds=seconds, sd_log=0.4, n=30)
    return PlannedEpisode(task=task, seed=seed, human=human)


def manifest(plan: Iterable[PlannedEpisode]) -> Manifest:
    """A manifest that asks for these."""
    return Manifest(plan=tuple(plan), policy="tests:nobody")


@dataclass
class Story:
    """The events of one episode, told in order; each thing takes the time that it says."""

    plan: PlannedEpisode = field(default_factory=planned)
    agent: str = "a1"
    now_ms: int = 0
    events: list[EpisodeEvent] = field(default_factory=list[EpisodeEvent])

    def __post_init__(self) -> None:
        self.events.append(EpisodeStarted(t_ms=self.now_ms, planned=self.plan, agent=self.agent))

    @property
    def key(self) -> str:
        return self.plan.key

    def steps(self, n: int, by: Controller = Controller.POLICY, action: str = "click") -> Story:
        """So many actions follow each other."""
        for _ in range(n):
            self.events.append(
                StepTaken(
                    episode=self.key,
                    t_ms=self.now_ms,
                    controller=by,
                    action=action,
                    duration_ms=STEP_MS,
                )
            )
            self.now_ms += STEP_MS
        return self

    def pause(self, ms: int) -> Story:
        """Nothing happens."""
        self.now_ms += ms
        return self

    def ask(self, initiator: Initiator = Initiator.AGENT) -> Story:
        """An alarm."""
        self.events.append(HelpRequested(episode=self.key, t_ms=self.now_ms, initiator=initiator))
        return self

    def engage(
        self,
        kind: ContactKind = ContactKind.TAKEOVER,
        *,
        initiator: Initiator = Initiator.HUMAN,
        waited_ms: int | None = None,
        approach_ms: int = 0,
    ) -> Story:
        """A person comes, after so long a wait, and is there `approach_ms` after noticing."""
        asked_ms = None if waited_ms is None else self.now_ms
        self.now_ms += waited_ms or 0
        notice_ms = self.now_ms
        self.now_ms += approach_ms
        self.events.append(
            ContactOpened(
                episode=self.key,
                contact=kind,
                initiator=initiator,
                t_request_ms=asked_ms,
                t_notice_ms=notice_ms,
                t_engage_ms=self.now_ms,
            )
        )
        return self

    def release(self) -> Story:
        """The person lets go."""
        self.events.append(
            ContactClosed(
                episode=self.key, t_first_action_ms=None, t_release_ms=self.now_ms, n_actions=0
            )
        )
        return self

    def contact(self, ms: int, kind: ContactKind = ContactKind.TAKEOVER) -> Story:
        """A person holds on for so long."""
        return self.engage(kind).pause(ms).release()

    def done(self, by: Controller = Controller.POLICY) -> Story:
        """Somebody claims to be done."""
        self.events.append(DoneClaimed(episode=self.key, t_ms=self.now_ms, controller=by))
        return self

    def harm(self) -> Story:
        """The agent does what cannot be undone."""
        self.events.append(
            IrreversibleAct(episode=self.key, t_ms=self.now_ms, controller=Controller.POLICY)
        )
        return self

    def end(
        self,
        *,
        verified: bool = True,
        hands_on_s: float = 0.0,
        damage_s: float = 0.0,
        broke: str = "",
    ) -> Story:
        """The checker speaks."""
        self.events.append(
            EpisodeEnded(
                episode=self.key,
                t_ms=self.now_ms,
                is_verified=verified,
                hands_on_s=hands_on_s,
                damage_s=damage_s,
                infrastructure_error=broke,
            )
        )
        return self

    def episode(self) -> Episode:
        """What it comes to."""
        run = fold(self.events)
        return {**run.running, **run.ended}[self.key]


def run_of(
    stories: Sequence[Story],
    plan: Sequence[PlannedEpisode] | None = None,
    duty_ms: int = 0,
) -> Run:
    """A run of these episodes, all planned unless a plan is given."""
    return fold(events_of(stories, plan, duty_ms))


def events_of(
    stories: Sequence[Story],
    plan: Sequence[PlannedEpisode] | None = None,
    duty_ms: int = 0,
) -> list[RunEvent]:
    """The events of such a run, one episode after the other."""
    whole = [story.plan for story in stories] if plan is None else plan
    duty = [OnDuty(t_start_ms=0, t_end_ms=duty_ms)] if duty_ms else []
    told = [event for story in stories for event in story.events]
    return [open_run("w1", manifest(whole)), *told, *duty]


@dataclass(frozen=True)
class Piece:
    """Some work of the agent, then a person who holds on."""

    agent_steps: int
    pause_ms: int
    hold_ms: int
    kind: ContactKind


PIECES = st.lists(
    st.builds(
        Piece,
        agent_steps=st.integers(0, 5),
        pause_ms=st.integers(0, 9_000),
        hold_ms=st.integers(0, 9_000),
        kind=st.sampled_from(ContactKind),
    ),
    max_size=5,
)


def tell(
    pieces: Sequence[Piece], plan: PlannedEpisode | None = None, *, verified: bool = True
) -> Story:
    """An episode of such pieces, which the agent brings to its end."""
    story = Story(plan or planned())
    for piece in pieces:
        story.steps(piece.agent_steps).pause(piece.pause_ms).contact(piece.hold_ms, piece.kind)
    return story.steps(1).done().end(verified=verified)
