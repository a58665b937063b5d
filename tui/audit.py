"""What a shift's logs say of its decisions, and whether they are as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from harness.hub.proposals import (
    ChooseAlternative,
    Correction,
    DoInstead,
    EditText,
    PickPoint,
)
from harness.hub.requests import Approve, Correct, FinalAnswer, Reject, TakeOver, Ticket
from harness.hub.shift_log import log_path, read_shift
from harness.measure.errors import LogError
from harness.measure.log import read_log, verify


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How one log was found."""

    name: str
    lines: int
    """That are as they were written."""
    fault: str = ""
    """What is wrong after them; empty where nothing is."""


def chain_status(folder: Path, *, is_closed: bool) -> list[ChainStatus]:
    """Return how the logs of a run are found; reads all of them.

    Args:
        folder: of the run.
        is_closed: the shift is over, so that its run log must say so too.
    """
    runs = sorted(folder.glob("events-*.jsonl"))
    found = [
        _status(log_path(folder), read_shift(folder)),
        *(_status(each, read_log(each)) for each in runs),
    ]
    return [_ended(folder / each.name, each) for each in found] if is_closed else found


def _status(path: Path, events: Iterable[object]) -> ChainStatus:
    lines = 0
    try:
        for _ in events:
            lines += 1
    except LogError as error:
        return ChainStatus(path.name, lines, str(error))
    except OSError as error:
        return ChainStatus(path.name, lines, error.strerror or "cannot be read")
    return ChainStatus(path.name, lines)


def _ended(path: Path, status: ChainStatus) -> ChainStatus:
    """Look for the end of a run log that is otherwise whole."""
    if status.fault or path == log_path(path.parent):
        return status
    return replace(status, fault=str(verify(path) or ""))


def receipts(ticket: Ticket) -> Sequence[str]:
    """Return each stage that a request came to, and how long after the one before."""
    said: list[str] = []
    before_ms = ticket.raised_ms
    for each in ticket.receipts:
        said.append(f"{each.stage} +{(each.t_ms - before_ms) / 1000:.1f} s")
        before_ms = each.t_ms
    return said


def answer_words(answer: FinalAnswer | None) -> str:
    """Return what a person said, in a few words; empty where nobody did.

    >>> answer_words(Approve()), answer_words(Correct(PickPoint(3, 4))), answer_words(None)
    ('approve', 'correct: there (3, 4)', '')
    """
    match answer:
        case None:
            return ""
        case Approve():
            return "approve"
        case Reject(objection):
            return f"reject: {objection}"
        case TakeOver():
            return "take over"
        case Correct(correction):
            return f"correct: {_correction_words(correction)}"
        case _:
            assert_never(answer)


def _correction_words(correction: Correction) -> str:
    match correction:
        case PickPoint(x, y):
            return f"there ({x}, {y})"
        case EditText(text):
            return f'"{text}"'
        case ChooseAlternative(index):
            return f"alternative {index + 1}"
        case DoInstead():
            return "something else"
        case _:
            assert_never(correction)
