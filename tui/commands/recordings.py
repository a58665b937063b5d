"""Commands on recordings that exist: list, show, cat, trim, redact, recover, verify, export."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import tyro
from rich.markup import escape
from rich.table import Table

from recorder import viewer
from recorder.errors import RecorderError
from recorder.store import Recording, home
from tui.console import out

Name: TypeAlias = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]


def list_recordings(*, json: bool = False) -> None:
    """List all recordings, newest last.

    Args:
        json: print one JSON object per line instead of a table.
    """
    folders = sorted(home().glob("*/manifest.json"), key=lambda path: path.stat().st_mtime)
    if not folders and not json:
        out.print(f"no recordings yet in {home()}; make one: understudy record desktop NAME")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("name", "source", "state", "length", "events", "frames", "MB", "notes"):
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    for path in folders:
        try:
            found = viewer.summary(Recording(path.parent))
        except RecorderError as error:
            table.add_row(escape(path.parent.name), "", "[red]damaged[/]", notes=escape(str(error)))
            continue
        if json:
            out.print_json(data=found.as_dict(), indent=None)
        table.add_row(*map(escape, found.cells()))
    if not json:
        out.print(table)
