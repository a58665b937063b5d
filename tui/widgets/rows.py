"""A widget drawn row by row, of which each is kept until it changes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Rows(Widget):
    """A widget whose rows are asked for one by one.

    Textual looks for borders, links and filters at each line of each widget, which takes longer
    than to draw most rows; here only widgets with a border or padding pay for that.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - as all widgets call it
        super().__init__(id=id, classes=classes)
        self.set_reactive(Widget.auto_links, False)  # noqa: FBT003 - there are none to look for
        self._kept: dict[int, Strip] = {}
        """Rows that were drawn since they changed."""
        self._kept_width = 0
        """Of all of them."""

    @abstractmethod
    def draw_row(self, y: int, width: int) -> Strip:
        """Return one row, so many cells wide."""

    def redraw(self, rows: Iterable[int]) -> None:
        """Ask for rows to be drawn anew."""
        changed = list(rows)
        for y in changed:
            self._kept.pop(y, None)
        if changed:
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def redraw_all(self) -> None:
        """Ask for all of it to be drawn anew."""
        self._kept.clear()
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the rows of a part."""
        if self.styles.gutter:
            return super().render_lines(crop)
        width = self.size.width
        rows = [self._row(y, width) for y in range(crop.y, crop.bottom)]
        if crop.x == 0 and crop.width == width:
            return rows
        return [row.crop(crop.x, crop.right) for row in rows]

    def render_line(self, y: int) -> Strip:
        """Return one row."""
        return self._row(y, self.size.width)

    def notify_style_update(self) -> None:
        """Draw in other colours."""
        super().notify_style_update()
        self._kept.clear()

    def _row(self, y: int, width: int) -> Strip:
        if width != self._kept_width:
            self._kept_width = width
            self._kept.clear()
        found = self._kept.get(y)
        if found is None:
            found = self._kept[y] = self.draw_row(y, width)
        return found
