"""What a request's card says: what the agent wants, why, how it ends, what can be pressed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never

from textual.content import Content

from harness.gate import Reason
from harness.hub.messages import Card
from harness.hub.proposals import Proposal
from harness.hub.requests import OPEN, HelpRequest, Stage, Ticket
from tui.answering import (
    FIRST_ALTERNATIVE,
    Approving,
    Draft,
    Objecting,
    Picking,
    Reading,
    Writing,
    objections,
)
from tui.plain import plain
from tui.standings import aged

_WHY = {
    Reason.ASKED: "it chose to ask",
    Reason.NOVELTY: "the screen is unlike those it knows",
    Reason.LOOP: "it did the same here again and again",
    Reason.IRREVERSIBLE: "not sure enough for what cannot be undone",
    Reason.RISK: "not sure enough",
    Reason.LINGERING: "not sure enough yet to go on alone",
}
_GAP = 2
_LABEL = "bold $foreground-muted"
_STRONG = "bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """All that a card shows."""

    ticket: Ticket
    place: int
    """In the queue, counted from 1; 0 if it is no longer there."""
    n_waiting: int
    t_ms: int
    card: Card | None
    """With the digit; None while the request is not in front of the person."""
    draft: Draft
    may_answer: bool


def title_of(view: CardView) -> Content:
    """Return the title of a card."""
    request = view.ticket.request
    parts = [plain(request.agent, _STRONG), plain(f"asks · {request.reason.value}")]
    if view.place:
        parts.append(plain(f"· {view.place}/{view.n_waiting}"))
    parts.append(plain(f"· {aged(view.t_ms - view.ticket.raised_ms)}"))
    if view.ticket.is_escalated:
        parts.append(plain("· escalated", "$error bold"))
    return Content(" ").join(parts)


def lines_of(view: CardView) -> list[Content]:
    """Return what a card says, one line each."""
    request = view.ticket.request
    lines = [
        _line("wants", plain(request.proposed.words, _STRONG), _sure(request.proposed)),
        _line("why", plain(_WHY[request.reason]), plain(f"· known {_share(request.novelty)}")),
    ]
    lines += [
        _line(str(number), plain(each.words), _sure(each))
        for number, each in enumerate(request.alternatives, FIRST_ALTERNATIVE)
    ]
    if request.goal.text:
        lines.append(_line("goal", plain(request.goal)))
    if request.target_text.text:
        lines.append(_line("on", plain(f'"{request.target_text.text}"')))
    lines.append(_line("undo", *_undoing(view)))
    lines.append(_line("ends", _ending(view)))
    return lines


def keys_of(view: CardView, width: int) -> Content:
    """Return what can be pressed now, in lines of so many cells."""
    if not view.may_answer:
        return plain("only who drives can answer", "$foreground-muted")
    if view.ticket.stage not in OPEN:
        return plain("nothing to decide here any more; n: the next", "$foreground-muted")
    if view.card is None:
        return Content.assemble(plain("n", _STRONG), plain(" gives this card the keys"))
    return _packed(_pressed(view), width)


def _pressed(view: CardView) -> Iterator[Content]:
    match view.draft:
        case Reading():
            is_risky = view.ticket.request.is_irreversible
            yield _key("y+digit" if is_risky else "y", "approve")
            for key, what in (
                ("x", "reject"),
                ("c", "correct"),
                ("t", "take over"),
                ("d", "defer"),
                ("e", "escalate"),
                ("m", "needless"),
                ("M", "too late"),
            ):
                yield _key(key, what)
        case Approving():
            digit = view.card.digit if view.card else 0
            yield plain(f"press {digit} to approve what cannot be undone", "$error bold")
            yield _key("esc", "back")
        case Objecting():
            yield plain(objections(), _STRONG)
            yield _key("esc", "back")
        case Picking(cross=(x, y)):
            yield plain(f"✚ {x}, {y}", "$accent bold")
            yield _key("arrows", "or mouse: move")
            yield _key("enter", "press there")
            if view.ticket.request.alternatives:
                yield _key("2…", "do that instead")
            yield _key("tab", "write")
            yield _key("esc", "back")
        case Writing(text=text):
            yield plain(f"type: {text}▏", "$accent bold")
            yield _key("enter", "type that")
            yield _key("tab", "pick")
            yield _key("esc", "back")
        case _:
            assert_never(view.draft)


def _line(label: str, *parts: Content) -> Content:
    return Content.assemble(plain(f"{label:>5}  ", _LABEL), Content(" ").join(parts))


def _key(key: str, what: str) -> Content:
    return Content.assemble(plain(key, "bold $accent"), plain(f" {what}"))


def _packed(parts: Iterable[Content], width: int) -> Content:
    """Return parts in as few lines as hold them, none of them divided."""
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + _GAP + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], " " * _GAP, part)
        else:
            lines.append(part)
    return Content("\n").join(lines)


def _sure(proposed: Proposal) -> Content:
    return plain(f"p={_share(proposed.p)}", "$foreground-muted")


def _share(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")


def _undoing(view: CardView) -> Iterator[Content]:
    if not view.ticket.request.is_irreversible:
        yield plain("it can be undone")
        return
    yield plain("✖ cannot be undone", "$error bold")
    if view.card is not None:
        yield plain(f"· digit {view.card.digit}", "$error bold")


def _ending(view: CardView) -> Content:
    ticket = view.ticket
    if ticket.stage in OPEN:
        left_ms = ticket.request.deadline_ms - view.t_ms
        return plain(f"in {aged(left_ms)} → ‖held, never approved")
    said = {
        Stage.ANSWERED: "answered; not with the agent yet",
        Stage.SENT: "answered; on its way to the agent",
        Stage.APPLIED: "✔ the agent did so",
        Stage.DROPPED: "✖ not carried out",
        Stage.EXPIRED: "‖ nobody answered in time",
        Stage.SUPERSEDED: "the screen changed before an answer",
        Stage.WITHDRAWN: "the agent no longer needs it",
        Stage.LOST: "? the agent that asked is gone",
    }[ticket.stage]
    why = f": {ticket.why.text}" if ticket.why.text else ""
    return plain(f"{said}{why}", _STRONG)


def crop_around(request: HelpRequest, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box of a frame, px, that shows the target 1:1 in so many pixels.

    Args:
        request: whose frame it is of.
        size: width and height that there is room for, px.
    """
    width, height = min(size[0], request.size[0]), min(size[1], request.size[1])
    if request.proposed.points:
        x, y = request.proposed.points[-1]
    elif request.target is not None:
        left, top, across, down = request.target
        x, y = left + across // 2, top + down // 2
    else:
        x, y = request.size[0] // 2, request.size[1] // 2
    left = min(max(x - width // 2, 0), request.size[0] - width)
    top = min(max(y - height // 2, 0), request.size[1] - height)
    return left, top, width, height
