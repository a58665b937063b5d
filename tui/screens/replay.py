"""A recording: what can be jumped to, and how to steer."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.plain import plain
from tui.reel import Mark, Moment
from tui.replay import ReplayBridge
from tui.screens.base import ShiftScreen
from tui.widgets.replay_bar import clock

_WORDS = {
    Mark.REQUEST: ("◐", "asks", "$warning"),
    Mark.DISAGREEMENT: ("✖", "a person says no, corrects it or takes over", "$error"),
}
_STEERING = (
    "space play, pause · + - speed · [ ] ten seconds · < > begin, end · a next ask · "
    "d next disagreement · s stop there or not · enter go to what is chosen"
)


class ReplayScreen(ShiftScreen):
    """All moments that are worth looking at; choosing one goes there."""

    NAME = "replay"

    def compose_body(self) -> ComposeResult:
        """Yield the moments, and how to steer."""
        with Vertical(id="replay-body"):
            yield Static(id="replay-keys", markup=False)
            yield OptionList(markup=False, id="moments")

    def on_mount(self) -> None:
        """List the moments; they do not change."""
        self.query_one("#replay-keys", Static).update(plain(_STEERING, "$foreground-muted"))
        if isinstance(self.bridge, ReplayBridge):
            moments = self.query_one(OptionList)
            moments.add_options([Option(_line(each)) for each in self.bridge.reel.moments])
            moments.focus()

    def refresh_shift(self) -> None:
        """Nothing: the line that steers is on every screen of a recording."""

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Go to the moment that was chosen."""
        if isinstance(self.bridge, ReplayBridge):
            moment = self.bridge.reel.moments[message.option_index]
            self.bridge.seek(moment.t_ms - 1 if moment.mark is Mark.DISAGREEMENT else moment.t_ms)
            self.foreman.look_at(moment.agent)


def _line(moment: Moment) -> Content:
    glyph, words, style = _WORDS[moment.mark]
    return Content.assemble(
        plain(f" {clock(moment.t_ms):>8} "), plain(glyph, style), plain(f" {moment.agent}: {words}")
    )
