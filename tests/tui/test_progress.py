"""Long work says how far it is, where nobody watches a terminal too."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tui import progress
from tui.progress import Bars


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what goes to a standard error that is a file."""
    file = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=file, width=200))
    return file


def test_work_that_ends_says_so_once_in_a_file(written: io.StringIO) -> None:
    with Bars() as shown:
        bar = shown.add_task("learning", total=3, note="")
        for _ in range(4):
            shown.advance(bar)
        shown.update(bar, note="done")
    assert written.getvalue() == "learning: 3 of 3\n"


def test_work_that_goes_on_says_so_now_and_then_in_a_file(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_LINE_EVERY_S", 0.0)
    with Bars() as shown:
        bar = shown.add_task("learning", total=1000, note="")
        shown.update(bar, completed=10, note="loss [bold]2.5[/]")
    assert written.getvalue() == "learning: 10 of 1,000  loss 2.5\n"
