"""Who decided what: the chain of the logs, and each request from raised to its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from harness.hub.requests import OPEN, PENDING, Ticket
from tui.audit import ChainStatus, answer_words, chain_status, receipts
from tui.plain import plain
from tui.screens.base import ShiftScreen
from tui.widgets.replay_bar import clock

_STAGE_STYLES = {True: "$warning bold", False: "$foreground-muted"}


class AuditScreen(ShiftScreen):
    """The logs' state on top, decisions below, and all that is known of the chosen one."""

    NAME = "log"
    BINDINGS: list[BindingType] = [
        Binding("c", "check", "check logs", id="audit-check", tooltip="read the logs once more"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._listed: list[Ticket] = []

    def compose_body(self) -> ComposeResult:
        """Yield the state of the logs, the list and what is known of one."""
        with Vertical(id="audit-body"):
            yield Static(plain(" reading the logs …"), id="chains", markup=False)
            yield OptionList(markup=False, id="decisions")
            yield Static(id="decision", markup=False)

    def on_mount(self) -> None:
        """Read the logs once, and let the keys choose."""
        self.query_one(OptionList).focus()
        self.action_check()

    def action_check(self) -> None:
        """Read the logs, which may be long, beside the loop of the keys."""
        self.run_worker(self._check(), group="check", exclusive=True)

    async def _check(self) -> None:
        found = await asyncio.to_thread(
            chain_status, self.bridge.folder, is_closed=self.bridge.shift.is_closed
        )
        lines = Content("\n").join([_chain(each) for each in found])
        self.query_one("#chains", Static).update(lines)

    def refresh_shift(self) -> None:
        """List what has come since, the latest first, and keep what is chosen."""
        newest = list(self.bridge.shift.tickets.values())[::-1]
        before, self._listed = self._listed, newest
        if [each.request.id for each in before] != [each.request.id for each in newest]:
            self._list_anew()
        else:
            self._list_changes(before)
        self._explain()

    def _list_anew(self) -> None:
        choice = self.query_one(OptionList)
        at = choice.highlighted
        chosen = None if at is None else choice.get_option_at_index(at).id
        ids = [each.request.id for each in self._listed]
        choice.clear_options()
        choice.add_options([Option(_line(each), id=each.request.id) for each in self._listed])
        if ids:
            choice.highlighted = ids.index(chosen) if chosen in ids else 0

    def _list_changes(self, before: Sequence[Ticket]) -> None:
        choice = self.query_one(OptionList)
        for place, (old, new) in enumerate(zip(before, self._listed, strict=True)):
            if old is not new:
                choice.replace_option_prompt_at_index(place, _line(new))

    def on_option_list_option_highlighted(self) -> None:
        """Explain what was chosen."""
        self._explain()

    def _explain(self) -> None:
        at = self.query_one(OptionList).highlighted
        is_there = at is not None and at < len(self._listed)
        words = _in_full(self._listed[at]) if is_there and at is not None else plain("")
        self.query_one("#decision", Static).update(words)


def _chain(status: ChainStatus) -> Content:
    if status.fault:
        return plain(f" ✖ {status.name}: {status.fault}", "$error bold")
    return plain(f" ✔ {status.name}: {status.lines:,} lines, each as it was written", "$success")


def _line(ticket: Ticket) -> Content:
    request = ticket.request
    said = answer_words(ticket.answer)
    aftermath = f" → {ticket.aftermath}" if ticket.aftermath else ""
    return Content.assemble(
        plain(f"{clock(ticket.raised_ms):>8} "),
        plain(f"{request.agent:<10.10} ", "bold"),
        plain(f"{ticket.stage:<10} ", _STAGE_STYLES[ticket.stage in OPEN | PENDING]),
        plain(f"{said:<22.22} "),
        plain(request.proposed.words),
        plain(aftermath, "$foreground-muted"),
    )


def _in_full(ticket: Ticket) -> Content:
    request = ticket.request
    said = answer_words(ticket.answer) or "nobody answered"
    risk = ", cannot be undone" if request.is_irreversible else ""
    marks = ", ".join(ticket.marks)
    lines = [
        plain(f" {request.id}  {request.agent}  {request.episode}", "bold"),
        plain(f" wants   {request.proposed.words} (p {request.proposed.p:.2f}){risk}"),
        plain(f" why     {request.reason}; {request.initiator} asked at step {request.step}"),
        plain(f" answer  {said}" + (f"; {ticket.why}" if ticket.why.text else "")),
        plain(f" life    {' · '.join(receipts(ticket))}"),
        plain(
            f" after   {ticket.aftermath or 'not known yet'}"
            + (f"; label: {marks}" if marks else "")
        ),
    ]
    return Content("\n").join(lines)
