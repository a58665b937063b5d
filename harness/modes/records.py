"""What recorded episodes were like, one by one: the stuff that simulated shifts are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from harness.errors import ConfigError
from harness.measure.events import ContactKind, Initiator
from harness.measure.metrics import is_verified
from harness.measure.state import Contact, Episode, Run
from recorder.schema import Controller


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for help, and what it was worth."""

    handle_ms: int
    """That the person was at the agent, from being there to letting go."""
    is_right: bool
    """What the agent would have done was right: left alone, it would have gone on as with help."""
    is_constraint: bool = False
    """A safety rule asked."""
    uncertainty: float
    """1 - p_accept."""
    novelty: float
    """1 - conformal p-value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What an agent does by itself until it asks, or until its episode ends."""

    run_ms: int
    n_actions: int
    request: Request | None = None
    """None where the episode ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One episode, as it went with a person who answered each request."""

    task: str
    baseline_s: float
    """Human seconds that it is worth."""
    stretches: tuple[Stretch, ...]
    """The last has no request, every other one has."""
    is_success: bool
    is_claimed: bool = True
    """The agent said that it was done, or did what cannot be undone."""
    is_own: bool = True
    """The agent took the last step that changed anything, so that a success is its own."""
    damage_s: float = 0.0

    def __post_init__(self) -> None:
        *before, last = self.stretches
        if last.request is not None or any(each.request is None for each in before):
            raise ConfigError(
                f"an episode of {self.task!r} does not end where its last stretch does; allowed: "
                "a request after each stretch but the last"
            )
        if sum(each.run_ms for each in self.stretches) < 1:
            raise ConfigError(f"an episode of {self.task!r} takes no time; at least 1 ms is needed")

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests of the episode, in order."""
        return tuple(each.request for each in self.stretches if each.request)


@dataclass(frozen=True, slots=True)
class _Shares:
    """How often contacts of each task were of some kind, towards the mean where they are few."""

    hits: Mapping[str, int]
    contacts: Mapping[str, int]

    def __getitem__(self, task: str) -> float:
        everywhere = sum(self.hits.values()) / sum(self.contacts.values())
        return (self.hits.get(task, 0) + everywhere) / (self.contacts[task] + 1)


def records_of(run: Run) -> list[Record]:
    """Return the episodes of a run that ended, did not break down, and left the agent anything.

    That an agent was right is known from what the person did: an approval. How unsure it was of a
    request is not kept in a reduced run: it is taken to be the share of the task's contacts that
    were no approval, and the novelty to be that of its takeovers.
    """
    kept = [
        each
        for _, each in sorted(run.ended.items())
        if each.end is not None and not each.end.infrastructure_error
    ]
    seen = [(each.planned.task, contact.kind) for each in kept for contact in each.all_contacts]
    contacts = Counter(task for task, _ in seen)
    wrong = _Shares(Counter(t for t, kind in seen if kind is not ContactKind.APPROVAL), contacts)
    novel = _Shares(Counter(t for t, kind in seen if kind is ContactKind.TAKEOVER), contacts)
    found = (_record(each, wrong, novel) for each in kept)
    return [record for record in found if record is not None]


def _record(episode: Episode, wrong: _Shares, novel: _Shares) -> Record | None:
    if episode.end is None:
        return None
    contacts = episode.all_contacts
    held = [(_asked_ms(each), each.release_ms) for each in contacts]
    # the agent acts between letting go and the next request
    edges = [episode.start_ms, *(t for span in held for t in span), episode.end.t_ms]
    runs_ms = [max(0, stop - start) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    if not sum(runs_ms):
        return None
    counts = [0, *(each.touches[0].agent_actions for each in contacts), episode.agent_actions]
    actions = [after - before for before, after in pairwise(counts)]
    task = episode.planned.task
    asked = [_request(each, task, wrong, novel) for each in contacts]
    return Record(
        task=task,
        baseline_s=episode.planned.human.seconds,
        stretches=tuple(
            Stretch(run_ms=run_ms, n_actions=n, request=request)
            for run_ms, n, request in zip(runs_ms, actions, [*asked, None], strict=True)
        ),
        is_success=is_verified(episode),
        is_claimed=episode.committed_ms is not None,
        is_own=episode.finisher not in (None, Controller.HUMAN),
        damage_s=episode.end.damage_s,
    )


def _asked_ms(contact: Contact) -> int:
    return contact.notice_ms if contact.request_ms is None else contact.request_ms


def _request(contact: Contact, task: str, wrong: _Shares, novel: _Shares) -> Request:
    return Request(
        handle_ms=contact.release_ms - contact.engage_ms,
        is_right=contact.kind is ContactKind.APPROVAL,
        is_constraint=contact.initiator is Initiator.RULE,
        uncertainty=wrong[task],
        novelty=novel[task],
    )
