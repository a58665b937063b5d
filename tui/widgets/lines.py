"""Lines of text in a room that keeps its size: only those that changed are made anew and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.color import Color
from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual

from tui.widgets.rows import Rows

_NOTHING = Content("")


class Lines(Rows):
    """Shows text line by line.

    Textual's `Static` lays the whole screen out anew with each text, and draws all of its lines.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id)
        self._shown: Sequence[Content] = ()
        self._behind = Color(0, 0, 0)
        """What it is drawn upon."""

    def say(self, *lines: Content) -> None:
        """Show these lines, from the top."""
        before, self._shown = self._shown, lines
        pairs = zip_longest(before, lines, fillvalue=_NOTHING)
        self.redraw(y for y, (old, new) in enumerate(pairs) if not old.is_same(new))

    def draw_row(self, y: int, width: int) -> Strip:
        """Return one line."""
        line = self._shown[y] if y < len(self._shown) else _NOTHING
        (strip,) = Visual.to_strips(self, line, width, 1, self.visual_style, pad=True)
        for each in self.get_line_filters():
            strip = strip.apply_filter(each, self._behind)
        return strip

    def notify_style_update(self) -> None:
        """Draw in other colours."""
        super().notify_style_update()
        _, self._behind = self.background_colors


class Passage(Lines):
    """Text folded to its width, in a room that grows with it and is not given back at once.

    So texts can follow each other without the screen being laid out for each, and what stands
    below them keeps its place. What it took above a bound is given back with the next text.

    Args:
        bound: rows that are kept.
        id: of the widget.
    """

    DEFAULT_CSS = "Passage { height: 1; }"  # as long as nothing is told; else it fills its parent

    def __init__(self, *, bound: int, id: str) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id)
        self._bound = bound
        self._text = _NOTHING
        self._rows = 0
        """That it has."""
        self._folded_to = 0
        """Columns."""

    def tell(self, text: Content) -> None:
        """Show a text."""
        if not text.is_same(self._text):
            self._text = text
            self._fold()

    def on_resize(self) -> None:
        """Fold it anew to another width."""
        if self.size.width != self._folded_to:
            self._rows = 0
            self._fold()

    def _fold(self) -> None:
        self._folded_to = self.size.width
        lines = self._text.wrap(self._folded_to) if self._folded_to else [self._text]
        self.say(*lines)
        rows = max(len(lines), min(self._rows, self._bound))
        if rows != self._rows:
            self._rows = rows
            self.styles.height = rows
