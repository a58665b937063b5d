"""The last line: what can be pressed here, made from the bindings, so that it cannot be wrong."""

from __future__ import annotations

from textual.content import Content

from tui.plain import plain
from tui.widgets.lines import Lines


class KeyLine(Lines):
    """Lists the keys of a screen that are worth a place; `?` lists all of them."""

    def refresh_keys(self, *, is_alone: bool) -> None:
        """Draw them anew.

        Args:
            is_alone: the keys of the screen itself are all that can be used.
        """
        parts = [
            Content.assemble(
                plain(self.app.get_key_display(active.binding), "bold $footer-key-foreground"),
                " ",
                plain(active.binding.description),
            )
            for active in self.screen.active_bindings.values()
            if active.binding.show and active.enabled
            if active.node is self.screen or not is_alone
        ]
        self.say(Content.assemble(" ", Content("  ").join(parts)))
