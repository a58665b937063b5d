"""Only lines that changed are drawn, and all of them always say what they were told."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Region

from tests.tui.foreman.still import settle
from tui.plain import plain
from tui.widgets.lines import Lines, Passage

WIDTH = 20


class Stage(App[None]):
    """Lines, and what of them was asked to be drawn."""

    def compose(self) -> ComposeResult:
        yield Watched(id="lines")


class Watched(Lines):
    """Lines that tell what they asked for last."""

    drawn: Sequence[Region] = ()

    def refresh(self, *regions: Region, **rest: bool) -> Watched:
        self.drawn = regions
        super().refresh(*regions, **rest)
        return self


def shown(lines: Lines) -> list[str]:
    return [lines.render_line(y).text.rstrip() for y in range(lines.size.height)]


async def test_what_is_said_again_is_not_drawn_again() -> None:
    app = Stage()
    async with app.run_test(size=(WIDTH, 4)):
        lines = app.query_one(Watched)
        lines.say(plain("one"), plain("two"), plain("three"))
        lines.say(plain("one"), plain("two", "bold"), plain("three"))
        assert lines.drawn == (Region(0, 1, WIDTH, 1),)
        lines.say(plain("one"))
        assert lines.drawn == (Region(0, 1, WIDTH, 1), Region(0, 2, WIDTH, 1))
        assert shown(lines) == ["one", "", "", ""]


async def test_another_width_cuts_them_anew() -> None:
    app = Stage()
    async with app.run_test(size=(WIDTH, 2)) as pilot:
        lines = app.query_one(Watched)
        lines.styles.text_wrap, lines.styles.text_overflow = "nowrap", "ellipsis"
        lines.say(plain("all of this has room"))
        assert shown(lines)[0] == "all of this has room"
        await pilot.resize_terminal(8, 2)
        await settle(pilot)
        assert shown(lines)[0] == "all of …"
        await pilot.resize_terminal(WIDTH, 2)
        await settle(pilot)
        assert shown(lines)[0] == "all of this has room"


TEXTS = st.lists(st.text("ab ", max_size=WIDTH).map(str.rstrip), max_size=4)


async def test_whatever_is_said_in_turn_the_last_of_it_is_shown() -> None:
    app = Stage()
    async with app.run_test(size=(WIDTH, 4)):
        lines = app.query_one(Watched)

        @settings(max_examples=100)
        @given(st.lists(TEXTS, min_size=1, max_size=4))
        def check(turns: list[list[str]]) -> None:
            for turn in turns:
                lines.say(*map(Content, turn))
                shown(lines)
            assert shown(lines) == [*turns[-1], *[""] * (4 - len(turns[-1]))]

        check()


# Passages -----------------------------------------------------------------------------------------

BOUND = 3


class Book(App[None]):
    """A passage, with something below it."""

    CSS = "#below { height: 1; }"

    def compose(self) -> ComposeResult:
        yield Passage(bound=BOUND, id="passage")
        yield Lines(id="below")


async def test_a_passage_keeps_the_room_it_took_up_to_its_bound() -> None:
    async with Book().run_test(size=(WIDTH, 12)) as pilot:
        passage = pilot.app.query_one(Passage)
        rooms: list[object] = []
        for text in ("one", "one\ntwo", "one", "a\n" * 7 + "a", "one"):
            passage.tell(Content(text))
            rooms.append(passage.styles.height)
        assert list(map(str, rooms)) == ["1", "2", "2", "8", str(BOUND)]


async def test_a_passage_is_folded_to_its_width() -> None:
    async with Book().run_test(size=(WIDTH, 12)) as pilot:
        passage = pilot.app.query_one(Passage)
        passage.tell(plain("so many words that they need two lines"))
        await settle(pilot)
        assert shown(passage) == ["so many words that", "they need two lines"]
        await pilot.resize_terminal(2 * WIDTH, 12)
        await settle(pilot)
        assert shown(passage) == ["so many words that they need two lines"]
