"""How figures look: colours that stay apart for colour-blind readers, ink left to the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from harness.measure.intervals import Estimate, Interval

# Okabe and Ito, "Color universal design", 2008, without the yellow, which is faint on white
BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#8b929c",
)
SERIES = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, GREY)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "circle-open")
ROW_PX = 24
"""Height of one row of a figure that has one for each task or row."""


def faint(colour: str, strength: float = 0.18) -> str:
    """Return a colour as one that shows what lies below.

    >>> faint("#0072B2", 0.5)
    'rgba(0,114,178,0.5)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength:g})"


def laid_out(figure: go.Figure, height_px: int = 360) -> go.Figure:
    """Return a figure in the style of the page; the page gives text and grid their colours."""
    return (
        figure.update_layout(
            height=height_px,
            margin={"l": 8, "r": 12, "t": 12, "b": 8},
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            font={"family": "system-ui, sans-serif", "size": 13},
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
            hovermode="closest",
            template="none",
        )
        .update_xaxes(automargin=True, zeroline=False, showgrid=True, title_font_size=12)
        .update_yaxes(automargin=True, zeroline=False, showgrid=True, title_font_size=12)
    )


def bars(estimates: Sequence[Estimate], colour: str) -> dict[str, Any]:
    """Return how far each interval reaches beyond its figure, as error bars; bounds have none."""
    found = [each if isinstance(each, Interval) else None for each in estimates]
    return {
        "type": "data",
        "symmetric": False,
        "array": [each.high - each.value if each else 0.0 for each in found],
        "arrayminus": [each.value - each.low if each else 0.0 for each in found],
        "color": colour,
        "thickness": 2,
        "width": 0,
    }


def shorter(name: str) -> str:
    """Return the name of a task as it is said where there is little room."""
    return name.removeprefix("miniwob-")
