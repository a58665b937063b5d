"""Letters over the panels of a screen: pressing one goes there."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_lowercase

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.plain import plain
from tui.widgets.thumbnails import Thumbnail


def targets_of(screen: Screen[None]) -> dict[str, Widget]:
    """Return what one can go to on a screen by a letter: what takes keys, and small screens."""
    panels = [
        each
        for each in screen.query("*")
        if (each.can_focus or isinstance(each, Thumbnail)) and each.display and each.region
    ]
    return dict(zip(ascii_lowercase, panels, strict=False))


class JumpScreen(ModalScreen[Widget | None]):
    """Shows the letters; ends with what was chosen, nothing for any other key.

    Args:
        targets: by letter.
    """

    def __init__(self, targets: Mapping[str, Widget]) -> None:
        super().__init__()
        self._targets = targets

    def compose(self) -> ComposeResult:
        """Yield a letter at the corner of each panel."""
        for letter, panel in self._targets.items():
            sign = Static(plain(f" {letter} "), classes="jump-letter", markup=False)
            sign.styles.offset = (panel.region.x + 1, panel.region.y)
            yield sign

    def on_key(self, event: events.Key) -> None:
        """End with the panel of the letter."""
        event.stop()
        self.dismiss(self._targets.get(event.key))
