"""The parts that the page is made of; whatever comes from a log becomes text, never markup."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.utils import PlotlyJSONEncoder

from harness.measure.events import StepTaken
from harness.measure.report.gallery import Case, CaseKind, Picture
from harness.measure.report.style import shorter

Cells = Sequence[str]


def section(title: str, words: str, *parts: str) -> str:
    """Return a section with a sentence on what it shows."""
    anchor = "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
    return (
        f'<section id="{anchor}"><h2>{escape(title)}</h2>'
        f"{paragraph(words)}{''.join(parts)}</section>"
    )


def paragraph(words: str) -> str:
    """Return a sentence beside what it is about; nothing where there are no words."""
    return f'<p class="faint">{escape(words)}</p>' if words else ""


def panel(figure: go.Figure, caption: str) -> str:
    """Return a figure with what it is of above it; the page draws it in the reader's colours."""
    plotted: dict[str, Any] = figure.to_plotly_json()
    # nothing within may end the script that it stands in
    body = json.dumps(plotted, cls=PlotlyJSONEncoder).replace("<", "\\u003c")
    return (
        f'<div class="panel"><h3>{escape(caption)}</h3>'
        f'<div class="plot" style="height:{plotted["layout"]["height"]}px"></div>'
        f'<script type="application/json">{body}</script></div>'
    )


def pair(*panels: str) -> str:
    """Return panels side by side where there is room."""
    return f'<div class="pair">{"".join(panels)}</div>'


def table(head: Cells, body: Sequence[Cells], *, strong: str = "") -> str:
    """Return a table; the row whose first cell is `strong` stands out.

    Args:
        head: titles of columns.
        body: rows; the part of a cell in brackets, its interval, is set fainter.
        strong: first cell of a row.
    """
    titles = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rows = "".join(
        f"<tr{' class=ours' if strong and cells[0] == strong else ''}>"
        + "".join(f"<td>{_cell(cell)}</td>" for cell in cells)
        + "</tr>"
        for cells in body
    )
    return (
        '<div class="panel scroll" tabindex="0"><table><thead><tr>'
        f"{titles}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def tile(name: str, value: str, interval: str, words: str, *, is_headline: bool = False) -> str:
    """Return one figure, large, with its interval and a sentence that says what it means."""
    kind = "tile headline" if is_headline else "tile"
    return (
        f'<div class="{kind}"><small>{escape(name)}</small><b>{escape(value)}</b>'
        f'<span class="interval">{escape(interval)}</span><p>{escape(words)}</p></div>'
    )


def folded(title: str, *parts: str) -> str:
    """Return what is shown when its title is clicked."""
    return f"<details><summary>{escape(title)}</summary>{''.join(parts)}</details>"


def definitions(rows: Sequence[tuple[str, str]]) -> str:
    """Return names with what they are."""
    parts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f'<div class="panel"><dl>{parts}</dl></div>'


def card(case: Case) -> str:
    """Return an episode that is worth looking at: its screens if they were kept, and its steps."""
    planned = case.episode.planned
    faults = f" · {', '.join(planned.faults)}" if planned.faults else ""
    kind = "silent" if case.kind is CaseKind.SILENT else "needless"
    return (
        f'<figure class="card {kind}">{_strip(case.pictures)}<figcaption>'
        f"<b>{escape(shorter(planned.task))}</b> <span class='faint'>seed {planned.seed}"
        f"{escape(faults)} · worth {planned.human.seconds:.1f} s</span>"
        f"{_steps(case.steps)}</figcaption></figure>"
    )


def _cell(text: str) -> str:
    value, bracket, interval = text.partition("[")
    faint = f'<span class="interval">{escape(bracket + interval)}</span>' if bracket else ""
    return escape(value) + faint


def _strip(pictures: Sequence[Picture]) -> str:
    images = "".join(
        f'<img alt="before step {each.step}" src="data:{each.media_type};base64,'
        f'{base64.b64encode(each.body).decode()}">'
        for each in pictures
    )
    return f'<div class="strip" tabindex="0">{images}</div>' if images else ""


def _steps(steps: Sequence[StepTaken]) -> str:
    if not steps:
        return ""
    lines = "".join(
        f"<li><span>{escape(each.action)}</span> <span class='faint'>{escape(each.controller)}"
        f"{'' if each.p_accept is None else f' · sure {each.p_accept:.2f}'}</span></li>"
        for each in steps
    )
    return f"<details><summary>{len(steps)} steps</summary><ol>{lines}</ol></details>"
