"""What a run has come to so far: `reduce(state, event)`, shared by metrics, replay and screens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import assert_never

from harness.measure.errors import EventOrderError
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
    LightIgnored,
    LightLit,
    LightRun,
    Manifest,
    OnDuty,
    PlannedEpisode,
    RunClosed,
    RunEvent,
    RunOpened,
    StepTaken,
)
from recorder.schema import Controller

PASSIVE = frozenset({"wait", "ask", "done"})
"""Actions that leave the work as it was."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A stretch of a contact in which no agent acted."""

    start_ms: int
    end_ms: int
    agent_actions: int
    """Of the episode, before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One human contact as it was logged; while it is open, it ends where it was last touched."""

    kind: ContactKind
    initiator: Initiator
    request_ms: int | None
    notice_ms: int
    engage_ms: int
    first_action_ms: int | None = None
    release_ms: int
    n_actions: int = 0
    touches: tuple[Touch, ...]
    """Never empty. An agent that acts within a contact divides it."""


@dataclass(frozen=True, slots=True)
class Light:
    """The fast-forward light, from when it was lit; `run` is None until it was clicked."""

    lit_ms: int
    left_s: float
    run: LightRun | None = None
    is_ignored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One episode so far."""

    planned: PlannedEpisode
    agent: str
    start_ms: int
    agent_actions: int = 0
    n_steps: int = 0
    last_step: StepTaken | None = None
    finisher: Controller | None = None
    """Who took the last step that can have changed anything; None where nobody did."""
    requests: tuple[HelpRequested, ...] = ()
    committed_ms: int | None = None
    """When the agent first claimed to be done or did what cannot be undone."""
    committed_actions: int = 0
    """The agent's actions before that."""
    was_alarmed: bool = False
    """A help request came before that."""
    open_contact: Contact | None = None
    contacts: tuple[Contact, ...] = ()
    """Those that are over, in the order in which they began."""
    lights: tuple[Light, ...] = ()
    end: EpisodeEnded | None = None

    @property
    def all_contacts(self) -> tuple[Contact, ...]:
        """Those that are over, and the one that is open."""
        return (*self.contacts, self.open_contact) if self.open_contact else self.contacts


@dataclass(frozen=True, slots=True)
class Run:
    """What a worker, or several, have done of a run."""

    manifest: Manifest | None = None
    duties: tuple[OnDuty, ...] = ()
    running: Mapping[str, Episode] = field(default_factory=lambda: MappingProxyType({}))
    ended: Mapping[str, Episode] = field(default_factory=lambda: MappingProxyType({}))
    """By key; those that broke down count as ended until they are started anew."""


def reduce(state: Run, event: RunEvent) -> Run:
    """Return the run after one more event.

    An episode that was cut off, or that broke down through no fault of the agent, may be started
    anew, which drops what was logged of it: the rule does not look at how it went.

    Raises:
        EventOrderError: the event's episode is not running, or one that ended is started again.
    """
    match event:
        case RunOpened():
            return replace(state, manifest=event.manifest)
        case RunClosed():
            return state
        case OnDuty():
            return replace(state, duties=(*state.duties, event))
        case EpisodeStarted():
            ended = _without_broken(state.ended, event.episode)
            begun = Episode(planned=event.planned, agent=event.agent, start_ms=event.t_ms)
            return replace(state, ended=ended, running={**state.running, event.episode: begun})
        case _:
            return _advance(state, event)


def fold(events: Iterable[RunEvent]) -> Run:
    """Return what a worker's events come to: `reduce` over all of them.

    Raises:
        EventOrderError: an event cannot follow those before it.
    """
    whole = Run()
    running: dict[str, Episode] = {}
    ended: dict[str, Episode] = {}
    for event in events:
        if isinstance(event, RunOpened | RunClosed | OnDuty):
            whole = reduce(whole, event)
            continue
        # one episode at a time, for `reduce` copies what it is given
        alone = Run(running=_only(running, event.episode), ended=_only(ended, event.episode))
        after = reduce(alone, event)
        for kept, found in ((running, after.running), (ended, after.ended)):
            kept.pop(event.episode, None)
            kept.update(found)
    return replace(whole, running=running, ended=ended)


