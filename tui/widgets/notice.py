"""One line for what was said last: why an order was refused, what to press next."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.plain import plain


class Notice(Static):
    """Shows one sentence; takes no room while there is none."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._said = ""

    def show(self, said: str) -> None:
        """Show a sentence, or none where it is empty."""
        if said == self._said:
            return
        self._said = said
        self.display = bool(said)
        self.update(Content.assemble(" ", plain(said)))

    def on_mount(self) -> None:
        """Take no room yet."""
        self.display = bool(self._said)
