"""When an answer counts: only what a person saw long enough, with their hands off other keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from harness.hub.errors import RefusedError
from harness.hub.messages import Card, Decide
from harness.hub.requests import OPEN, Approve, Ticket

VISIBLE_MS = 600
"""That a card must have been in front of the person."""
QUIET_MS = 400
"""That they must not have typed anything else."""
FOCUSED_MS = 500
"""That their terminal must have had the focus: the click that gives it decides nothing."""
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Showing:
    """One time that a request is in front of the person."""

    card: Card
    since_ns: int


def show(request: str, now_ns: int) -> Showing:
    """Return a showing with a nonce and a digit of its own."""
    card = Card(request=request, nonce=secrets.token_hex(8), digit=1 + secrets.randbelow(9))
    return Showing(card, now_ns)


def check(decided: Decide, ticket: Ticket, showing: Showing | None, now_ns: int) -> None:
    """Refuse an answer that may not be meant for this request.

    Raises:
        RefusedError: it may not, and why.
    """
    if ticket.stage not in OPEN:
        raise RefusedError(f"request {decided.request} is {ticket.stage}; nothing to decide")
    if showing is None or showing.card.request != decided.request:
        raise RefusedError(f"request {decided.request} is not in front of you")
    if not secrets.compare_digest(showing.card.nonce, decided.nonce):
        raise RefusedError(f"request {decided.request} was shown anew; this answers another time")
    if decided.frame != ticket.request.frame:
        raise RefusedError(f"request {decided.request} is of another screen")
    visible_ms = (now_ns - showing.since_ns) // _MS
    for what, found, least in (
        ("shown", visible_ms, VISIBLE_MS),
        ("quiet", decided.quiet_ms, QUIET_MS),
        ("focused", decided.focused_ms, FOCUSED_MS),
    ):
        if found < least:
            raise RefusedError(f"{what} for {found} ms; an answer takes {least} ms")
    is_risky = isinstance(decided.answer, Approve) and ticket.request.is_irreversible
    if is_risky and decided.digit != showing.card.digit:
        raise RefusedError("this cannot be undone: approving takes the digit on the card")
