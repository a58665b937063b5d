"""The live screen draws what changed, hides what is stale, and knows what it is pointed at."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from tui.marks import Marks
from tui.widgets.live_screen import STALE_MS, LiveScreen

COLUMNS, ROWS = 40, 20


def picture(height: int = 40, width: int = 40) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((height, width, 3), 255, np.uint8)


class Watched(LiveScreen):
    """Remembers what it asked to be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[Region] = []

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Watched:
        self.drawn += regions
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self


class Stage(App[None]):
    """One screen, and what it says."""

    CSS = "LiveScreen { width: 40; height: 20; }"

    def __init__(self) -> None:
        super().__init__()
        self.live = Watched()
        self.said: list[LiveScreen.Stroked | LiveScreen.Wheeled] = []

    def compose(self) -> ComposeResult:
        yield self.live

    @on(LiveScreen.Stroked)
    @on(LiveScreen.Wheeled)
    def hear(self, message: LiveScreen.Stroked | LiveScreen.Wheeled) -> None:
        self.said.append(message)


@asynccontextmanager
async def staged() -> AsyncGenerator[tuple[Stage, Pilot[None]]]:
    stage = Stage()
    async with stage.run_test(size=(60, 24)) as pilot:
        yield stage, pilot


@pytest.fixture(autouse=True)
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)


def words(live: LiveScreen) -> str:
    return "\n".join(live.render_line(row).text for row in range(live.size.height))


async def test_only_rows_that_changed_are_drawn_anew() -> None:
    async with staged() as (stage, _):
        stage.live.show(picture())
        stage.live.drawn.clear()
        stage.live.show(picture())
        assert stage.live.drawn == []
        other = picture()
        other[10:12, 3] = 0
        stage.live.show(other)
        assert stage.live.drawn == [Region(0, 5, COLUMNS, 1)]


async def test_what_is_stale_is_not_shown_but_how_old_it_is() -> None:
    async with staged() as (stage, _):
        stage.live.show(picture(), STALE_MS)
        assert "no picture" not in words(stage.live)
        stage.live.show(picture(), STALE_MS + 5001)
        assert "no picture for 8 s" in words(stage.live)
        assert stage.live.pixel_at(20, 10) is None
        stage.live.show(picture(), 10)
        assert "no picture" not in words(stage.live)
        stage.live.show(None)
        assert "no picture yet" in words(stage.live)


async def test_a_replayed_picture_is_never_too_old() -> None:
    async with staged() as (stage, _):
        stage.live.show(picture(), None)
        assert stage.live.pixel_at(20, 10) == (20, 21)


async def test_zoom_goes_closer_about_a_point_and_back_out() -> None:
    async with staged() as (stage, _):
        stage.live.show(picture(400, 400))
        whole = stage.live.pixels_a_cell
        stage.live.zoom_in((100, 100))
        assert stage.live.zoom == 2
        assert stage.live.pixel_at(20, 10) == (102, 105)
        stage.live.zoom_in()
        assert stage.live.zoom == 4
        assert stage.live.pixels_a_cell[0] == whole[0] // 4
        before = stage.live.pixel_at(20, 10)
        stage.live.pan(3, 0)
        after = stage.live.pixel_at(20, 10)
        assert before is not None
        assert after is not None
        assert after[0] > before[0]
        stage.live.zoom_in()
        assert stage.live.zoom == 1
        assert stage.live.pixels_a_cell == whole


async def test_marks_are_drawn_over_the_picture_without_touching_it() -> None:
    async with staged() as (stage, _):
        stage.live.show(picture())
        plain = words(stage.live)
        marks = Marks(target=(10, 10, 8, 8), pointers=((13, 13),), cross=(30, 30))
        stage.live.show(picture(), marks=marks)
        assert {"┏", "┛", "◎", "✚"} <= set(words(stage.live))
        stage.live.show(picture())
        assert words(stage.live) == plain


async def test_the_mouse_says_where_on_the_page_it_is() -> None:
    async with staged() as (stage, pilot):
        stage.live.show(picture(400, 400))
        await pilot.pause()
        await pilot.click(stage.live, offset=(10, 5))
        await pilot.mouse_down(stage.live, offset=(1, 1))
        await pilot.mouse_up(stage.live, offset=(20, 10))
        await pilot.pause()
        strokes = [each for each in stage.said if isinstance(each, LiveScreen.Stroked)]
        assert [(each.start, each.end, each.button) for each in strokes] == [
            ((105, 110), (105, 110), "left"),
            ((15, 30), (205, 210), "left"),
        ]
        assert strokes[0].count == 1


async def test_beside_the_picture_the_mouse_says_nothing() -> None:
    async with staged() as (stage, pilot):
        stage.live.show(picture(400, 40))
        await pilot.pause()
        await pilot.click(stage.live, offset=(0, 5))
        await pilot.pause()
        assert stage.said == []


async def test_without_colour_the_picture_is_in_its_glyphs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged() as (stage, _):
        half = picture()
        half[:, 20:] = 0
        stage.live.show(half)
        assert stage.live.render_line(9).text == "█" * 20 + " " * 20
