"""An agent's screen, live: half blocks, of which only the rows that changed are drawn anew."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from harness.hub.standing import STALE_MS
from tui.half_blocks import (
    DEFAULT,
    Cells,
    Fit,
    Palette,
    Pixels,
    Point,
    Sign,
    blank_cells,
    cells_of,
    changed_rows,
    colours_of,
    fit,
    placed_on,
    runs,
    sampled,
    signed,
)
from tui.marks import Inks, Marks, signs_of
from tui.widgets.rows import Rows

ZOOMS = (1, 2, 4)
_NO_MARKS = Marks()
_MOST_INKED = 4096
_NO_PICTURE = "no picture yet"
_PALETTES = {
    "truecolor": Palette.TRUE,
    "256": Palette.CUBE,
    "standard": Palette.FEW,
    "windows": Palette.FEW,
}
_BUTTONS = {1: "left", 2: "middle", 3: "right"}


class LiveScreen(Rows):
    """Draws the picture it was last given, at its own size, with marks over it."""

    DEFAULT_CSS = """
    LiveScreen {
        & > .live-screen--target { color: $warning; }
        & > .live-screen--pointer { color: $warning; }
        & > .live-screen--cross { color: $success; background: $background; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "live-screen--target",
        "live-screen--pointer",
        "live-screen--cross",
    }

    zoom: reactive[int] = reactive(1, init=False)

    class Stroked(Message):
        """A button of the mouse went down on the picture and up again.

        Args:
            screen: where.
            start: pixel of the picture where it went down.
            end: where it came up; the same for a click.
            button: left, middle or right.
            count: of clicks in a row.
        """

        def __init__(
            self, screen: LiveScreen, start: Point, end: Point, *, button: str, count: int = 1
        ) -> None:
            super().__init__()
            self.screen = screen
            self.start = start
            self.end = end
            self.button = button
            self.count = count

        @property
        def control(self) -> LiveScreen:
            """Where it was."""
            return self.screen

    class Wheeled(Message):
        """The wheel was turned over the picture.

        Args:
            screen: where.
            at: pixel of the picture.
            dx: notches to the right.
            dy: notches downwards.
        """

        def __init__(self, screen: LiveScreen, at: Point, *, dx: int, dy: int) -> None:
            super().__init__()
            self.screen = screen
            self.at = at
            self.dx = dx
            self.dy = dy

        @property
        def control(self) -> LiveScreen:
            """Where it was."""
            return self.screen

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._pixels: Pixels | None = None
        self._words = _NO_PICTURE
        self._marks = _NO_MARKS
        self._centre: Point | None = None
        self._cells = blank_cells(0, 0)
        self._beside = Style()
        """Of cells that have no colours of their own."""
        self._inked: dict[int, Style] = {}
        """By their colours."""
        self._pressed: Point | None = None

    # What is shown --------------------------------------------------------------------------------

    def show(
        self,
        pixels: Pixels | None,
        age_ms: float | None = None,
        marks: Marks = _NO_MARKS,
        *,
        otherwise: str = _NO_PICTURE,
    ) -> None:
        """Show a picture, (H, W, 3) RGB.

        Args:
            pixels: of the screen; None if there are none.
            age_ms: since they were taken; None where time stands still.
            marks: over them.
            otherwise: what is said where there are none.
        """
        is_stale = pixels is not None and age_ms is not None and age_ms > STALE_MS
        words = f"no picture for {round((age_ms or 0) / 1000)} s" if is_stale else ""
        words = words or (otherwise if pixels is None else "")
        shown = None if is_stale else pixels
        is_as_before = words == self._words and marks == self._marks
        if is_as_before and _is_same(shown, self._pixels):
            return
        self._pixels, self._words, self._marks = shown, words, marks
        self._draw()

    def zoom_in(self, at: Point | None = None) -> None:
        """Show half as much of the picture, twice as large; all of it after the last step.

        Args:
            at: pixel to look at; what is in the middle now if None.
        """
        self.look_at(at or self._middle)
        self.zoom = ZOOMS[(ZOOMS.index(self.zoom) + 1) % len(ZOOMS)]

    def look_at(self, at: Point | None) -> None:
        """Show the surroundings of a pixel; of the middle of the picture if None."""
        self._centre = at
        self._draw()

    def pan(self, columns: int, rows: int) -> None:
        """Look so many cells further to the right and down."""
        if (middle := self._middle) is not None:
            across, down = self.pixels_a_cell
            self.look_at((middle[0] + columns * across, middle[1] + rows * down))

    # Cells and pixels -----------------------------------------------------------------------------

    def pixel_at(self, column: int, row: int) -> Point | None:
        """Return the pixel in the middle of a cell of this widget, None beside the picture."""
        placed = self._placed
        return None if placed is None else placed.pixel_at(column, row)

    def cell_at(self, x: int, y: int) -> Point | None:
        """Return column and row of the cell in which a pixel is shown, None if it is not."""
        placed = self._placed
        return None if placed is None else placed.cell_at(x, y)

    @property
    def pixels_a_cell(self) -> Point:
        """How far a cell reaches, px, to the side and down; at least 1."""
        placed = self._placed
        return (1, 1) if placed is None else placed.pixels_a_cell

    @property
    def _placed(self) -> Fit | None:
        columns, rows = self.size
        if self._pixels is None or not columns or not rows:
            return None
        height, width = self._pixels.shape[:2]
        return fit((width, height), (columns, rows), self.zoom, self._centre)

    @property
    def _middle(self) -> Point | None:
        placed = self._placed
        if placed is None:
            return None
        x, y, width, height = placed.part
        return x + width // 2, y + height // 2

    # Drawing --------------------------------------------------------------------------------------

    def watch_zoom(self) -> None:
        """Draw more of the picture, or less."""
        self._draw()

    def on_resize(self) -> None:
        """Draw at another size."""
        self._draw()

    def notify_style_update(self) -> None:
        """Draw in other colours."""
        super().notify_style_update()
        self._beside = self.rich_style
        self._inked.clear()
        self._draw()

    def draw_row(self, y: int, width: int) -> Strip:
        """Return one row of cells; there is a palette for each terminal already."""
        rows, columns = self._cells.glyphs.shape
        if y >= rows or columns != width:  # it is about to be drawn at another size
            return Strip.blank(width, self._beside)
        inked = self._inked
        segments = [
            Segment(chr(glyph) * length, inked.get(colours) or self._ink(colours))
            for length, glyph, colours in runs(self._cells, y)
        ]
        return Strip(segments, columns)

    def _ink(self, colours: int) -> Style:
        ink, paper = colours_of(colours)
        style = self._beside + Style.from_color(_colour(ink), _colour(paper))
        if len(self._inked) == _MOST_INKED:
            self._inked.clear()
        self._inked[colours] = style
        return style

    def _draw(self) -> None:
        """Make the cells anew, and ask for those rows to be drawn that changed."""
        size = self.size
        if not size:
            return
        before, self._cells = self._cells, self._made(size)
        if before.glyphs.shape == self._cells.glyphs.shape:
            self.redraw(changed_rows(before, self._cells))
        else:
            self.redraw_all()

    def _made(self, size: Size) -> Cells:
        placed, pixels = self._placed, self._pixels
        if placed is None or pixels is None:
            return _said(self._words, size)
        palette = self._palette
        picture = cells_of(sampled(pixels, placed), palette)
        whole = placed_on(picture, placed, (size.width, size.height))
        return signed(whole, signs_of(self._marks, placed, self._inks(palette)))

    @property
    def _palette(self) -> Palette:
        if self.app.no_color:
            return Palette.NONE
        return _PALETTES.get(self.app.console.color_system or "", Palette.NONE)

    def _inks(self, palette: Palette) -> Inks:
        if palette is Palette.NONE:
            return Inks()
        names = ("target", "pointer", "cross")
        styles = [self.get_component_styles(f"live-screen--{each}") for each in names]
        colours = [*(each.color for each in styles), styles[-1].background]
        return Inks(*(each.r << 16 | each.g << 8 | each.b for each in colours))

    # The mouse ------------------------------------------------------------------------------------

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Remember where a stroke begins."""
        self._pressed = self._pointed_at(event)
        if self._pressed is not None:
            self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Say what stroke it was."""
        self.release_mouse()
        start, self._pressed = self._pressed, None
        end = self._pointed_at(event)
        if start is None or end is None or event.button not in _BUTTONS:
            return
        if start != end:
            self.post_message(self.Stroked(self, start, end, button=_BUTTONS[event.button]))

    def on_click(self, event: events.Click) -> None:
        """Say where it was clicked, and how often by now."""
        at = self._pointed_at(event)
        if at is not None and event.button in _BUTTONS:
            button = _BUTTONS[event.button]
            self.post_message(self.Stroked(self, at, at, button=button, count=event.chain))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Say that the wheel was turned; as the next three."""
        self._wheel(event, 0, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 0, 1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._wheel(event, -1, 0)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._wheel(event, 1, 0)

    def _wheel(self, event: events.MouseEvent, dx: int, dy: int) -> None:
        at = self._pointed_at(event)
        if at is not None:
            self.post_message(self.Wheeled(self, at, dx=dx, dy=dy))

    def _pointed_at(self, event: events.MouseEvent) -> Point | None:
        offset = event.get_content_offset(self)
        return None if offset is None else self.pixel_at(offset.x, offset.y)


def _is_same(one: Pixels | None, other: Pixels | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _said(words: str, size: Size) -> Cells:
    """Return words in the middle of nothing."""
    cells = blank_cells(size.width, size.height)
    left = max(0, (size.width - len(words)) // 2)
    signs = enumerate(words, left)
    return signed(cells, [Sign(each, size.height // 2, glyph, DEFAULT) for each, glyph in signs])


def _colour(packed: int) -> Color | None:
    if packed == DEFAULT:
        return None
    return Color.from_rgb(packed >> 16, packed >> 8 & 0xFF, packed & 0xFF)