def merge(runs: Iterable[Run]) -> Run:
    """Return what several workers have done of one run, whatever their order.

    An episode that one worker left unfinished and another finished is finished.

    Raises:
        EventOrderError: two workers finished the same episode, or their manifests differ.
    """
    whole = Run()
    for run in runs:
        if None not in (whole.manifest, run.manifest) and whole.manifest != run.manifest:
            raise EventOrderError("the workers' logs are of different manifests")
        whole = Run(
            manifest=whole.manifest or run.manifest,
            duties=tuple(sorted((*whole.duties, *run.duties), key=_duty_order)),
            running={**whole.running, **run.running},
            ended=_joined(whole.ended, run.ended),
        )
    running = {key: it for key, it in whole.running.items() if key not in whole.ended}
    return replace(whole, running=_by_key(running), ended=_by_key(whole.ended))


def unfinished(run: Run) -> list[PlannedEpisode]:
    """Return the planned episodes that are still to be played, in the order of the plan.

    Raises:
        EventOrderError: the run was never opened.
    """
    if run.manifest is None:
        raise EventOrderError("the run has no manifest: nothing opened it")
    return [each for each in run.manifest.plan if not _is_settled(run.ended.get(each.key))]


def _advance(state: Run, event: EpisodeEvent) -> Run:
    episode = state.running.get(event.episode)
    if episode is None:
        raise EventOrderError(
            f"a {type(event).__name__} of {event.episode!r}, which is not running"
        )
    after = _after(episode, event)
    if after.end is None:
        return replace(state, running={**state.running, event.episode: after})
    others = {key: each for key, each in state.running.items() if key != event.episode}
    return replace(state, running=others, ended={**state.ended, event.episode: after})


def _after(episode: Episode, event: EpisodeEvent) -> Episode:
    match event:
        case StepTaken():
            return _step(episode, event)
        case HelpRequested():
            return replace(episode, requests=(*episode.requests, event))
        case ContactOpened() | ContactClosed():
            return _touch(episode, event)
        case DoneClaimed() | IrreversibleAct():
            return _commit(episode, event)
        case LightLit() | LightIgnored() | LightRun():
            return _light(episode, event)
        case EpisodeEnded():
            # a contact that was open when the limit came is over with the episode
            return replace(_release(episode, event.t_ms), end=event)
        case EpisodeStarted():
            raise EventOrderError(f"{event.episode!r} is running already")
        case _:
            assert_never(event)


def _step(episode: Episode, step: StepTaken) -> Episode:
    is_human = step.controller is Controller.HUMAN
    contact = episode.open_contact
    if contact is not None:
        touched = _acted if is_human else _left_to_agent
        contact = touched(contact, step, episode.agent_actions)
    return replace(
        episode,
        agent_actions=episode.agent_actions + (not is_human),
        n_steps=episode.n_steps + 1,
        last_step=step,
        finisher=episode.finisher if step.action in PASSIVE else step.controller,
        open_contact=contact,
    )


def _acted(contact: Contact, step: StepTaken, agent_actions: int) -> Contact:
    *before, last = contact.touches
    end_ms = step.t_ms + step.duration_ms
    if last.agent_actions == agent_actions:
        touches = (*before, replace(last, end_ms=max(last.end_ms, end_ms)))
    else:
        touches = (*before, last, Touch(step.t_ms, end_ms, agent_actions))
    return replace(contact, touches=touches, release_ms=max(contact.release_ms, end_ms))


def _left_to_agent(contact: Contact, step: StepTaken, agent_actions: int) -> Contact:
    *before, last = contact.touches
    if last.agent_actions != agent_actions:
        return contact
    held = replace(last, end_ms=max(last.end_ms, step.t_ms))
    return replace(contact, touches=(*before, held))


