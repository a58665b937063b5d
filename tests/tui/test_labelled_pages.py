"""Pages that a reader is measured on say what is written on them."""

from __future__ import annotations

import asyncio

import pytest

from recorder.schema import Element
from tui import labelled_pages
from tui.labelled_pages import OWN, TASKS, UNSEEN, labelled_sets, written

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_task_page_is_labelled_with_what_it_shows() -> None:
    (page,) = asyncio.run(labelled_pages._task_pages(["miniwob-enter-text"], [3]))  # pyright: ignore[reportPrivateUsage]
    assert page.pixels.shape == (210, 160, 3)
    words = [line.text(number) for line in page.lines for number in range(len(line.words))]
    assert words[0] == "Enter"
    assert words[-1] == "Submit"
    assert {"textbox", "button"} <= {widget.role for widget in page.widgets}


def test_pages_are_of_three_kinds_each_drawn_anew() -> None:
    told: list[str] = []
    found = labelled_sets(1, ["miniwob-click-button"], [1, 2], told.append)
    assert {name: len(pages) for name, pages in found.items()} == {OWN: 16, UNSEEN: 16, TASKS: 2}
    assert len(told) == 3


def test_a_window_is_labelled_with_what_its_app_says_is_written() -> None:
    (window,) = labelled_pages._windows("desktop-calculator-total", 1)  # pyright: ignore[reportPrivateUsage]
    texts = {text for text, _ in window.texts}
    assert {"7", "AC", "Edit"} <= texts


def test_what_is_too_long_for_its_button_is_not_written_on_it() -> None:
    assert written(Element(role="button", name="OK", box=(0, 0, 80, 30))) == {"OK"}
    assert written(Element(role="button", name="Previous Folder", box=(0, 0, 34, 30))) == set()
    assert written(Element(role="textbox", name="Name", value="Ann", box=(0, 0, 99, 30))) == {"Ann"}
