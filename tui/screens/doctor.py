"""What works and what does not: this terminal, the hub, this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from recorder.doctor import Finding
from tui.checkup import of_machine, of_shift, of_terminal
from tui.plain import plain
from tui.screens.base import ShiftScreen

_SIGNS = {"ok": ("✔", "$success"), "warn": ("!", "$warning bold"), "fail": ("✖", "$error bold")}
_NAME_CELLS = 24


class DoctorScreen(ShiftScreen):
    """Findings in three groups; what takes seconds is looked at once, and when asked to."""

    NAME = "doctor"
    BINDINGS: list[BindingType] = [
        Binding("c", "check", "check again", id="doctor-check", tooltip="look at all of it again"),
    ]

    def compose_body(self) -> ComposeResult:
        """Yield the findings."""
        with VerticalScroll(id="doctor-body"):
            yield Static(id="findings", markup=False)
            yield Static(id="machine", markup=False)

    def on_mount(self) -> None:
        """Look at the machine, and let the keys scroll."""
        self.query_one("#doctor-body").focus()
        self.action_check()

    def action_check(self) -> None:
        """Look at the machine beside the loop of the keys: browsers are started."""
        self.query_one("#machine", Static).update(_words("machine", []))
        self.run_worker(self._check(), group="check", exclusive=True)

    async def _check(self) -> None:
        found = await asyncio.to_thread(self.examined)
        self.query_one("#machine", Static).update(_words("machine", found))

    def examined(self) -> Sequence[Finding]:
        """Return what is found on this machine; runs in a thread."""
        return of_machine(self.bridge.folder)

    def refresh_shift(self) -> None:
        """Draw what is known at once."""
        groups = (
            _words("terminal", of_terminal(self.app)),
            _words("shift", of_shift(self.bridge)),
        )
        self.query_one("#findings", Static).update(Content("\n").join(groups))


def _words(name: str, findings: Sequence[Finding]) -> Content:
    lines = [plain(f" {name}", "bold $accent")]
    for each in findings:
        sign, style = _SIGNS[each.verdict]
        lines.append(
            Content.assemble(
                plain(f"   {sign} ", style),
                plain(f"{each.name:<{_NAME_CELLS}.{_NAME_CELLS}} "),
                plain(each.found),
            )
        )
        if each.advice:
            lines.append(plain(f"       → {each.advice}", "$foreground-muted"))
    if not findings:
        lines.append(plain("   looking …", "$foreground-muted"))
    return Content("\n").join(lines)
