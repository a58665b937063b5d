"""Tiles of live screens by nothing but one way to draw them, so that the ways can be compared.

python -m tui.bench.tiles WAY TILES
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.widget import Widget
from textual.widgets import Static

from tui.bench.pages import FRAMES_PER_S, pages
from tui.half_blocks import fit, sampled
from tui.plain import plain
from tui.widgets.live_screen import LiveScreen

OURS, TEXT, IMAGE = "ours", "text", "textual-image"
Pixels = NDArray[np.uint8]


class TextTile(Static):
    """A tile of styled text, as one would write it first."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, pixels: Pixels) -> None:
        """Show a picture."""
        columns, rows = self.size
        if not columns or not rows:
            return
        height, width = pixels.shape[:2]
        samples = sampled(pixels, fit((width, height), (columns, rows))).tolist()
        text = Text()
        for upper, lower in zip(samples[::2], samples[1::2], strict=True):
            for ink, paper in zip(upper, lower, strict=True):
                text.append("▀", Style.from_color(Color.from_rgb(*ink), Color.from_rgb(*paper)))
            text.append("\n")
        self.update(text)


def _ours() -> tuple[Widget, Callable[[Pixels], None]]:
    tile = LiveScreen()
    return tile, tile.show


def _text() -> tuple[Widget, Callable[[Pixels], None]]:
    tile = TextTile()
    return tile, tile.show


def _image() -> tuple[Widget, Callable[[Pixels], None]]:
    made: Any = import_module("textual_image.widget").HalfcellImage
    picture: Any = import_module("PIL.Image")
    tile = made()

    def show(pixels: Pixels) -> None:
        tile.image = picture.fromarray(pixels)

    return tile, show


WAYS: Mapping[str, Callable[[], tuple[Widget, Callable[[Pixels], None]]]] = {
    OURS: _ours,
    TEXT: _text,
    IMAGE: _image,
}


class Tiles(App[None]):
    """Tiles, and a line that says which key was pressed."""

    CSS = "Grid { grid-gutter: 0 1; } Grid > * { width: 100%; height: 100%; } #line { height: 1; }"

    def __init__(self, way: str, n_tiles: int) -> None:
        super().__init__()
        made = [WAYS[way]() for _ in range(n_tiles)]
        self._tiles = [tile for tile, _ in made]
        self._show = [show for _, show in made]
        self._pages = [pages(seed) for seed in range(n_tiles)]
        self._turn = 0

    def compose(self) -> ComposeResult:
        """Yield them all."""
        grid = Grid(*self._tiles)
        grid.styles.grid_size_columns = round(len(self._tiles) ** 0.5)
        yield grid
        yield Static(plain("no key"), id="line", markup=False)

    def on_mount(self) -> None:
        """Show one page after another."""
        self.set_interval(1 / FRAMES_PER_S, self._go_on)

    def on_key(self, event: events.Key) -> None:
        """Say which key it was."""
        self.query_one("#line", Static).update(plain(f"key <{event.key}>"))

    def _go_on(self) -> None:
        self._turn += 1
        for frames, show in zip(self._pages, self._show, strict=True):
            show(frames[self._turn % len(frames)])


if __name__ == "__main__":
    Tiles(sys.argv[1], int(sys.argv[2])).run()
