"""Words on a border: Textual draws all of a widget anew with each, be they the same or not."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

_NOTHING = Content("")


class Bordered(Widget):
    """Says something on its border."""

    _title = _subtitle = _NOTHING

    def entitle(self, title: Content, subtitle: Content = _NOTHING) -> None:
        """Say this on the upper border, and that on the lower one."""
        if not title.is_same(self._title):
            self._title = title
            self.border_title = Content.assemble(title)
        if not subtitle.is_same(self._subtitle):
            self._subtitle = subtitle
            self.border_subtitle = Content.assemble(subtitle)