def _touch(episode: Episode, event: ContactOpened | ContactClosed) -> Episode:
    if isinstance(event, ContactOpened):
        contact = Contact(
            kind=event.contact,
            initiator=event.initiator,
            request_ms=event.t_request_ms,
            notice_ms=event.t_notice_ms,
            engage_ms=event.t_engage_ms,
            release_ms=event.t_engage_ms,
            touches=(Touch(event.t_engage_ms, event.t_engage_ms, episode.agent_actions),),
        )
        return replace(_release(episode, event.t_notice_ms), open_contact=contact)
    if episode.open_contact is None:
        raise EventOrderError(f"{event.episode!r} is released, but nobody holds it")
    closed = replace(
        episode.open_contact, first_action_ms=event.t_first_action_ms, n_actions=event.n_actions
    )
    return _release(replace(episode, open_contact=closed), event.t_release_ms)


def _release(episode: Episode, t_ms: int) -> Episode:
    contact = episode.open_contact
    if contact is None:
        return episode
    *before, last = contact.touches
    if last.agent_actions == episode.agent_actions:
        last = replace(last, end_ms=max(last.end_ms, t_ms))
    closed = replace(contact, touches=(*before, last), release_ms=max(contact.release_ms, t_ms))
    return replace(episode, open_contact=None, contacts=(*episode.contacts, closed))


def _commit(episode: Episode, event: DoneClaimed | IrreversibleAct) -> Episode:
    if event.controller is Controller.HUMAN or episode.committed_ms is not None:
        return episode
    return replace(
        episode,
        committed_ms=event.t_ms,
        committed_actions=episode.agent_actions,
        was_alarmed=bool(episode.requests) or any(map(_was_asked_for, episode.all_contacts)),
    )


def _was_asked_for(contact: Contact) -> bool:
    return contact.initiator is not Initiator.HUMAN


def _light(episode: Episode, event: LightLit | LightIgnored | LightRun) -> Episode:
    if isinstance(event, LightLit):
        return replace(episode, lights=(*episode.lights, Light(event.t_ms, event.left_s)))
    if not episode.lights or episode.lights[-1].run or episode.lights[-1].is_ignored:
        raise EventOrderError(f"{event.episode!r} has no light that is on")
    *before, light = episode.lights
    if isinstance(event, LightRun):
        light = replace(light, run=event)
    else:
        light = replace(light, is_ignored=True)
    return replace(episode, lights=(*before, light))


def _is_settled(episode: Episode | None) -> bool:
    return episode is not None and episode.end is not None and not episode.end.infrastructure_error


def _without_broken(ended: Mapping[str, Episode], key: str) -> Mapping[str, Episode]:
    if key not in ended:
        return ended
    if _is_settled(ended[key]):
        raise EventOrderError(f"{key!r} is over; an episode counts once")
    return {other: each for other, each in ended.items() if other != key}


def _joined(one: Mapping[str, Episode], other: Mapping[str, Episode]) -> dict[str, Episode]:
    joined = dict(one)
    for key, episode in other.items():
        if _is_settled(joined.get(key)) and _is_settled(episode):
            raise EventOrderError(f"{key!r} was finished by two workers; an episode counts once")
        if not _is_settled(joined.get(key)):
            joined[key] = max(joined.get(key, episode), episode, key=_preference)
    return joined


def _preference(episode: Episode) -> tuple[bool, int, str]:
    return _is_settled(episode), episode.start_ms, episode.agent


def _duty_order(duty: OnDuty) -> tuple[int, int]:
    return duty.t_start_ms, duty.t_end_ms


def _only(episodes: Mapping[str, Episode], key: str) -> dict[str, Episode]:
    return {key: episodes[key]} if key in episodes else {}


def _by_key(episodes: Mapping[str, Episode]) -> dict[str, Episode]:
    return {key: episodes[key] for key in sorted(episodes)}
