"""The line on top: which run, who drives, whether all are stopped, how near the hub is."""

from __future__ import annotations

from textual.content import Content

from tui.bridge import Access, Bridge, is_work_done
from tui.plain import plain
from tui.standings import aged
from tui.widgets.lines import Lines

_NEAR_MS = 2000
_ACCESS_WORDS = {
    Access.DRIVER: "you drive",
    Access.VIEWER: "you look on",
    Access.REPLAY: "replay",
    Access.LOST: "NO HUB",
}


class Headline(Lines):
    """One line about the whole shift."""

    def show(self, name: str, bridge: Bridge) -> None:
        """Draw it anew."""
        shift = bridge.shift
        queue = shift.queue
        oldest = min((each.raised_ms for each in queue), default=None)
        is_lost = bridge.access is Access.LOST
        parts = [
            plain(" F12 STOPS ALL", "bold"),
            plain(name, "bold"),
            plain(bridge.folder.name),
            plain(f"{len(shift.agents)} agents"),
            _latch(is_set=shift.is_latched),
            plain(_ACCESS_WORDS[bridge.access], "$error bold" if is_lost else ""),
            _link(bridge.link_ms),
        ]
        if oldest is not None:
            ask = f"{len(queue)} ask, oldest {aged(bridge.t_ms - oldest)}"
            parts.insert(2, plain(ask, "$warning bold"))
        if shift.is_closed:
            parts.insert(2, plain("the shift is over", "bold"))
        elif is_work_done(shift):
            parts.insert(2, plain("all work is done: q ends the shift", "$success bold"))
        self.say(Content(" ─ ").join(parts))


def _latch(*, is_set: bool) -> Content:
    return plain("‖ ALL STOPPED", "$error bold reverse") if is_set else plain("latch off")


def _link(link_ms: float | None) -> Content:
    if link_ms is None:
        return plain("recorded")
    return plain(f"hub {aged(link_ms)}", "$error bold" if link_ms > _NEAR_MS else "")
