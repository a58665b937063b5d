"""Lines of text in a room of fixed size: only those that changed are made anew and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

_NOTHING = Content("")


class Lines(Widget):
    """Shows text line by line.

    Textual's `Static` lays the whole screen out anew with each text, and draws all of its lines.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id)
        self._shown: Sequence[Content] = ()
        self._strips: dict[int, Strip] = {}
        """Those that were drawn since they changed, by their place."""
        self._width = 0
        """Of all of them."""

    def say(self, *lines: Content) -> None:
        """Show these lines, from the top."""
        before, self._shown = self._shown, lines
        pairs = zip_longest(before, lines, fillvalue=_NOTHING)
        changed = [y for y, (old, new) in enumerate(pairs) if not old.is_same(new)]
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        width = self.size.width
        if width != self._width:
            self._width = width
            self._strips.clear()
        found = self._strips.get(y)
        if found is None:
            line = self._shown[y] if y < len(self._shown) else _NOTHING
            (found,) = Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)
            self._strips[y] = found
        return found

    def notify_style_update(self) -> None:
        """Draw all in other colours."""
        super().notify_style_update()
        self._strips.clear()
