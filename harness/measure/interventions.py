"""Contacts counted: what a human did to an agent, told apart by time and by what the agent did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.measure.events import ContactKind, Initiator
from harness.measure.state import Contact, Episode, Touch

APART_MS = 5_000
APART_ACTIONS = 3

_PRECEDENCE = {kind: place for place, kind in enumerate(ContactKind)}


@dataclass(frozen=True, slots=True)
class Intervention:
    """One stretch in which a human shapes an agent; it counts once, however often it is touched."""

    kind: ContactKind
    """The one that comes first in order of precedence."""
    initiator: Initiator
    """Of the first contact in it."""
    start_ms: int
    end_ms: int
    first_action: int
    """Actions of the agent in this episode before it."""
    last_action: int
    """Actions of the agent in this episode before its last touch."""


def interventions(contacts: Iterable[Contact]) -> list[Intervention]:
    """Return what the contacts of one episode count as, in order of time.

    Touches belong together when they are less than 5 s *and* fewer than 3 actions of the agent
    apart. How a stretch is cut into contacts makes no difference, because touches are told apart
    by the clock and by what the agent did:

    - a contact cut in two where nobody let go for long is one again;
    - a contact logged as one is two where the person acted before and after 3 actions of the agent,
      or 5 s after the last touch with an action of the agent between;
    - else a person who is said to have held on all the time did, and all of it is hands on.

    Contacts of different episodes stay apart, so that each belongs to one task.
    """
    found: list[Intervention] = []
    pieces = [(touch, contact) for contact in contacts for touch in contact.touches]
    for touch, contact in sorted(pieces, key=lambda piece: piece[0].start_ms):
        if found and not _is_apart(found[-1], touch):
            found[-1] = _joined(found[-1], touch, contact)
        else:
            found.append(_alone(touch, contact))
    return found


def hands_on_s(episode: Episode) -> float:
    """Return H_e, the seconds that a human was at the controls in an episode.

    The longer of what the harness measured and what the contacts cover; the moments between the
    touches of one intervention are covered too, so that letting go for a blink earns nothing.
    """
    contacts = episode.all_contacts
    spans = [(each.engage_ms, each.release_ms) for each in contacts]
    spans += [(each.start_ms, each.end_ms) for each in interventions(contacts)]
    measured = episode.end.hands_on_s if episode.end else 0.0
    return max(measured, covered_ms(spans) / 1000)


def active_s(contacts: Iterable[Contact]) -> float:
    """Return the seconds from noticing to letting go: notice, switch, diagnose, act, verify."""
    return covered_ms([(each.notice_ms, each.release_ms) for each in contacts]) / 1000


def waits_s(contacts: Iterable[Contact]) -> list[float]:
    """Return how long each help request that was answered had waited for attention, in seconds."""
    return [
        (each.notice_ms - each.request_ms) / 1000
        for each in contacts
        if each.request_ms is not None
    ]


def covered_ms(spans: Sequence[tuple[int, int]]) -> int:
    """Return how much time lies in at least one of the spans.

    >>> covered_ms([(0, 10), (5, 15), (20, 30)])
    25
    """
    total, reached = 0, None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        total += max(0, end - begin)
        reached = end if reached is None else max(end, reached)
    return total


def _is_apart(before: Intervention, touch: Touch) -> bool:
    actions = touch.agent_actions - before.last_action
    return touch.start_ms - before.end_ms >= APART_MS or actions >= APART_ACTIONS


def _alone(touch: Touch, contact: Contact) -> Intervention:
    actions = touch.agent_actions
    return Intervention(
        contact.kind, contact.initiator, touch.start_ms, touch.end_ms, actions, actions
    )


def _joined(before: Intervention, touch: Touch, contact: Contact) -> Intervention:
    return replace(
        before,
        kind=min(before.kind, contact.kind, key=_PRECEDENCE.__getitem__),
        end_ms=max(before.end_ms, touch.end_ms),
        last_action=max(before.last_action, touch.agent_actions),
    )
